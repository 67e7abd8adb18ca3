//! Who asks, and what that one may do.

use pagebridge_actions::{Action, Effect};
use serde_json::Value;

/// How much somebody may do. Each may do what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Look after incidents: acknowledge, note, resolve, tell of events and changes, override a schedule.
    Responder,
    /// Everything, also what an account is set up with: services, policies, users.
    Admin,
}

impl Role {
    /// All, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Responder, Self::Admin];

    /// Reads the word in the configuration.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Admin => "admin",
        }
    }
}

/// Longest key of a request, in bytes.
pub const KEY_SIZE_BYTES_MAX: usize = 200;

/// Objects that a responder may change.
const RESPONDERS_OBJECTS: &[&str] = &["incident", "alert", "event", "change_event"];

/// Gives the least role that may run an action.
#[must_use]
pub fn needed(action: &Action) -> Role {
    let (object, _) = action.name.split_once('.').unwrap_or((action.name, ""));
    match action.effect {
        Effect::ReadOnly => Role::Viewer,
        _ if RESPONDERS_OBJECTS.contains(&object) || action.name.contains("override") => Role::Responder,
        Effect::Writes | Effect::Destructive => Role::Admin,
    }
}

/// Who asks: made by a way in, after it has made sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// How it is called in the audit trail, e.g. `token ci` or `slack U024BE7LH`.
    pub name: String,
    /// How much it may do.
    pub role: Role,
    /// The e-mail address of its user at PagerDuty, if it is known: what it does is done in this name.
    pub from: Option<String>,
    /// The only actions that it may run, if not all of its role: names, or beginnings with a `*` at the end (`incident.*`).
    pub actions: Option<Vec<String>>,
    /// How many runs of which actions it gets in an hour: names as in `actions`, all of one row counted together.
    pub per_hour: Vec<(String, u32)>,
    /// Whether everything that it asks for is only shown.
    pub dry_run: bool,
}

impl Principal {
    /// Starts with a role and no further limits.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, from: None, actions: None, per_hour: Vec::new(), dry_run: false }
    }

    /// Tells whether an action is among those that it may run.
    #[must_use]
    pub fn may(&self, action: &Action) -> bool {
        let listed = |names: &Vec<String>| names.iter().any(|name| fits(name, action.name));
        self.role >= needed(action) && self.actions.as_ref().is_none_or(listed)
    }

    /// Makes a key that only it can use, so that nobody can guess another's outcome; `below` tells places apart that take
    /// keys. `None` when what was given is empty or too long.
    #[must_use]
    pub fn own_key(&self, below: &str, given: &str) -> Option<String> {
        (1..=KEY_SIZE_BYTES_MAX).contains(&given.len()).then(|| format!("http/{}/{below}{given}", self.name))
    }

    /// Tells whether an input is in the name of a user other than its own. An admin may do that, and so may whoever has
    /// no user of its own.
    pub(crate) fn speaks_for_another(&self, input: &Value) -> bool {
        let named = input.get("from_email").and_then(Value::as_str).map(str::trim).filter(|named| !named.is_empty());
        match (&self.from, named) {
            (Some(own), Some(named)) => self.role < Role::Admin && !named.eq_ignore_ascii_case(own),
            _ => false,
        }
    }
}

/// Tells whether a name, or a beginning with a `*` at the end, fits an action.
#[must_use]
pub fn fits(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => action.starts_with(beginning),
        None => pattern == action,
    }
}
