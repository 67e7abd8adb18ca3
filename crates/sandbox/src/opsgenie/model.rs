//! The alerts that Opsgenie holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) id: String,
    /// The number that people see, from 1.
    pub(crate) tiny: u64,
    pub(crate) alias: String,
    pub(crate) message: String,
    pub(crate) description: String,
    pub(crate) entity: String,
    pub(crate) source: String,
    /// 1 to 5.
    pub(crate) priority: u8,
    pub(crate) owner: String,
    pub(crate) tags: Vec<String>,
    pub(crate) details: BTreeMap<String, String>,
    pub(crate) actions: Vec<String>,
    pub(crate) responders: Vec<Value>,
    pub(crate) open: bool,
    pub(crate) acknowledged: bool,
    pub(crate) snoozed_until: Option<Timestamp>,
    pub(crate) count: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) last_occurred_at: Timestamp,
    pub(crate) acknowledged_by: Option<(Timestamp, String)>,
    pub(crate) closed_by: Option<(Timestamp, String)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) log: Vec<(Timestamp, String, String)>,
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) owner: String,
    pub(crate) at: Timestamp,
}

/// Who does something, and by which way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Who {
    /// An e-mail, or the `user` that an API call gave.
    pub(crate) name: String,
    pub(crate) user_id: String,
    pub(crate) way: Way,
    /// What the call gave as its source, or the address it came from.
    pub(crate) source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    Web,
    Api,
}

/// Something done to an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AlertAct {
    /// Takes it.
    Acknowledge,
    /// Gives it back: the notification flow starts again.
    Unacknowledge,
    /// Ends it for good; the way back is a new alert.
    Close,
    /// Writes a note.
    AddNote(String),
    /// Makes somebody the owner.
    Assign(String),
    /// Keeps it quiet until a time.
    Snooze(Timestamp),
    /// Adds tags.
    AddTags(Vec<String>),
    /// Removes tags.
    RemoveTags(Vec<String>),
    /// Sets its priority, 1 to 5.
    Priority(u8),
    /// Changes its message.
    Message(String),
    /// Changes its description.
    Description(String),
    /// Adds or changes details.
    AddDetails(BTreeMap<String, String>),
    /// Removes details by key.
    RemoveDetails(Vec<String>),
    /// Adds a responder by name.
    AddResponder(String),
    /// Adds a team by name.
    AddTeam(String),
    /// Escalates it to a named escalation.
    Escalate(String),
    /// Runs a custom action by its name.
    Custom(String),
    /// Removes it.
    Delete,
}

impl AlertAct {
    /// Names the action as webhooks and request results do.
    pub(crate) fn name(&self) -> &str {
        match self {
            AlertAct::Acknowledge => "Acknowledge",
            AlertAct::Unacknowledge => "UnAcknowledge",
            AlertAct::Close => "Close",
            AlertAct::AddNote(_) => "AddNote",
            AlertAct::Assign(_) => "AssignOwnership",
            AlertAct::Snooze(_) => "Snooze",
            AlertAct::AddTags(_) => "AddTags",
            AlertAct::RemoveTags(_) => "RemoveTags",
            AlertAct::Priority(_) => "UpdatePriority",
            AlertAct::Message(_) => "UpdateMessage",
            AlertAct::Description(_) => "UpdateDescription",
            AlertAct::AddDetails(_) => "AddDetails",
            AlertAct::RemoveDetails(_) => "RemoveDetails",
            AlertAct::AddResponder(_) => "AddResponder",
            AlertAct::AddTeam(_) => "AddTeam",
            AlertAct::Escalate(_) => "Escalate",
            AlertAct::Custom(name) => name,
            AlertAct::Delete => "Delete",
        }
    }
}

/// An alert to be created.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NewAlert {
    /// What it says; at most 130 characters.
    pub message: String,
    /// The key it is deduplicated by; its own id when absent.
    pub alias: Option<String>,
    /// More about it.
    pub description: String,
    /// What it is about.
    pub entity: String,
    /// Where it comes from; the caller when absent.
    pub source: Option<String>,
    /// 1 to 5; 3 when absent.
    pub priority: Option<u8>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its details.
    pub details: BTreeMap<String, String>,
    /// Names of custom actions.
    pub actions: Vec<String>,
    /// Who is told, as given.
    pub responders: Vec<Value>,
    /// A first note.
    pub note: Option<String>,
}

impl NewAlert {
    /// Makes an alert that has only a message.
    pub fn new(message: &str) -> NewAlert {
        NewAlert { message: message.to_owned(), ..NewAlert::default() }
    }

    /// Gives it an alias.
    pub fn alias(self, alias: &str) -> NewAlert {
        NewAlert { alias: Some(alias.to_owned()), ..self }
    }

    /// Gives it a priority, 1 to 5.
    pub fn priority(self, priority: u8) -> NewAlert {
        NewAlert { priority: Some(priority), ..self }
    }

    /// Gives it a description.
    pub fn description(self, description: &str) -> NewAlert {
        NewAlert { description: description.to_owned(), ..self }
    }
}
