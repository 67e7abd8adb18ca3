//! Durations and times as people write them.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Reads a duration such as `2h`, `1h30m`, `90 min` or `2 days`, in seconds; a number alone says too little.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let mut rest = text.trim();
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit_on = rest[digits..].trim_start();
        let end = unit_on.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit_on.len());
        let unit = match &unit_on[..end] {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = unit_on[end..].trim_start();
    }
    Some(total)
}

/// Reads a time, in milliseconds of Unix time: `now`, `+2h`, `2026-03-01T10:00Z`, `2026-03-01 10:00` (UTC), or `10:00`, the next in UTC
/// that is not before `after_ms`.
pub(crate) fn instant(text: &str, now_ms: i64, after_ms: i64) -> Option<i64> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Some(now_ms);
    }
    if let Some(later) = text.strip_prefix('+') {
        return now_ms.checked_add(seconds(later)?.checked_mul(1_000)?);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    if let Some(time) = clock(text) {
        let after = Timestamp::from_millisecond(after_ms).ok()?.to_zoned(TimeZone::UTC);
        let same_day = after.date().to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
        let next = if same_day < after { same_day.checked_add(1.day()).ok()? } else { same_day };
        return Some(next.timestamp().as_millisecond());
    }
    let civil: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// `10:00`
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |part: &str, len: std::ops::RangeInclusive<usize>| {
        len.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_number(hour, 1..=2) || !is_number(minute, 2..=2) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// A time as PagerDuty takes it.
pub(crate) fn text_of(unix_ms: i64) -> String {
    Timestamp::from_second(unix_ms.div_euclid(1_000)).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, wanted) in [
            ("2h", Some(7_200)),
            ("1h30m", Some(5_400)),
            ("90 min", Some(5_400)),
            ("2 Days", Some(172_800)),
            ("1 w", Some(604_800)),
            ("30s", Some(30)),
            ("2", None),
            ("", None),
            ("h", None),
            ("2x", None),
            ("-2h", None),
            ("99999999999999999999h", None),
            ("9223372036854775807w", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        let now = instant("2026-03-01T12:00:00Z", 0, 0).expect("a time");
        let at = |text: &str| instant(text, now, now).map(text_of);
        for (text, wanted) in [
            ("now", Some("2026-03-01T12:00:00Z")),
            ("+2h", Some("2026-03-01T14:00:00Z")),
            ("2026-03-02T10:00:00+01:00", Some("2026-03-02T09:00:00Z")),
            ("2026-03-02T10:00", Some("2026-03-02T10:00:00Z")),
            ("2026-03-02 10:00", Some("2026-03-02T10:00:00Z")),
            ("2026-03-02", Some("2026-03-02T00:00:00Z")),
            ("13:30", Some("2026-03-01T13:30:00Z")),
            ("12:00", Some("2026-03-01T12:00:00Z")),
            ("9:05", Some("2026-03-02T09:05:00Z")),
            ("25:00", None),
            ("tomorrow", None),
        ] {
            assert_eq!(at(text).as_deref(), wanted, "{text}");
        }
    }
}
