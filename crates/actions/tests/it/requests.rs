//! Every action sends exactly what the snapshot of its group says, and its result is what its schema says.
//!
//! To change what is expected, run with `INSTA_UPDATE=always`; then review the change.

use std::collections::BTreeSet;
use std::fmt::Write;

use pagebridge_actions::{Catalogue, Outcome};
use serde_json::Value;

use crate::cases::{self, Case};
use crate::world::{Kept, World};

macro_rules! groups {
    ($($group:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $group() {
            insta::assert_snapshot!(stringify!($group), played(cases::of(stringify!($group))).await);
        }
    )+

    #[test]
    fn every_action_has_a_case() {
        let mut cases: Vec<Case> = Vec::new();
        $(cases.extend(cases::of(stringify!($group)));)+
        let played: BTreeSet<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
        let all: BTreeSet<&str> = Catalogue::new().actions().map(|action| action.name).collect();
        assert_eq!(all.difference(&played).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
};}

groups!(
    incidents,
    incident_help,
    events,
    escalation_policies,
    services,
    schedules,
    records,
    maintenance_windows,
    teams,
    users,
    webhooks,
    account,
);

async fn played(cases: Vec<Case>) -> String {
    let mut text = String::new();
    for (name, input) in cases {
        writeln!(text, "{}", play(&name, input).await).expect("a string takes all");
    }
    text
}

async fn play(name: &str, input: Value) -> String {
    let world = World::start().await;
    let shown = input.to_string();
    let mut meant = shown.clone();
    let mut ids: Vec<(&str, String)> = Vec::new();
    for placeholder in placeholders(&shown) {
        let id = world.id(placeholder).await;
        meant = meant.replace(&format!("\"{placeholder}\""), &format!("\"{id}\""));
        ids.push((placeholder, id));
    }
    world.requests();
    let meant: Value = serde_json::from_str(&meant).expect("still JSON");
    let outcome = world.run(name, meant.clone()).await;
    let mut text = format!("{name} {shown}\n");
    for kept in world.requests() {
        text += &line(&kept);
    }
    text += &end(name, &outcome);
    check(&world, name, &meant, &outcome);
    ids.iter().fold(text, |text, (placeholder, id)| text.replace(id, placeholder))
}

fn placeholders(input: &str) -> Vec<&str> {
    input.split('"').filter(|part| part.starts_with('$')).collect()
}

fn line(kept: &Kept) -> String {
    let from = kept.from.as_deref().map(|from| format!("  From: {from}")).unwrap_or_default();
    let path = kept.path.replace("%5B%5D", "[]").replace("%3A", ":");
    let body = kept.body.as_ref().map(|body| format!("    {body}\n")).unwrap_or_default();
    format!("  {} {path}{from}\n{body}", kept.method)
}

/// The form of the result; its content is the sandbox's.
fn end(name: &str, outcome: &Outcome) -> String {
    let flags = [("already", outcome.already), ("more", outcome.more)];
    let flags: String = flags.iter().filter(|(_, set)| *set).map(|(flag, _)| format!(" {flag}")).collect();
    let result = match &outcome.result {
        Some(Value::Array(items)) if items.is_empty() => "an empty list".to_owned(),
        Some(Value::Array(items)) => format!("a list of {}", kind(&items[0])),
        Some(object) if name.starts_with("event.") || name.contains("events_v1") => keys(object),
        Some(object) => kind(object),
        None => "nothing".to_owned(),
    };
    let error =
        outcome.error.as_ref().map(|error| format!(", {:?}: {}", error.kind, error.message)).unwrap_or_default();
    format!("  => {}{flags}: {result}{error}\n", if outcome.ok { "ok" } else { "failed" })
}

fn kind(value: &Value) -> String {
    match value["type"].as_str() {
        Some(kind) => kind.to_owned(),
        None => keys(value),
    }
}

fn keys(value: &Value) -> String {
    match value {
        Value::Object(fields) => format!("{{{}}}", fields.keys().cloned().collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn check(world: &World, name: &str, input: &Value, outcome: &Outcome) {
    assert!(outcome.ok, "{name}: {:?}", outcome.error);
    let action = world.catalogue.get(name).expect("in the catalogue");
    let result = outcome.result.as_ref().expect("a success has a result");
    let validator = jsonschema::validator_for(&action.output()).expect("a schema");
    let several = action.params.iter().any(|param| param.several && input[param.name].is_array());
    let results: Vec<&Value> = match result {
        Value::Array(items) if several => items.iter().map(|item| &item["result"]).collect(),
        one => vec![one],
    };
    for result in results {
        if let Err(error) = validator.validate(result) {
            panic!("{name}: {error}");
        }
    }
}
