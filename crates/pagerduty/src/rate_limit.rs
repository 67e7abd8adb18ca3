//! What response headers say about how much may still be sent, and when.

use http::HeaderMap;

use crate::time;

/// A time to wait, as the far side put it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// So long from when the response arrived.
    For {
        /// Milliseconds to wait.
        ms: u64,
    },
    /// Until an instant of the far side's clock.
    Until {
        /// Unix time in milliseconds.
        unix_ms: i64,
    },
}

impl Wait {
    /// Gives the milliseconds left at `now_unix_ms`, 0 when the instant is past.
    pub fn ms_from(self, now_unix_ms: i64) -> u64 {
        match self {
            Self::For { ms } => ms,
            Self::Until { unix_ms } => u64::try_from(unix_ms.saturating_sub(now_unix_ms)).unwrap_or(0),
        }
    }
}

/// The rate limit of the credential at the time of a response; empty where the response said nothing.
///
/// The Events API sends none of these headers, the REST API sends them with nearly every response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window (960 a minute, usually).
    pub limit: Option<u64>,
    /// Requests left in this window.
    pub remaining: Option<u64>,
    /// When the window ends.
    pub reset: Option<Wait>,
}

impl RateLimit {
    /// Reads both spellings: `ratelimit-*` (seconds left) and the older `X-RateLimit-*` (a Unix time).
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let number = |name: &str| header(headers, name).and_then(leading_number);
        Self {
            limit: number("ratelimit-limit").or_else(|| number("x-ratelimit-limit")),
            remaining: number("ratelimit-remaining").or_else(|| number("x-ratelimit-remaining")),
            reset: header(headers, "ratelimit-reset").or_else(|| header(headers, "x-ratelimit-reset")).and_then(reset),
        }
    }

    /// Gives the seconds until the window ends, rounded up.
    pub fn reset_s(&self, now_unix_ms: i64) -> Option<u64> {
        self.reset.map(|wait| wait.ms_from(now_unix_ms).div_ceil(1000))
    }
}

/// Reads `Retry-After`: seconds or an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Wait> {
    let text = header(headers, "retry-after")?;
    seconds(text).or_else(|| time::http_date_unix_ms(text).map(|unix_ms| Wait::Until { unix_ms }))
}

/// No window lasts a year, so a larger number of "seconds" is a Unix time under whichever name it came.
const RELATIVE_S_MAX: u64 = 366 * 24 * 3600;

fn reset(text: &str) -> Option<Wait> {
    let wait = seconds(text)?;
    match wait {
        Wait::For { ms } if ms / 1000 > RELATIVE_S_MAX => i64::try_from(ms).ok().map(|unix_ms| Wait::Until { unix_ms }),
        other => Some(other),
    }
}

fn seconds(text: &str) -> Option<Wait> {
    let seconds: f64 = text.trim().parse().ok()?;
    // `as` saturates, so a nonsensical number becomes a long wait and the caller's cap applies.
    (seconds >= 0.0).then_some(Wait::For { ms: (seconds * 1000.0).ceil() as u64 })
}

fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn reads_both_spellings_of_the_reset() {
        let new = RateLimit::from_headers(&headers(&[
            ("ratelimit-limit", "960"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "37"),
        ]));
        assert_eq!((new.limit, new.remaining, new.reset_s(0)), (Some(960), Some(0), Some(37)));

        let old = RateLimit::from_headers(&headers(&[("x-ratelimit-reset", "1767323045")]));
        assert_eq!(old.reset, Some(Wait::Until { unix_ms: 1_767_323_045_000 }));
        assert_eq!(old.reset_s(1_767_323_040_001), Some(5));
        assert_eq!(old.reset_s(1_767_323_099_000), Some(0));

        assert_eq!(RateLimit::from_headers(&HeaderMap::new()), RateLimit::default());
    }

    #[test]
    fn reads_retry_after_as_seconds_or_date() {
        let cases = [
            ("30", Some(Wait::For { ms: 30_000 })),
            ("1.5", Some(Wait::For { ms: 1_500 })),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(Wait::Until { unix_ms: 784_111_777_000 })),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            assert_eq!(retry_after(&headers(&[("retry-after", text)])), expected, "{text}");
        }
    }
}
