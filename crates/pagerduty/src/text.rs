//! Fitting text into PagerDuty's limits, so that a page is shortened and not refused.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// Longest event summary and incident title, in characters; the API refuses longer ones.
pub const SUMMARY_CHARS_MAX: usize = 1024;

/// Longest dedup key and incident key, in characters.
pub const DEDUP_KEY_CHARS_MAX: usize = 255;

const CUT_MARK: &str = "…";

/// Cuts `text` to `chars_max` characters, the last of which is then `…`.
///
/// ```
/// assert_eq!(pagerduty::text::cut("disk full", 6), "disk …");
/// assert_eq!(pagerduty::text::cut("disk full", 9), "disk full");
/// ```
pub fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    if text.chars().count() <= chars_max {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    Cow::Owned(kept + CUT_MARK)
}

/// Shortens a key of more than [`DEDUP_KEY_CHARS_MAX`] characters, keeping its start and ending it in `~` and the SHA-256 of
/// the whole.
///
/// The same key always gives the same result, and keys that differ only in their tail stay apart.
///
/// ```
/// let key = "k".repeat(300);
/// assert_eq!(pagerduty::text::shorten_key(&key).chars().count(), 255);
/// assert_eq!(pagerduty::text::shorten_key("host-1/disk"), "host-1/disk");
/// ```
pub fn shorten_key(key: &str) -> Cow<'_, str> {
    if key.chars().count() <= DEDUP_KEY_CHARS_MAX {
        return Cow::Borrowed(key);
    }
    let digest = hex::encode(Sha256::digest(key.as_bytes()));
    let kept = DEDUP_KEY_CHARS_MAX - digest.len() - 1;
    let start: String = key.chars().take(kept).collect();
    Cow::Owned(format!("{start}~{digest}"))
}
