//! Carrying an action out.

use pagerduty::Class;
use serde_json::{Value, json};

use crate::action::{Action, Answer, Identity};
use crate::caller::Caller;
use crate::catalogue::Catalogue;
use crate::incident;
use crate::input::{self, Args};
use crate::outcome::{ActionError, ErrorKind, Outcome};
use crate::param::{Kind, Param};
use crate::request::{self, build};
use crate::session::{Session, Stop};
use crate::special::{self, Special};

/// What was done, as far as it was.
pub(crate) struct Done {
    pub(crate) result: Value,
    /// Nothing had to be changed.
    pub(crate) already: bool,
    /// The list was cut.
    pub(crate) more: bool,
    /// Why not all of it was done.
    pub(crate) failed: Option<ActionError>,
}

impl Done {
    pub(crate) fn new(result: Value) -> Self {
        Self { result, already: false, more: false, failed: None }
    }

    pub(crate) fn already(result: Value) -> Self {
        Self { already: true, ..Self::new(result) }
    }
}

/// What became of one of several.
pub(crate) type Item = (String, Result<Done, Stop>);

/// Checks `input`, carries out the action called `name`, and tells what came of it.
///
/// Where several ids are given, each gets its own requests, one after the other, and what goes wrong with one does not keep the others from
/// being done. Nothing is sent when the input is not right.
pub async fn run(catalogue: &Catalogue, name: &str, input: Value, caller: &Caller) -> Outcome {
    let Some(action) = catalogue.get(name) else {
        return Outcome::failed(unknown(catalogue, name));
    };
    let mut args = match input::check(action, input) {
        Ok(args) => args,
        Err(error) => return Outcome::failed(error),
    };
    let session = Session::new(caller, from(action, &mut args, caller));
    let done = match targets(action, &mut args) {
        Some((param, ids)) => several(&session, action, &args, param, ids).await,
        None => one(&session, action, args).await,
    };
    match done {
        Err(Stop::Failed(error)) => Outcome::failed(error),
        Err(Stop::Said(error)) => Outcome::failed((*error).into()),
        Ok(Done { failed: Some(error), .. }) if caller.dry_run => Outcome::failed(error),
        Ok(_) | Err(Stop::Planned) if caller.dry_run => succeeded(Done::new(session.into_plan())),
        Ok(done) => succeeded(done),
        Err(Stop::Planned) => unreachable!("only a dry run plans"),
    }
}

fn succeeded(done: Done) -> Outcome {
    let Done { result, already, more, failed } = done;
    Outcome { ok: failed.is_none(), result: Some(result), error: failed, already, more }
}

fn unknown(catalogue: &Catalogue, name: &str) -> ActionError {
    let about = name.split('.').next().unwrap_or_default();
    let alike: Vec<&str> =
        catalogue.actions().map(|action| action.name).filter(|other| other.split('.').next() == Some(about)).collect();
    let hint = if alike.is_empty() { String::new() } else { format!("; there are {}", alike.join(", ")) };
    ActionError::new(ErrorKind::UnknownAction, format!("there is no action `{name}`{hint}"))
}

fn from(action: &Action, args: &mut Args, caller: &Caller) -> Option<String> {
    let given = args.remove("from_email").as_ref().map(request::text);
    match action.identity {
        Identity::Unneeded => None,
        Identity::Accepted | Identity::Needed => given.or_else(|| caller.from.clone()),
    }
}

/// Takes the several ids out of the input, if that is how they are given; each once.
fn targets(action: &Action, args: &mut Args) -> Option<(&'static Param, Vec<String>)> {
    let param = action.params.iter().find(|param| param.several)?;
    if !args.get(param.name)?.is_array() {
        return None;
    }
    let Some(Value::Array(values)) = args.remove(param.name) else { return None };
    let mut ids: Vec<String> = Vec::new();
    for id in values.iter().map(request::text) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some((param, ids))
}

