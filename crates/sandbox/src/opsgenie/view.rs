//! What Opsgenie holds, as tests, the control API and the page see it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::state::State;
use crate::counters::EndpointCount;
use crate::outgoing::{WebhookCounts, WebhookRecord};

/// Everything that Opsgenie holds.
#[derive(Debug, Clone, Serialize)]
pub struct OpsgenieSnapshot {
    /// Every alert, oldest first, closed and deleted ones too.
    pub alerts: Vec<AlertView>,
    /// Alerts ever made per alias.
    pub creates_per_alias: BTreeMap<String, u64>,
    /// Accepted writes that are not processed yet.
    pub requests_waiting: usize,
    /// Pings per heartbeat.
    pub heartbeats: BTreeMap<String, u64>,
    /// How many webhooks ended how.
    pub webhooks: WebhookCounts,
    /// The latest attempts to deliver webhooks, oldest first.
    pub webhook_log: Vec<WebhookRecord>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// Its id.
    pub id: String,
    /// Its tiny id.
    pub tiny_id: String,
    /// Its alias.
    pub alias: String,
    /// What it says.
    pub message: String,
    /// More about it.
    pub description: String,
    /// `open`, `acknowledged`, `snoozed`, `closed` or `deleted`: the effective state.
    pub state: &'static str,
    /// Whether it is acknowledged, also when it is snoozed or closed.
    pub acknowledged: bool,
    /// `P1` to `P5`.
    pub priority: String,
    /// Its owner, or an empty text.
    pub owner: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its details.
    pub details: BTreeMap<String, String>,
    /// How often it occurred.
    pub count: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its notes, oldest first.
    pub notes: Vec<AlertNoteView>,
    /// What happened to it, oldest first.
    pub log: Vec<AlertLogLine>,
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertNoteView {
    /// Who wrote it.
    pub user: String,
    /// Its text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

/// One line of an alert's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertLogLine {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// The action.
    pub action: String,
}

impl State {
    pub(crate) fn view(&self, place: usize) -> AlertView {
        let alert = &self.alerts[place];
        let state = match () {
            () if alert.deleted => "deleted",
            () if !alert.open => "closed",
            () if alert.snoozed_until.is_some() => "snoozed",
            () if alert.acknowledged => "acknowledged",
            () => "open",
        };
        let note = |note: &super::model::Note| AlertNoteView {
            user: note.owner.clone(),
            text: note.text.clone(),
            at: note.at,
        };
        let line = |(at, by, action): &(Timestamp, String, String)| AlertLogLine {
            at: *at,
            by: by.clone(),
            action: action.clone(),
        };
        AlertView {
            id: alert.id.clone(),
            tiny_id: alert.tiny.to_string(),
            alias: alert.alias.clone(),
            message: alert.message.clone(),
            description: alert.description.clone(),
            state,
            acknowledged: alert.acknowledged,
            priority: format!("P{}", alert.priority),
            owner: alert.owner.clone(),
            tags: alert.tags.clone(),
            details: alert.details.clone(),
            count: alert.count,
            created_at: alert.created_at,
            updated_at: alert.updated_at,
            notes: alert.notes.iter().map(note).collect(),
            log: alert.log.iter().map(line).collect(),
        }
    }
}
