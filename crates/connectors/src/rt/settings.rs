//! What a connection to one Request Tracker needs.

use crate::Secret;
use pagebridge_core::{SystemName, Urgency};
use std::collections::BTreeMap;

/// The entry of a map that counts where no other does.
pub const ANY: &str = "*";

/// What a connection to one Request Tracker needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// What people call it.
    pub label: String,
    /// The address of the REST API, up to and with `/REST/2.0`.
    pub api_url: String,
    /// Where people look at RT; without it, `api_url` without `/REST/2.0`.
    pub web_url: Option<String>,
    /// An auth token of the user that reads and writes in our name.
    pub token: Secret,
    /// RT's `$rtname`, which begins the tag of tickets in queues that have no tag of their own; without it, the host of
    /// `api_url`.
    pub rtname: Option<String>,
    /// Queues whose tickets are carried on, by name; `*` stands for every queue that is not named.
    pub queues: BTreeMap<String, Queue>,
    /// PagerDuty services whose incidents become tickets, by id; `*` stands for every service that is not named.
    pub services: BTreeMap<String, Service>,
    /// The custom field that holds the id of a ticket's incident.
    pub id_field: String,
    /// The custom field that holds the address of a ticket's incident.
    pub url_field: String,
    /// How notes from elsewhere are written.
    pub notes: NotesAs,
    /// Whether a ticket that RT opens by itself, as it does when somebody replies, counts as acknowledged.
    pub auto_open: bool,
    /// What a rejected ticket means.
    pub rejected: Closing,
    /// What a deleted ticket means.
    pub deleted: Closing,
    /// Whether a new ticket that a person owns counts as acknowledged.
    pub owner_acknowledges: bool,
    /// Whether a ticket that was acknowledged elsewhere is given to who did it, if RT has a user of that name or e-mail
    /// address.
    pub set_owner: bool,
    /// RT's priority numbers and what they are elsewhere; none carries no priorities.
    pub priorities: Vec<Priority>,
    /// Whether open tickets from before the first start are carried on too. Those whose custom field is filled always
    /// are.
    pub backlog: bool,
    /// Secrets of which a push must carry one, as a bearer token. Without one, and without `push_secrets`, no push is
    /// taken.
    pub push_tokens: Vec<Secret>,
    /// Secrets with one of which the body of a push must be signed, in `X-Pagebridge-Signature: v1=<hex HMAC-SHA256>`;
    /// none means that signatures are not looked at.
    pub push_secrets: Vec<Secret>,
    /// How often what changed is asked for, in milliseconds.
    pub interval_ms: i64,
    /// How often everything open is compared, in milliseconds.
    pub sweep_ms: i64,
    /// How many calls one round may make; what is left goes on in the next.
    pub calls_max: u32,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

/// What the tickets of one queue are elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The PagerDuty service that its tickets page; without it, the one of the PagerDuty system.
    pub service: Option<String>,
    /// The status to set when an incident is acknowledged.
    pub acknowledged: String,
    /// The status to set when an incident is resolved.
    pub resolved: String,
    /// The status to set when an incident is given back.
    pub triggered: String,
    /// The status to set when an incident is opened again.
    pub reopened: String,
    /// The statuses of the queue's lifecycle in which nobody has taken a ticket.
    pub initial: Vec<String>,
    /// Those in which somebody has.
    pub active: Vec<String>,
    /// Those in which it is over.
    pub inactive: Vec<String>,
    /// The queue's subject tag; without it, RT is asked.
    pub subject_tag: Option<String>,
}

impl Default for Queue {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            service: None,
            acknowledged: "open".to_owned(),
            resolved: "resolved".to_owned(),
            triggered: "new".to_owned(),
            reopened: "open".to_owned(),
            initial: words(&["new"]),
            active: words(&["open", "stalled"]),
            inactive: words(&["resolved", "rejected", "deleted"]),
            subject_tag: None,
        }
    }
}

/// What the incidents of one PagerDuty service are in RT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The queue in which tickets are made for its incidents.
    pub create_queue: String,
    /// What people call it, for the subject of these tickets.
    pub name: Option<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self { create_queue: "General".to_owned(), name: None }
    }
}

/// How a note is written on a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotesAs {
    /// As a comment, which only the staff sees.
    #[default]
    Comment,
    /// As correspondence, which RT mails to the requestors.
    Correspond,
}

/// What it means that a ticket was closed other than by resolving it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// The incident is over.
    #[default]
    Resolved,
    /// Nothing: the ticket stands where it stood before.
    Ignored,
}

/// One row of the table of priorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The smallest number of RT's that means it, and the one that is written.
    pub number: i64,
    /// Its name elsewhere, such as `P1`.
    pub name: Option<String>,
    /// How loud it pages.
    pub urgency: Urgency,
}

impl Settings {
    /// Settings of an RT with this API address; tickets of all queues are carried on.
    #[must_use]
    pub fn new(system: SystemName, api_url: &str, token: Secret) -> Self {
        Self {
            system,
            label: "RT".to_owned(),
            api_url: api_url.to_owned(),
            web_url: None,
            token,
            rtname: None,
            queues: [(ANY.to_owned(), Queue::default())].into(),
            services: [(ANY.to_owned(), Service::default())].into(),
            id_field: "PagerDuty ID".to_owned(),
            url_field: "PagerDuty URL".to_owned(),
            notes: NotesAs::default(),
            auto_open: false,
            rejected: Closing::default(),
            deleted: Closing::default(),
            owner_acknowledges: false,
            set_owner: false,
            priorities: Vec::new(),
            backlog: false,
            push_tokens: Vec::new(),
            push_secrets: Vec::new(),
            interval_ms: 10_000,
            sweep_ms: 60_000,
            calls_max: 20,
            connect_timeout_ms: 5_000,
            timeout_ms: 30_000,
            proxy: true,
        }
    }

    /// What is set for a queue of this name; `None` when its tickets are none of ours.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name).or_else(|| self.queues.get(ANY))
    }

    /// What is set for a PagerDuty service; `None` when its incidents become no tickets.
    #[must_use]
    pub fn service(&self, id: Option<&str>) -> Option<&Service> {
        id.and_then(|id| self.services.get(id)).or_else(|| self.services.get(ANY))
    }
}
