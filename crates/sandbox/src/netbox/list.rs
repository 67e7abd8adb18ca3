//! Lists: filters, order and pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Event, Incident, Kind};
use super::refusal::json_reply;
use super::shelves::{EVENT_SOURCES, Shelf};
use super::state::State;
use crate::wire::{Call, Reply, encode};

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 1_000;

/// What a list is sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(u64),
    Text(String),
    /// No time comes last, as in PostgreSQL.
    Time(Option<i64>, i128),
}

/// Which part of a list is wanted.
struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    fn of(call: &Call) -> Page {
        let number = |name| call.query(name).and_then(|text| text.parse::<usize>().ok());
        let limit = match number("limit") {
            None => LIMIT_DEFAULT,
            Some(0) => LIMIT_MAX,
            Some(limit) => limit.min(LIMIT_MAX),
        };
        Page { limit, offset: number("offset").unwrap_or(0) }
    }

    fn reply(&self, call: &Call, count: usize, results: Vec<Value>) -> Reply {
        let next = (self.offset + self.limit < count).then(|| self.link(call, self.offset + self.limit));
        let previous = (self.offset > 0).then(|| self.link(call, self.offset.saturating_sub(self.limit)));
        json_reply(200, &json!({"count": count, "next": next, "previous": previous, "results": results}))
    }

    /// Makes the address of another page: the parameters sorted, and no offset for the first one.
    fn link(&self, call: &Call, offset: usize) -> String {
        let mut query: Vec<(String, String)> =
            call.query.iter().filter(|(name, _)| name != "limit" && name != "offset").cloned().collect();
        query.push(("limit".to_owned(), self.limit.to_string()));
        if offset > 0 {
            query.push(("offset".to_owned(), offset.to_string()));
        }
        query.sort_by(|one, two| one.0.cmp(&two.0));
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        format!("{}/{}/?{}", call.base, call.segments.join("/"), query.join("&"))
    }
}

impl State {
    /// Lists Events or Incidents. What is no filter is ignored, and of a repeated one the last value counts.
    pub(crate) fn list_objects(&self, call: &Call, kind: Kind, now: Timestamp) -> Reply {
        let page = Page::of(call);
        let (order, backwards) = ordering(call, kind);
        let mut ids: Vec<u64> = match kind {
            Kind::Event => self.filtered_events(call),
            Kind::Incident => self.filtered_incidents(call),
        };
        if order != "id" {
            ids.sort_by_cached_key(|id| self.key(kind, *id, &order));
        }
        if backwards {
            ids.reverse();
        }
        let shown = ids.iter().skip(page.offset).take(page.limit).map(|id| self.shown(kind, *id, now)).collect();
        page.reply(call, ids.len(), shown)
    }

    pub(crate) fn list_items(&self, call: &Call, shelf: &Shelf) -> Reply {
        let page = Page::of(call);
        let mut ids: Vec<u64> = self.shelves.get(shelf.path).into_iter().flatten().map(|(id, _)| *id).collect();
        if call.query("ordering") == Some("-id") {
            ids.reverse();
        }
        let shown = ids.iter().skip(page.offset).take(page.limit);
        let shown = shown.map(|id| self.item_json(shelf, *id, &call.base, false)).collect();
        page.reply(call, ids.len(), shown)
    }

    fn filtered_events(&self, call: &Call) -> Vec<u64> {
        let [status, criticality] = ["status", "criticality"].map(|name| wanted(call, name));
        let [source, message] = ["event_source", "message"].map(|name| wanted(call, name).map(str::to_lowercase));
        let source_of = |event: &Event| {
            event.event_source.and_then(|id| self.name_of(EVENT_SOURCES, id)).unwrap_or_default().to_lowercase()
        };
        let fits = |event: &&Event| {
            status.is_none_or(|status| event.status == status)
                && criticality.is_none_or(|criticality| event.criticallity == criticality)
                && source.as_ref().is_none_or(|source| source_of(event).contains(source.as_str()))
                && message.as_ref().is_none_or(|message| contains(&event.message, message))
        };
        self.events.values().filter(fits).map(|event| event.id).collect()
    }

    fn filtered_incidents(&self, call: &Call) -> Vec<u64> {
        let [status, severity] = ["status", "severity"].map(|name| wanted(call, name));
        let [title, reporter, commander] =
            ["title", "reporter", "commander"].map(|name| wanted(call, name).map(str::to_lowercase));
        let fits = |incident: &&Incident| {
            status.is_none_or(|status| incident.status == status)
                && severity.is_none_or(|severity| incident.severity == severity)
                && title.as_ref().is_none_or(|title| contains(&incident.title, title))
                && reporter.as_ref().is_none_or(|reporter| contains(&incident.reporter, reporter))
                && commander.as_ref().is_none_or(|commander| contains(&incident.commander, commander))
        };
        self.incidents.values().filter(fits).map(|incident| incident.id).collect()
    }

    fn key(&self, kind: Kind, id: u64, field: &str) -> (Key, u64) {
        let key = match kind {
            Kind::Event => self.events.get(&id).map(|event| event_key(event, field)),
            Kind::Incident => self.incidents.get(&id).map(|incident| incident_key(incident, field)),
        };
        (key.unwrap_or(Key::Number(id)), id)
    }
}

fn wanted<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.query(name).filter(|value| !value.is_empty())
}

fn contains(text: &str, lower_case_part: &str) -> bool {
    text.to_lowercase().contains(lower_case_part)
}

/// Reads the order: by one known field, else the model's own, which is newest first.
fn ordering(call: &Call, kind: Kind) -> (String, bool) {
    let given = call.query("ordering").unwrap_or_default();
    let (field, backwards) = given.strip_prefix('-').map_or((given, false), |field| (field, true));
    let known: &[&str] = match kind {
        Kind::Event => &[
            "id",
            "message",
            "dedup_id",
            "status",
            "criticallity",
            "last_seen_at",
            "created_at",
            "updated_at",
            "created",
            "last_updated",
        ],
        Kind::Incident => &[
            "id",
            "title",
            "status",
            "severity",
            "detected_at",
            "resolved_at",
            "reporter",
            "commander",
            "created_at",
            "updated_at",
            "created",
            "last_updated",
        ],
    };
    if known.contains(&field) {
        return (field.to_owned(), backwards);
    }
    let own = if kind == Kind::Event { "last_seen_at" } else { "id" };
    (own.to_owned(), true)
}

fn time(at: Option<Timestamp>) -> Key {
    Key::Time(at.is_none().then_some(1), at.map_or(0, Timestamp::as_nanosecond))
}

fn event_key(event: &Event, field: &str) -> Key {
    match field {
        "message" => Key::Text(event.message.clone()),
        "dedup_id" => Key::Text(event.dedup_id.clone()),
        "status" => Key::Text(event.status.clone()),
        "criticallity" => Key::Text(event.criticallity.clone()),
        "last_seen_at" => time(Some(event.last_seen_at)),
        "created_at" | "created" => time(Some(event.times.created())),
        _ => time(Some(event.times.last_updated())),
    }
}

fn incident_key(incident: &Incident, field: &str) -> Key {
    match field {
        "title" => Key::Text(incident.title.clone()),
        "status" => Key::Text(incident.status.clone()),
        "severity" => Key::Text(incident.severity.clone()),
        "reporter" => Key::Text(incident.reporter.clone()),
        "commander" => Key::Text(incident.commander.clone()),
        "detected_at" => time(incident.detected_at),
        "resolved_at" => time(incident.resolved_at),
        "created_at" | "created" => time(Some(incident.times.created())),
        _ => time(Some(incident.times.last_updated())),
    }
}
