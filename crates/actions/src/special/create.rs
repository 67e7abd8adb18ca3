//! Making an incident, once per key.

use pagerduty::Class;
use serde_json::Value;

use crate::action::Action;
use crate::incident as incidents;
use crate::input::Args;
use crate::request::{Built, build};
use crate::run::{Done, plain, refused_as, result};
use crate::session::{Session, Stop};

pub(crate) async fn incident(session: &Session<'_>, action: &Action, args: &Args) -> Result<Done, Stop> {
    let stop = match plain(session, action, args).await {
        Err(stop) if refused_as(&stop, Class::Duplicate) => stop,
        other => return other,
    };
    let body = build(action, args).body.unwrap_or_default();
    let Some(key) = body.pointer("/incident/incident_key").and_then(Value::as_str) else {
        return Err(stop);
    };
    let id = incidents::find(session, &format!("key:{key}")).await?;
    let open = session.look(Built::get(&["incidents", &id], &[]).call()).await?.value;
    Ok(Done::already(result(action.route.answer, open)))
}
