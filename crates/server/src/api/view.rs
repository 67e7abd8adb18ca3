//! What the API shows. The commands read the same types back.

use crate::api::words;
use pagebridge_core::{DeadLetter, Incident, Lane, LaneState, Link, Record, Timestamp, plan};
use pagebridge_ports::{Counts, JournalRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A time as RFC 3339 with milliseconds.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentView {
    /// Its number.
    pub id: i64,
    /// What it is about.
    pub title: String,
    /// Where it stands: `triggered`, `acknowledged`, `resolved`.
    pub status: String,
    /// Whether anything can still be expected of it.
    pub open: bool,
    /// `high` or `low`.
    pub urgency: String,
    /// The origin's own word for the priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// The bridge that carries it.
    pub bridge: String,
    /// When it was first heard of.
    pub created_at: String,
    /// When something last changed.
    pub changed_at: String,
    /// Deliveries that wait for an operator.
    pub dead_letters: usize,
    /// Why operators were told of it, and are until that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// Why it is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// Why it was given up before it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<String>,
    /// Its records.
    pub links: Vec<LinkView>,
    /// The longer text; only when one incident is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Mirrored notes; only when one incident is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Vec<NoteView>>,
}

/// The record of an incident in one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// The system.
    pub system: String,
    /// The far side's id of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The status that it is known to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// The status that it should hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<String>,
    /// What is to be delivered next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Failed attempts at it so far.
    pub attempts: u32,
    /// Notes still to be written.
    pub notes_due: usize,
    /// Why it waits for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StopView>,
}

/// Why something waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopView {
    /// What the far side said.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// One mirrored note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteView {
    /// Its number.
    pub id: u32,
    /// Where it was written.
    pub from: String,
    /// What it says.
    pub text: String,
}

/// A deadline by which operators would be told is nothing to look at yet.
fn is_shown(link: &Link) -> bool {
    link.role != pagebridge_core::Role::Operator || link.record_id().is_some()
}

/// Why operators were told to look at it.
fn alarm(incident: &Incident) -> Option<String> {
    let told = |l: &&Link| {
        let triggered = Some(pagebridge_core::Status::Triggered);
        l.role == pagebridge_core::Role::Operator && l.known == triggered && l.want == triggered
    };
    incident.links.iter().find(told)?.want_by.clone()
}

impl IncidentView {
    /// For lists.
    #[must_use]
    pub fn brief(incident: &Incident) -> Self {
        let content = incident.content.clone().unwrap_or_default();
        Self {
            id: incident.id.0,
            title: incident.title().to_owned(),
            status: incident.status.to_string(),
            open: incident.is_open(),
            urgency: content.urgency.as_str().to_owned(),
            priority: content.priority,
            bridge: incident.bridge.to_string(),
            created_at: rfc3339(incident.created_at),
            changed_at: rfc3339(incident.changed_at),
            dead_letters: incident.dead_letters().len(),
            alarm: alarm(incident),
            quarantined: incident.quarantined.clone(),
            discarded: incident.discarded.clone(),
            links: incident.links.iter().filter(|l| is_shown(l)).map(LinkView::of).collect(),
            body: None,
            notes: None,
        }
    }

    /// With its text and notes.
    #[must_use]
    pub fn whole(incident: &Incident) -> Self {
        let note = |n: &pagebridge_core::Note| NoteView { id: n.id.0, from: n.from.to_string(), text: n.text.clone() };
        Self {
            body: incident.content.as_ref().map(|c| c.body.clone()),
            notes: Some(incident.notes.iter().map(note).collect()),
            ..Self::brief(incident)
        }
    }
}

impl LinkView {
    fn of(link: &Link) -> Self {
        let (record, url) = match &link.record {
            Record::Absent => (None, None),
            Record::Present { id, url } => (Some(id.0.clone()), url.clone()),
        };
        let stop = |p: &pagebridge_core::Park| StopView { reason: p.reason.clone(), remedy: p.remedy.clone() };
        Self {
            system: link.system.to_string(),
            record,
            url,
            holds: link.known.map(|s| s.to_string()),
            wants: link.want.map(|s| s.to_string()),
            next: plan(link, false).map(|step| step.describe()),
            attempts: link.attempts,
            notes_due: link.notes_due.len(),
            stopped: link.park.as_ref().map(stop),
        }
    }
}

/// A page of incidents, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPage {
    /// The incidents.
    pub incidents: Vec<IncidentView>,
    /// Give this as `before` to get the next page; `null` on the last one.
    pub next: Option<i64>,
}

/// One journal entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryView {
    /// Its place in the journal.
    pub seq: i64,
    /// The incident.
    pub incident: i64,
    /// When it was accepted.
    pub at: String,
    /// The system that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What changed, in words.
    pub summary: Vec<String>,
    /// What changed, for programs.
    pub changes: Value,
}

