//! The pack as it is written.
//!
//! To change what is expected, run with `INSTA_UPDATE=always`; then review the change.

use pagebridge_actions::{Catalogue, Surface};
use pagebridge_stackstorm::{Files, Ref, check, field_name, pack};
use serde_json::Value;

/// What the actions of the pack 2.0.0 took.
const OLD: &str = include_str!("../../../../fixtures/stackstorm/pack_2_0_0.json");

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files.get(path).unwrap_or_else(|| panic!("no {path}")).clone()).expect("text")
}

fn yaml(files: &Files, path: &str) -> Value {
    serde_saphyr::from_str(&text(files, path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn no_rule_is_broken() {
    for name in [Ref::PagerDuty, Ref::Pagebridge] {
        let found: Vec<String> = check(&pack(name)).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn every_action_of_the_catalogue_is_in_it_and_no_python() {
    let files = pack(Ref::PagerDuty);
    let offered = |action: &&pagebridge_actions::Action| action.surfaces.contains(&Surface::StackStorm);
    let mut wanted: Vec<String> =
        Catalogue::new().actions().filter(offered).map(|action| format!("actions/{}.yaml", action.name)).collect();
    wanted.sort_unstable();
    let written: Vec<&String> = files.keys().filter(|path| path.starts_with("actions/")).collect();
    assert_eq!(written, wanted.iter().collect::<Vec<_>>());
    assert!(!files.keys().any(|path| path.ends_with(".py") || path.ends_with("requirements.txt")));
    let readme = text(&files, "README.md");
    assert!(readme.contains(&format!("{} actions", wanted.len())) && !readme.contains('@'), "{readme}");
}

#[test]
fn the_icon_is_a_png_of_64_by_64() {
    let files = pack(Ref::PagerDuty);
    let icon = &files["icon.png"];
    assert!(icon.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(icon[16..24], [0, 0, 0, 64, 0, 0, 0, 64]);
}

#[test]
fn whoever_calls_an_action_of_the_old_pack_can_go_on() {
    let files = pack(Ref::PagerDuty);
    let old: Value = serde_json::from_str(OLD).expect("JSON");
    let old = old.as_object().expect("a map");
    assert_eq!(old.len(), 65);
    for (action, wanted) in old {
        let new = yaml(&files, &format!("actions/{action}.yaml"));
        assert_eq!(new["enabled"], true);
        let wanted = wanted.as_object().expect("a map");
        let parameters = new["parameters"].as_object().expect("a map");
        for (name, old) in wanted {
            let place = format!("{action} {name}");
            let new = parameters.get(name).unwrap_or_else(|| panic!("{place} is gone"));
            if !old["type"].is_null() {
                assert_eq!(new["type"], old["type"], "{place}");
            }
            let is_template = old["default"].as_str().is_some_and(|text| text.contains("{{"));
            if !is_template {
                assert_eq!(new["default"], old["default"], "{place}");
            }
            assert_ne!(new["immutable"], true, "{place}");
        }
        for (name, new) in parameters {
            let was_required = wanted.get(name).is_some_and(|old| old["required"] == true);
            assert!(new["required"] != true || was_required, "{action} {name} is required now");
        }
    }
}

#[test]
fn names_that_the_runner_has_for_itself_are_never_a_field() {
    let files = pack(Ref::PagerDuty);
    for action in Catalogue::new().actions() {
        let file = yaml(&files, &format!("actions/{}.yaml", action.name));
        let parameters = file["parameters"].as_object().expect("a map");
        let fields = action.fields();
        // Five are the runner's: url, method, headers, body, timeout.
        assert_eq!(parameters.len(), fields.len() + 5, "{}", action.name);
        for field in fields {
            let secret = parameters[&field_name(action, field.name)]["secret"] == true;
            assert_eq!(secret, field.secret, "{} {}", action.name, field.name);
        }
    }
    let hook = Catalogue::new().get("webhook_subscription.create.simple").expect("in the catalogue");
    assert_eq!(field_name(hook, "url"), "webhook_subscription_url");
    assert!(
        text(&files, "actions/webhook_subscription.create.simple.yaml")
            .contains("'\"url\": ' ~ (webhook_subscription_url")
    );
}

#[test]
fn some_files() {
    let files = pack(Ref::PagerDuty);
    for path in [
        "pack.yaml",
        "config.schema.yaml",
        "pagerduty.yaml.example",
        "actions/incident.acknowledge.yaml",
        "actions/incident.find.yaml",
        "actions/webhook_subscription.create.simple.yaml",
        "aliases/find_incidents.yaml",
        "aliases/launch_incident.yaml",
        "rules/trigger_from_webhook.yaml",
    ] {
        insta::assert_snapshot!(path.replace(['/', '.'], "_"), text(&files, path));
    }
}