async fn several(
    session: &Session<'_>,
    action: &Action,
    args: &Args,
    param: &Param,
    ids: Vec<String>,
) -> Result<Done, Stop> {
    let items = match action.special {
        Special::Status(status) => special::status::several(session, status, args, ids).await,
        _ => {
            let mut items: Vec<Item> = Vec::new();
            let count = ids.len();
            for id in ids {
                let mut args = args.clone();
                args.insert(param.name.to_owned(), json!(id));
                items.push((id, one(session, action, args).await));
                session.caller.tell(items.len(), count);
            }
            items
        }
    };
    gathered(items)
}

/// Makes one result of several.
pub(crate) fn gathered(items: Vec<Item>) -> Result<Done, Stop> {
    let (count, mut wrong, mut planned) = (items.len(), 0, 0);
    let mut list = Vec::new();
    for (id, end) in items {
        let error = match end {
            Ok(Done { result, already, more, failed: None }) => {
                let outcome = Outcome { ok: true, result: Some(result), error: None, already, more };
                list.push(named(id, &outcome));
                continue;
            }
            Ok(Done { failed: Some(error), .. }) | Err(Stop::Failed(error)) => error,
            Err(Stop::Said(error)) => (*error).into(),
            Err(Stop::Planned) => {
                planned += 1;
                continue;
            }
        };
        wrong += 1;
        list.push(named(id, &Outcome::failed(error)));
    }
    if planned > 0 && wrong == 0 {
        return Err(Stop::Planned);
    }
    let message = format!("{wrong} of {count} failed, `result` says of each what became of it");
    let failed = (wrong > 0).then(|| ActionError::new(ErrorKind::Partial, message));
    Ok(Done { failed, ..Done::new(Value::Array(list)) })
}

fn named(id: String, outcome: &Outcome) -> Value {
    let mut value = serde_json::to_value(outcome).expect("an outcome has text keys and cannot fail");
    value["id"] = json!(id);
    value
}

/// Carries the action out once.
async fn one(session: &Session<'_>, action: &Action, mut args: Args) -> Result<Done, Stop> {
    for param in action.params {
        match (param.kind, args.get_mut(param.name)) {
            (Kind::Incident, Some(name)) => *name = json!(incident::find(session, &request::text(name)).await?),
            (Kind::Incidents, Some(Value::Array(names))) => {
                for name in names {
                    *name = json!(incident::find(session, &request::text(name)).await?);
                }
            }
            _ => {}
        }
    }
    special::carry_out(session, action, args).await
}

/// Sends the main request, and gives what of the answer is the result.
pub(crate) async fn plain(session: &Session<'_>, action: &Action, args: &Args) -> Result<Done, Stop> {
    let built = build(action, args);
    if let Answer::List(key, _) = action.route.answer {
        let maximum = args.get("maximum").and_then(Value::as_u64).unwrap_or(1);
        let maximum = usize::try_from(maximum).unwrap_or(usize::MAX);
        let (items, more) = session.list(&built, key, maximum, true).await?;
        return Ok(Done { more, ..Done::new(Value::Array(items)) });
    }
    let body = session.send(built.call()).await?.value;
    Ok(Done::new(result(action.route.answer, body)))
}

pub(crate) fn result(answer: Answer, mut body: Value) -> Value {
    match answer {
        Answer::Object(key) => match body.get_mut(key) {
            Some(object) => object.take(),
            None => body,
        },
        Answer::All(key) | Answer::List(key, _) => body.get_mut(key).map_or_else(|| json!([]), Value::take),
        Answer::Whole | Answer::Made => body,
        Answer::Deleted => json!({"deleted": true}),
        Answer::Success => json!({"success": true}),
    }
}

/// Tells whether PagerDuty refused for a reason of this class.
pub(crate) fn refused_as(stop: &Stop, class: Class) -> bool {
    matches!(stop, Stop::Said(error) if error.class() == class)
}
