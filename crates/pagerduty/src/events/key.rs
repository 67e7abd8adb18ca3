//! The shape of routing keys, so that a REST token in its place is noticed before it is sent.

use crate::secret::Secret;

/// How long every key is.
const KEY_CHARS: usize = 32;

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// An integration of a service: alerts and changes.
    Integration,
    /// Rules that choose the service (an orchestration or ruleset): alerts only.
    Ruleset,
}

/// Tells what `key` leads to, by its shape alone: whether PagerDuty knows it, only PagerDuty can say.
///
/// ```
/// use pagerduty::events::{KeyKind, key_kind};
///
/// assert_eq!(key_kind(&"0123456789abcdef0123456789abcdef".into()), Ok(KeyKind::Integration));
/// assert_eq!(key_kind(&"R0123456789ABCDEF0123456789ABCDE".into()), Ok(KeyKind::Ruleset));
/// assert!(key_kind(&"u+a-rest-token".into()).is_err());
/// ```
///
/// # Errors
/// [`KeyError`] if no key looks like this.
pub fn key_kind(key: &Secret) -> Result<KeyKind, KeyError> {
    let key = key.expose();
    let chars = key.chars().count();
    if chars != KEY_CHARS {
        return Err(KeyError::Length { chars });
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(KeyError::Characters);
    }
    Ok(if key.starts_with('R') { KeyKind::Ruleset } else { KeyKind::Integration })
}

/// Why something cannot be a routing key. Says nothing of the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Of another length.
    #[error(
        "the routing key has {chars} characters instead of 32, give the integration key of a service (not an API token)"
    )]
    Length {
        /// Its length.
        chars: usize,
    },
    /// With other characters.
    #[error("the routing key may hold letters and digits only, give the integration key of a service")]
    Characters,
    /// Of rules, where only an integration will do.
    #[error(
        "change events cannot go to the key of a ruleset (it begins with R), give the integration key of a service"
    )]
    Ruleset,
}
