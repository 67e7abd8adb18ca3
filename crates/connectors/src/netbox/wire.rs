//! What NetBox sends and takes. Of an object only the id is certain to be there: a field that is missing, null or of
//! another shape than expected says nothing, and keeps no alert from being told.

use crate::events::wire::Fields;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Where the plugin's API begins, below `/api`.
pub(super) const PLUGIN: [&str; 2] = ["plugins", "business-application"];

/// Longest title of an Incident, in characters.
pub(super) const TITLE_CHARS_MAX: usize = 255;

/// The two kinds of objects that are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Event,
    Incident,
}

impl Kind {
    /// As it is written in records, in the pages of the web interface, and at the end of the model's name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Incident => "incident",
        }
    }

    /// As it is written in the API.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Event => "events",
            Self::Incident => "incidents",
        }
    }
}

/// One object, as records name it: `event/12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) kind: Kind,
    pub(super) id: i64,
}

impl Name {
    /// Reads the id of a record of ours.
    pub(super) fn parse(record: &str) -> Option<Self> {
        let (kind, id) = record.split_once('/')?;
        let kind = [Kind::Event, Kind::Incident].into_iter().find(|k| k.as_str() == kind)?;
        let id: i64 = id.parse().ok().filter(|id| *id > 0)?;
        Some(Self { kind, id })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.id)
    }
}

/// What an Event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The model: `device`, `virtualmachine`, `technicalservice`.
    pub(super) model: String,
    pub(super) name: String,
    pub(super) id: i64,
}

/// An Event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) message: Option<String>,
    /// Neither certain to be filled nor unique.
    pub(super) dedup_id: Option<String>,
    pub(super) status: String,
    /// The misspelling is the plugin's.
    pub(super) criticallity: String,
    pub(super) created_at: Option<String>,
    pub(super) last_seen_at: Option<String>,
    pub(super) source: Option<String>,
    /// Only a valid one.
    pub(super) target: Option<Target>,
    pub(super) incident_ids: Vec<i64>,
}

/// An Incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) id: i64,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) status: String,
    pub(super) severity: String,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) detected_at: Option<String>,
    pub(super) resolved_at: Option<String>,
    pub(super) reporter: Option<String>,
    pub(super) commander: Option<String>,
    pub(super) events_count: i64,
    pub(super) services: Vec<String>,
    pub(super) responders_count: i64,
    /// Whether the plugin has the field by which its own code talks to PagerDuty.
    pub(super) has_dedup_field: bool,
}

/// An object of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Event(Event),
    Incident(Incident),
}

impl Object {
    /// Reads one object as the API and webhooks show it; `None` if it has no id.
    pub(super) fn read(kind: Kind, json: &Value) -> Option<Self> {
        let object = json.as_object()?;
        let id = object.get("id")?.as_i64().filter(|id| *id > 0)?;
        Some(match kind {
            Kind::Event => Self::Event(event(id, object)),
            Kind::Incident => Self::Incident(incident(id, object)),
        })
    }

    pub(super) fn name(&self) -> Name {
        match self {
            Self::Event(event) => Name { kind: Kind::Event, id: event.id },
            Self::Incident(incident) => Name { kind: Kind::Incident, id: incident.id },
        }
    }

    /// NetBox's word for where it stands.
    pub(super) fn status(&self) -> &str {
        match self {
            Self::Event(event) => &event.status,
            Self::Incident(incident) => &incident.status,
        }
    }
}

fn event(id: i64, object: &Map<String, Value>) -> Event {
    let fields = Fields::new(object);
    Event {
        id,
        message: fields.text("message"),
        dedup_id: fields.text("dedup_id"),
        status: choice(&fields, "status"),
        criticallity: choice(&fields, "criticallity"),
        created_at: fields.text("created_at"),
        last_seen_at: fields.text("last_seen_at"),
        source: fields.text("event_source_name"),
        target: target(object, &fields),
        incident_ids: list(object, "incident_ids").filter_map(Value::as_i64).collect(),
    }
}

/// The plugin's own `has_valid_target` is null, false or a number, so it is worked out from what it is made of.
fn target(object: &Map<String, Value>, fields: &Fields<'_>) -> Option<Target> {
    let is_valid = object.get("is_valid").and_then(Value::as_bool).unwrap_or(true);
    let id = object.get("object_id")?.as_i64()?;
    let typed = object.get("content_type").is_some_and(|content_type| !content_type.is_null());
    let name = fields.text("target_display").unwrap_or_else(|| id.to_string());
    let model = fields.text("content_type_name").unwrap_or_else(|| "object".to_owned());
    (is_valid && typed).then_some(Target { model, name, id })
}

