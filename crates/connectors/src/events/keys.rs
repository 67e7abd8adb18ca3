//! Routing keys: what senders may use, where each leads, and those that alerts were once triggered with.

use crate::Secret;
use pagebridge_core::SystemName;
use pagebridge_ports::{Kept, SenderKey};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// So many different keys of senders are passed on, at most: each is kept, and has rows of the outbox of its own.
pub const PASSED_KEYS_MAX: usize = 256;

/// Length of every routing key, in characters.
const KEY_CHARS: usize = 32;

/// By what a key is known where it must not be seen: the first 64 bits of its SHA-256, in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyRef(String);

impl KeyRef {
    /// The reference of a key.
    #[must_use]
    pub fn of(key: &Secret) -> Self {
        Self(digest(key)[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As text: 16 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The system that a sender's own key becomes.
    #[must_use]
    pub fn system(&self) -> SystemName {
        SystemName::new(&format!("key-{}", self.0))
    }
}

impl fmt::Debug for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a sender's key leads.
#[derive(Clone, Debug)]
pub(super) enum Lead {
    /// To this system; the bridge has the same name.
    To(SystemName),
    /// To a system that has to be learned first.
    New(SenderKey),
    /// Nowhere.
    Unknown,
    /// Nowhere, because too many others were passed on already.
    Full,
}

/// All keys. Shared by what hears senders and what tells the far side.
#[derive(Default)]
pub struct Keyring {
    /// Real keys by reference, former ones too.
    held: RwLock<HashMap<KeyRef, Secret>>,
    /// Where the keys of senders lead, by their whole digest: a look-up by digest tells a guesser nothing.
    leads: RwLock<HashMap<[u8; 32], SystemName>>,
    /// How many keys of senders may be passed on.
    passed_max: usize,
}

impl Keyring {
    /// A keyring that passes up to `passed_max` different keys of senders on as they are; 0 passes none.
    #[must_use]
    pub fn new(passed_max: usize) -> Self {
        Self { passed_max, ..Self::default() }
    }

    /// Holds a real key, so that alerts that were triggered with it can be ended.
    pub fn hold(&self, key: &Secret) -> KeyRef {
        let reference = KeyRef::of(key);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.entry(reference.clone()).or_insert_with(|| key.clone());
        reference
    }

    /// Leads a sender's key to a system. The first lead of a key counts.
    pub fn lead(&self, key: &Secret, system: SystemName) {
        let mut leads = self.leads.write().unwrap_or_else(PoisonError::into_inner);
        leads.entry(digest(key)).or_insert(system);
    }

    /// Whether a sender's key leads somewhere already.
    #[must_use]
    pub fn leads(&self, key: &Secret) -> bool {
        let leads = self.leads.read().unwrap_or_else(PoisonError::into_inner);
        leads.contains_key(&digest(key))
    }

    pub(super) fn key(&self, reference: &str) -> Option<Secret> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(&KeyRef(reference.to_owned())).cloned()
    }

    pub(super) fn follow(&self, key: &Secret) -> Lead {
        let leads = self.leads.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(system) = leads.get(&digest(key)) {
            return Lead::To(system.clone());
        }
        if self.passed_max == 0 {
            return Lead::Unknown;
        }
        let passed = leads.values().filter(|system| system.as_str().starts_with("key-")).count();
        if passed >= self.passed_max {
            return Lead::Full;
        }
        Lead::New(SenderKey { system: KeyRef::of(key).system(), key: Kept::read(key.expose().to_owned()) })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

/// Says what keeps a text from being a routing key.
pub(super) fn shape(key: &Secret) -> Result<(), &'static str> {
    let key = key.expose();
    if key.chars().count() != KEY_CHARS {
        return Err("does not have 32 characters; give the integration key of a service, not an API token");
    }
    if !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("has characters other than letters and digits; give the integration key of a service");
    }
    Ok(())
}

fn digest(key: &Secret) -> [u8; 32] {
    Sha256::digest(key.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_where_they_were_led_and_new_ones_are_passed_up_to_a_limit() {
        let keyring = Keyring::new(1);
        let (local, first, second) =
            (Secret::new("l".repeat(32)), Secret::new("a".repeat(32)), Secret::new("b".repeat(32)));
        keyring.lead(&local, SystemName::new("prod"));
        assert!(matches!(keyring.follow(&local), Lead::To(system) if system.as_str() == "prod"));
        let Lead::New(sender) = keyring.follow(&first) else { panic!("a new key is passed on") };
        assert_eq!(sender.key.expose(), first.expose());
        assert!(!format!("{sender:?} {keyring:?}").contains(first.expose()));
        keyring.lead(&first, sender.system.clone());
        assert!(matches!(keyring.follow(&first), Lead::To(system) if system == sender.system));
        assert!(matches!(keyring.follow(&second), Lead::Full));
        assert!(matches!(Keyring::new(0).follow(&second), Lead::Unknown));
    }

    #[test]
    fn a_former_key_is_still_held() {
        let keyring = Keyring::default();
        let reference = keyring.hold(&Secret::new("a".repeat(32)));
        keyring.hold(&Secret::new("b".repeat(32)));
        assert_eq!(keyring.key(reference.as_str()).map(|k| k.expose().to_owned()), Some("a".repeat(32)));
        assert_eq!(keyring.key("0011223344556677").map(|k| k.expose().to_owned()), None);
    }
}
