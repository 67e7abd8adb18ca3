//! Reading the spellings of time that PagerDuty and its senders use.

/// Reads an ISO 8601 instant as Unix milliseconds; `None` if it is not one.
///
/// Fractions, `Z`, `+00:00` and `+0000` are accepted.
///
/// ```
/// assert_eq!(pagerduty::time::unix_ms("1970-01-01T00:00:01.5Z"), Some(1500));
/// assert_eq!(pagerduty::time::unix_ms("1970-01-01T01:00:00.000+0100"), Some(0));
/// assert_eq!(pagerduty::time::unix_ms("yesterday"), None);
/// ```
pub fn unix_ms(text: &str) -> Option<i64> {
    text.trim().parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Reads a date of an HTTP header (`Sun, 06 Nov 1994 08:49:37 GMT`) as Unix milliseconds.
pub(crate) fn http_date_unix_ms(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok().map(jiff::Timestamp::as_millisecond)
}

/// Writes whole seconds of Unix time in ISO 8601, `Z`; `None` if no calendar reaches there.
pub fn text_of_unix_s(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
