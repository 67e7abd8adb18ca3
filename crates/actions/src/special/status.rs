//! Acknowledging and resolving: one, several, or all that fit.

use http::Method;
use pagerduty::rest::incidents::BULK_MAX;
use pagerduty::rest::raw;
use pagerduty::{Class, Error};
use serde_json::{Map, Value, json};

use crate::action::Action;
use crate::incident;
use crate::input::Args;
use crate::outcome::ActionError;
use crate::request::{Built, build};
use crate::run::{Done, Item, gathered, plain, refused_as};
use crate::session::{Session, Stop};

/// What an incident is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Acknowledged,
    Resolved,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// How PagerDuty says that it is so already.
    fn already(self) -> Class {
        match self {
            Self::Acknowledged => Class::AlreadyAcknowledged,
            Self::Resolved => Class::AlreadyResolved,
        }
    }

    /// The statuses that can be changed to it.
    fn before(self) -> &'static [&'static str] {
        match self {
            Self::Acknowledged => &["triggered"],
            Self::Resolved => &["triggered", "acknowledged"],
        }
    }

    fn change(self, args: &Args) -> Map<String, Value> {
        let mut change = Map::new();
        change.insert("type".to_owned(), json!("incident_reference"));
        change.insert("status".to_owned(), json!(self.as_str()));
        if let Some(resolution) = args.get("resolution") {
            change.insert("resolution".to_owned(), resolution.clone());
        }
        change
    }
}

pub(crate) async fn one(session: &Session<'_>, action: &Action, status: Status, args: &Args) -> Result<Done, Stop> {
    match plain(session, action, args).await {
        Err(stop) if refused_as(&stop, status.already()) => {
            let path = build(action, args);
            Ok(Done::already(session.look(Built::get(&path.path(), &[]).call()).await?.value))
        }
        other => other,
    }
}

/// Brings incidents to `status` with as few requests as can be; where PagerDuty refuses many at once, one by one.
pub(crate) async fn several(session: &Session<'_>, status: Status, args: &Args, names: Vec<String>) -> Vec<Item> {
    let (mut items, mut meant): (Vec<Item>, Vec<Meant>) = (Vec::new(), Vec::new());
    for name in names {
        match incident::find(session, &name).await {
            // Two names of one incident are one change.
            Ok(id) if meant.iter().any(|other| other.id == id) => {}
            Ok(id) => meant.push(Meant { name, id }),
            Err(stop) => items.push((name, Err(stop))),
        }
    }
    let change = status.change(args);
    for chunk in meant.chunks(BULK_MAX) {
        match at_once(session, &change, chunk).await {
            Ok(mut done) => items.append(&mut done),
            Err(Stop::Said(error)) if chunk.len() > 1 && is_about_some(&error) => {
                for one in chunk {
                    items.push((one.name.clone(), alone(session, status, &change, &one.id).await));
                }
            }
            Err(stop) => items.extend(same_for_all(chunk, stop)),
        }
    }
    items
}

/// An incident, and what it was called.
struct Meant {
    name: String,
    id: String,
}

pub(crate) async fn all(session: &Session<'_>, action: &Action, status: Status, args: &Args) -> Result<Done, Stop> {
    let mut built = Built::get(&["incidents"], &[]);
    built.query = build(action, args).query;
    if built.query.is_empty() {
        let message = "say which incidents are meant: give at least one of `service_ids`, `team_ids`, `user_ids`, `urgencies`, `since`, `until`";
        return Err(ActionError::invalid(message).into());
    }
    built.query.extend(status.before().iter().map(|&status| ("statuses[]".to_owned(), status.to_owned())));
    let maximum = args.get("maximum").and_then(Value::as_u64).and_then(|maximum| usize::try_from(maximum).ok());
    let (incidents, more) = session.list(&built, "incidents", maximum.unwrap_or(1), false).await?;
    let ids = incidents.iter().filter_map(|incident| incident["id"].as_str()).map(str::to_owned).collect();
    let done = gathered(several(session, status, args, ids).await)?;
    Ok(Done { more, ..done })
}

async fn at_once(session: &Session<'_>, change: &Map<String, Value>, meant: &[Meant]) -> Result<Vec<Item>, Stop> {
    let entry = |one: &Meant| {
        let mut entry = change.clone();
        entry.insert("id".to_owned(), json!(one.id));
        Value::Object(entry)
    };
    let body = json!({"incidents": meant.iter().map(entry).collect::<Vec<_>>()});
    let call = raw::request_at(Method::PUT, &["incidents"], &[], Some(&body)).repeatable();
    let answer = session.send(call).await?.value;
    let incidents = answer["incidents"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |one: &Meant| {
        let found = incidents.iter().find(|incident| incident["id"] == one.id.as_str());
        let result = found.cloned().unwrap_or_else(|| json!({"id": one.id}));
        (one.name.clone(), Ok(Done::new(json!({"incident": result}))))
    };
    Ok(meant.iter().map(of).collect())
}

/// Tells whether the refusal is about some of the incidents, so that the others may be changed one by one.
fn is_about_some(error: &Error) -> bool {
    matches!(error.class(), Class::Permanent | Class::NotFound | Class::AlreadyAcknowledged | Class::AlreadyResolved)
}

async fn alone(session: &Session<'_>, status: Status, change: &Map<String, Value>, id: &str) -> Result<Done, Stop> {
    let path = ["incidents", id];
    let call = raw::request_at(Method::PUT, &path, &[], Some(&json!({"incident": change}))).repeatable();
    match session.send(call).await {
        Ok(reply) => Ok(Done::new(reply.value)),
        Err(stop) if refused_as(&stop, status.already()) => {
            Ok(Done::already(session.look(Built::get(&path, &[]).call()).await?.value))
        }
        Err(stop) => Err(stop),
    }
}

fn same_for_all(meant: &[Meant], stop: Stop) -> Vec<Item> {
    let error = match stop {
        Stop::Planned => return meant.iter().map(|one| (one.name.clone(), Err(Stop::Planned))).collect(),
        Stop::Failed(error) => error,
        Stop::Said(error) => (*error).into(),
    };
    meant.iter().map(|one| (one.name.clone(), Err(Stop::Failed(error.clone())))).collect()
}
