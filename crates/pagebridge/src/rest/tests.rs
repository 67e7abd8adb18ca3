//! Every action has one command, and what can be typed is what it takes.

use super::*;
use crate::cli::Cli;
use clap::{CommandFactory, Parser};
use pagebridge_actions::{Kind, Param, Surface};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn the_command_line_holds_together() {
    Cli::command().debug_assert();
    crate::help::grouped(Cli::command()).debug_assert();
}

#[test]
fn every_action_has_exactly_one_command_and_every_noun_says_what_it_is() {
    let catalogue = Catalogue::new();
    let mut paths: BTreeMap<String, &str> = BTreeMap::new();
    for noun in names::nouns(&catalogue) {
        assert!(!noun.about.is_empty(), "{} has no text in NOUNS", noun.name);
        let mut names: Vec<&str> =
            noun.verbs.iter().flat_map(|verb| verb.aliases.iter().chain([&verb.name])).map(String::as_str).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}: a name means two things: {names:?}", noun.name);
        for verb in &noun.verbs {
            let old = paths.insert(format!("{} {}", noun.name, verb.name), verb.action.name);
            assert_eq!(old, None, "{}", verb.action.name);
        }
    }
    let mut reached: Vec<&str> = paths.values().copied().collect();
    reached.sort_unstable();
    let wanted: Vec<&str> = catalogue
        .actions()
        .filter(|action| action.surfaces.contains(&Surface::Cli))
        .map(|action| action.name)
        .collect();
    assert_eq!(reached, wanted);
    let listed: String = paths.iter().map(|(path, name)| format!("{path:48}{name}\n")).collect();
    insta::assert_snapshot!(listed);
}

/// Something that may be typed for a field, and what it stands for.
fn sample(field: &Param) -> (Vec<String>, Value) {
    let one = |text: &str| (vec![text.to_owned()], json!(text));
    match field.kind {
        Kind::Choice(words) => one(words[0]),
        Kind::Choices(words) => (vec![words.join(",")], json!(words)),
        Kind::Texts | Kind::Incidents => (vec!["PA,PB".to_owned(), "PC".to_owned()], json!(["PA", "PB", "PC"])),
        Kind::Integer(least, _) => (vec![least.to_string()], json!(least)),
        Kind::Boolean => (vec!["false".to_owned()], json!(false)),
        Kind::Object => (vec!["{\"a\": 1}".to_owned()], json!({"a": 1})),
        Kind::Json(schema) => {
            let value = instance(&schema());
            (vec![value.to_string()], value)
        }
        Kind::Text | Kind::Id | Kind::Incident => one("PX y"),
    }
}

/// The least that a schema takes.
fn instance(schema: &Value) -> Value {
    let first = |name: &str| schema[name].as_array().and_then(|all| all.first()).cloned();
    if let Some(value) = schema.get("const").cloned().or_else(|| first("enum")) {
        return value;
    }
    if let Some(inner) = first("anyOf").or_else(|| first("oneOf")).or_else(|| first("allOf")) {
        return instance(&inner);
    }
    let kind = schema["type"].as_str().map(str::to_owned).or_else(|| Some(first("type")?.as_str()?.to_owned()));
    match kind.as_deref() {
        Some("array") => json!([instance(&schema["items"])]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("string") if schema.get("pattern").is_some() => json!("https://example.com/"),
        Some("string") => json!("2026-11-27T12:00:00Z"),
        _ => {
            let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.map(|name| (name.to_owned(), instance(&schema["properties"][name]))).collect()
        }
    }
}

#[test]
fn what_is_typed_is_what_the_schema_takes() {
    let catalogue = Catalogue::new();
    for action in catalogue.actions().filter(|action| action.surfaces.contains(&Surface::Cli)) {
        let (noun, verb) = names::command(&catalogue, action);
        for only_needed in [true, false] {
            let (mut typed, mut wanted) = (vec!["pagebridge".to_owned(), noun.clone(), verb.name.clone()], json!({}));
            let subject = grammar::subject(action).map(|subject| subject.name);
            for field in action.fields().iter().filter(|field| field.name != "from_email") {
                let (texts, value) = sample(field);
                if only_needed && !field.required {
                    continue;
                }
                if subject != Some(field.name) {
                    let flag = field.name.replace('_', "-");
                    typed.extend(texts.iter().map(|text| format!("--{flag}={text}")));
                    wanted[field.name] = value;
                } else if field.several && !only_needed {
                    typed.extend(["P1".to_owned(), "#2".to_owned()]);
                    wanted[field.name] = json!(["P1", "#2"]);
                } else {
                    typed.push("#42".to_owned());
                    wanted[field.name] = json!("#42");
                }
            }
            let cli = Cli::try_parse_from(&typed).unwrap_or_else(|error| panic!("{}: {error}", action.name));
            let crate::cli::Command::PagerDuty(Asked::Verb(asked)) = cli.command else { panic!("{}", action.name) };
            assert_eq!(asked.action.name, action.name);
            let input = input::input(action, &asked.matches, &mut input::Elsewhere::default())
                .unwrap_or_else(|error| panic!("{}: {error}", action.name));
            assert_eq!(input, wanted, "{}", action.name);
            let validator = jsonschema::validator_for(&action.input()).expect("a schema");
            let wrong: Vec<String> = validator.iter_errors(&input).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?} {input}", action.name);
        }
    }
}

#[test]
fn lists_may_be_named_by_one_and_all_means_as_many_as_there_are() {
    let parse = |line: &str| {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}"));
        let crate::cli::Command::PagerDuty(Asked::Verb(asked)) = cli.command else { panic!("{line}") };
        (
            asked.action.name,
            input::input(asked.action, &asked.matches, &mut input::Elsewhere::default()).expect("an input"),
        )
    };
    for (line, name, input) in [
        (
            "pagebridge incident list --status triggered --urgency high --all",
            "incident.find",
            json!({"statuses": ["triggered"], "urgencies": ["high"], "maximum": 10_000}),
        ),
        (
            "pagebridge incident find --service-id PA --service-id PB",
            "incident.find",
            json!({"service_ids": ["PA", "PB"]}),
        ),
        (
            "pagebridge schedule override PS --start a --end b --user-id PU",
            "schedule.create_override.simple",
            json!({"entity_id": "PS", "start": "a", "end": "b", "user_id": "PU"}),
        ),
        ("pagebridge incident ack 1 2", "incident.acknowledge", json!({"entity_id": ["1", "2"]})),
        ("pagebridge incident get 42", "incident.get", json!({"entity_id": "42"})),
        ("pagebridge oncall list --earliest", "on_call.find", json!({"earliest": true})),
        (
            "pagebridge incident merge 1 --source-incidents 2,3",
            "incident.merge",
            json!({"entity_id": "1", "source_incidents": ["2", "3"]}),
        ),
    ] {
        assert_eq!(parse(line), (name, input), "{line}");
    }
    for line in [
        "pagebridge incident list --all --maximum 3",
        "pagebridge incident list --dry-run",
        "pagebridge incident list --status new",
    ] {
        Cli::try_parse_from(line.split(' ')).expect_err(line);
    }
}