fn incident(id: i64, object: &Map<String, Value>) -> Incident {
    let fields = Fields::new(object);
    let services: Vec<String> =
        fields.objects("affected_services").filter_map(|service| service.text("name")).collect();
    Incident {
        id,
        title: fields.text("title"),
        description: fields.text("description"),
        status: choice(&fields, "status"),
        severity: choice(&fields, "severity"),
        created_at: fields.text("created_at"),
        updated_at: fields.text("updated_at"),
        detected_at: fields.text("detected_at"),
        resolved_at: fields.text("resolved_at"),
        reporter: fields.text("reporter"),
        commander: fields.text("commander"),
        events_count: object.get("events_count").and_then(Value::as_i64).unwrap_or(0),
        services,
        responders_count: object.get("responders_count").and_then(Value::as_i64).unwrap_or(0),
        has_dedup_field: object.contains_key("pagerduty_dedup_key"),
    }
}

/// A choice is plain text with the plugin, and `{"value", "label"}` with NetBox's own objects.
fn choice(fields: &Fields<'_>, name: &str) -> String {
    let nested = || fields.object(name).and_then(|choice| Fields::new(choice).text("value"));
    fields.text(name).or_else(nested).unwrap_or_default()
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    object.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) next: Option<String>,
    pub(super) results: Vec<Value>,
}

/// What NetBox says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default, rename = "netbox-version")]
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) plugins: Map<String, Value>,
    #[serde(default, rename = "rq-workers-running")]
    pub(super) workers: Option<u64>,
}

/// A webhook of any version of NetBox from 4.1 to 4.7.
#[derive(Debug, Deserialize)]
pub(super) struct Hook {
    /// `created`, `updated` or `deleted`.
    pub(super) event: String,
    /// With the app, as `business_application.event`; from 4.4 on.
    #[serde(default)]
    pub(super) object_type: Option<String>,
    /// Without the app; up to 4.4.
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) timestamp: Option<String>,
    /// Up to 4.6.
    #[serde(default)]
    pub(super) username: Option<String>,
    /// Up to 4.6.
    #[serde(default)]
    pub(super) request_id: Option<String>,
    /// From 4.6 on.
    #[serde(default)]
    pub(super) request: Option<Request>,
    pub(super) data: Value,
}

/// The request that caused a webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) user: Option<Value>,
}

impl Hook {
    /// What it is about; `None` for what is not followed.
    pub(super) fn kind(&self) -> Option<Kind> {
        let model = match (&self.object_type, &self.model) {
            (Some(typed), _) => typed.strip_prefix("business_application.")?,
            (None, Some(model)) => model,
            (None, None) => return None,
        };
        [Kind::Event, Kind::Incident].into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(model.trim()))
    }

    /// Who did it.
    pub(super) fn user(&self) -> Option<&str> {
        let user = self.request.as_ref().and_then(|request| request.user.as_ref());
        let named = user.and_then(|user| user.as_str().or_else(|| user.get("username")?.as_str()));
        named.or(self.username.as_deref()).filter(|name| !name.trim().is_empty())
    }

    /// The id of the request that caused it.
    pub(super) fn request_id(&self) -> Option<&str> {
        let id = self.request.as_ref().and_then(|request| request.id.as_deref());
        id.or(self.request_id.as_deref()).filter(|id| !id.trim().is_empty())
    }
}

/// An answer with an error status, in any of NetBox's forms.
pub(super) fn problem(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let object = json.as_object()?;
    if let Some(text) = ["detail", "error"].iter().find_map(|name| object.get(*name)?.as_str()) {
        let more = object.get("details").and_then(Value::as_str);
        return Some(more.map_or_else(|| text.to_owned(), |more| format!("{text}: {more}")));
    }
    let fields = object.get("errors").and_then(Value::as_object).unwrap_or(object);
    let words = fields.iter().map(|(field, wrong)| format!("{field}: {}", words(wrong)));
    Some(words.collect::<Vec<_>>().join("; "))
}

fn words(wrong: &Value) -> String {
    match wrong {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A change of an Incident; what is `None` stays as it is.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct IncidentChange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'a str>,
    /// `Some(None)` takes it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resolved_at: Option<Option<String>>,
}

/// A change of an Event's status.
#[derive(Debug, Serialize)]
pub(super) struct EventChange<'a> {
    pub(super) status: &'a str,
}

/// A new entry of NetBox's journal.
#[derive(Debug, Serialize)]
pub(super) struct NewJournalEntry<'a> {
    pub(super) assigned_object_type: &'a str,
    pub(super) assigned_object_id: i64,
    pub(super) kind: &'a str,
    pub(super) comments: &'a str,
}
