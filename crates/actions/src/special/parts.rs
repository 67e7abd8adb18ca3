//! Reading an object, and then each of what it refers to.

use serde_json::Value;

use crate::action::Action;
use crate::input::Args;
use crate::request::{Built, build};
use crate::run::Done;
use crate::session::{Session, Stop};

pub(crate) async fn services(session: &Session<'_>, action: &Action, args: &Args) -> Result<Done, Stop> {
    let policy = session.send(build(action, args).call()).await?.value;
    let mut services = Vec::new();
    for id in ids(&policy["escalation_policy"]["services"]) {
        let one = session.send(Built::get(&["services", &id], &[]).call()).await?.value;
        services.push(one["service"].clone());
    }
    Ok(Done::new(Value::Array(services)))
}

pub(crate) async fn integrations(session: &Session<'_>, action: &Action, args: &Args) -> Result<Done, Stop> {
    let service = session.send(build(action, args).call()).await?.value;
    let service = &service["service"];
    let service_id = service["id"].as_str().unwrap_or_default();
    let mut integrations = Vec::new();
    for id in ids(&service["integrations"]) {
        let one = Built::get(&["services", service_id, "integrations", &id], &[]);
        let one = session.send(one.call()).await?.value;
        integrations.push(one["integration"].clone());
    }
    Ok(Done::new(Value::Array(integrations)))
}

fn ids(references: &Value) -> Vec<String> {
    let references = references.as_array().into_iter().flatten();
    references.filter_map(|reference| reference["id"].as_str()).map(str::to_owned).collect()
}