impl EntryView {
    /// Shows a row.
    #[must_use]
    pub fn of(row: &JournalRow) -> Self {
        let cause = &row.entry.cause;
        Self {
            seq: row.seq,
            incident: row.incident.0,
            at: rfc3339(row.entry.at),
            system: cause.system.as_ref().map(ToString::to_string),
            actor: cause.actor.as_ref().map(|a| a.name.clone()),
            summary: row.entry.changes.iter().map(words::change).collect(),
            changes: serde_json::to_value(&row.entry.changes).unwrap_or_default(),
        }
    }
}

/// A page of the journal, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<EntryView>,
    /// Give this as `after` to get what follows; `null` when the page is empty.
    pub next: Option<i64>,
}

/// One delivery that waits or is being tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Its name in logs: incident, system, number.
    pub name: String,
    /// The incident.
    pub incident: i64,
    /// What the incident is about.
    pub title: String,
    /// Where to.
    pub system: String,
    /// `urgent`, `normal` or `poll`.
    pub class: String,
    /// What it is, in words.
    pub what: String,
    /// `waiting` or `in progress`.
    pub state: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Not before this time.
    pub due: String,
}

impl DeliveryView {
    /// Shows a row of the outbox; `None` when the incident has no such link any more.
    #[must_use]
    pub fn of(lane: &Lane, incident: &Incident) -> Option<Self> {
        let link = incident.link(lane.system.as_str())?;
        let state = match lane.state {
            LaneState::Waiting => "waiting",
            LaneState::Leased { .. } => "in progress",
        };
        let step = plan(link, lane.is_touched()).map(|step| step.describe());
        Some(Self {
            name: format!("{}.{}.{}", incident.id, lane.system, link.step),
            incident: incident.id.0,
            title: incident.title().to_owned(),
            system: lane.system.to_string(),
            class: lane.class.as_str().to_owned(),
            what: step.unwrap_or_else(|| "read the record".to_owned()),
            state: state.to_owned(),
            attempts: link.attempts,
            due: rfc3339(lane.due),
        })
    }
}

/// Deliveries, soonest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<DeliveryView>,
}

/// A delivery that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterView {
    /// The incident.
    pub incident: i64,
    /// Where to.
    pub system: String,
    /// What it is, in words.
    pub what: String,
    /// What the far side said.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl DeadLetterView {
    /// Shows one.
    #[must_use]
    pub fn of(letter: DeadLetter) -> Self {
        Self {
            incident: letter.incident.0,
            system: letter.system.to_string(),
            what: letter.what,
            reason: letter.park.reason,
            remedy: letter.park.remedy,
        }
    }
}

/// An incident that is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedView {
    /// Its number.
    pub incident: i64,
    /// What it is about.
    pub title: String,
    /// Any of its systems: releasing it releases the whole incident.
    pub system: String,
    /// Which rule of ours was broken.
    pub reason: String,
    /// Inputs that wait for the release.
    pub held: usize,
}

impl QuarantinedView {
    pub(crate) fn of(incident: &Incident) -> Option<Self> {
        Some(Self {
            incident: incident.id.0,
            title: incident.title().to_owned(),
            system: incident.links.first()?.system.to_string(),
            reason: incident.quarantined.clone()?,
            held: incident.held.len(),
        })
    }
}

/// Everything that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterPage {
    /// Deliveries.
    pub dead_letters: Vec<DeadLetterView>,
    /// Whole incidents.
    pub quarantined: Vec<QuarantinedView>,
}

/// Figures of the whole store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsView {
    /// All incidents.
    pub incidents: u64,
    /// Open ones.
    pub open: u64,
    /// Journal entries.
    pub entries: u64,
    /// Incidents with dead letters.
    pub with_dead_letters: u64,
    /// Incidents set aside.
    pub quarantined: u64,
    /// Rows of the outbox.
    pub lanes: Vec<LaneCountView>,
}

/// Waiting rows of one system and class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneCountView {
    /// The system.
    pub system: String,
    /// The class.
    pub class: String,
    /// How many.
    pub count: u64,
    /// When the first of them was, or will be, due.
    pub oldest_due: Option<String>,
}

impl CountsView {
    pub(crate) fn of(counts: &Counts) -> Self {
        let lane = |l: &pagebridge_ports::LaneCount| LaneCountView {
            system: l.system.to_string(),
            class: l.class.as_str().to_owned(),
            count: l.count,
            oldest_due: l.oldest_due.map(rfc3339),
        };
        Self {
            incidents: counts.incidents,
            open: counts.open,
            entries: counts.entries,
            with_dead_letters: counts.with_dead_letters,
            quarantined: counts.quarantined,
            lanes: counts.lanes.iter().map(lane).collect(),
        }
    }
}
