use super::*;
use serde_json::json;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// An event that nothing can be said of.
fn good() -> Value {
    json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": "db-07/disk",
        "payload": {"summary": "Disk full on db-07", "source": "db-07.example.com", "severity": "error",
            "timestamp": "2015-07-17T08:42:58.315+0000", "custom_details": {"used": "97 %"}},
        "links": [{"href": "https://wiki.example.com/disk-full", "text": "Runbook"}],
        "images": [{"src": "https://graphs.example.com/db-07.png"}],
    })
}

fn good_v1() -> Value {
    json!({
        "service_key": KEY, "event_type": "trigger", "incident_key": "db-07/disk", "description": "Disk full on db-07",
        "client": "nagios", "details": {"used": "97 %"},
        "contexts": [{"type": "link", "href": "https://wiki.example.com/disk-full"}],
    })
}

fn good_change() -> Value {
    json!({"routing_key": KEY, "payload": {"summary": "Deployed api 2.5.0", "source": "ci"}, "links": [{"href": "https://ci.example.com/1"}]})
}

/// Sets one field by its path; null takes it away.
fn with(mut event: Value, path: &str, value: Value) -> Value {
    let at = event.pointer_mut(path);
    match at {
        Some(at) => *at = value,
        None => {
            let (parent, name) = path.rsplit_once('/').expect("a path");
            event.pointer_mut(parent).expect("a parent")[name] = value;
        }
    }
    event
}

fn rules(event: &Value) -> Vec<&'static str> {
    lint(&event.to_string()).into_iter().map(|one| one.rule).collect()
}

#[test]
fn nothing_is_said_of_good_events() {
    for (event, kind) in [(good(), Kind::V2), (good_v1(), Kind::V1), (good_change(), Kind::Change)] {
        assert_eq!(kind_of(&event), kind);
        assert_eq!(lint(&event.to_string()), [], "{event}");
    }
    for action in ["acknowledge", "resolve"] {
        let event = json!({"routing_key": KEY, "event_action": action, "dedup_key": "db-07/disk"});
        assert_eq!(rules(&event), [""; 0]);
    }
}

#[test]
fn each_rule_of_version_2_is_broken_by_its_own_event() {
    let long = |length: usize| "x".repeat(length);
    let summary = |text: &str| format!("{text} on db-07");
    let table: Vec<(&str, Value, &[&str])> = vec![
        ("/routing_key", json!(long(31)), &["routing-key"]),
        ("/routing_key", json!(format!("{}!", long(31))), &["routing-key"]),
        ("/routing_key", json!("u+abcdefghijklmnopqr"), &["api-key"]),
        ("/routing_key", Value::Null, &[]),
        ("/event_action", json!("Trigger"), &["action"]),
        ("/event_action", json!(7), &["action"]),
        ("/dedup_key", json!(long(256)), &["dedup-key-length"]),
        ("/dedup_key", json!(long(255)), &[]),
        ("/dedup_key", Value::Null, &["dedup-key"]),
        ("/dedup_key", json!("alert"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("test-1700000000"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("db-07/1700000000123"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("db-07 2026-11-20T17:00"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("3f2504e0-4f89-41d3-9a0c-0305e82c3301"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("4711"), &["dedup-key-meaning"]),
        ("/dedup_key", json!("order-4711/payment"), &[]),
        ("/payload", json!("text"), &["payload"]),
        ("/payload/summary", json!(" "), &["summary"]),
        ("/payload/summary", json!(summary(&long(1018))), &["summary-length", "summary-brief"]),
        ("/payload/summary", json!(summary(&"ä".repeat(300))), &["summary-brief"]),
        ("/payload/summary", json!("db-07 bad"), &["summary-brief"]),
        ("/payload/summary", json!("Disk full on db-07\nsecond line"), &["summary-brief"]),
        ("/payload/summary", json!("The disk is nearly full"), &["where"]),
        ("/payload/summary", json!("The disk of 10.1.2.3 is nearly full"), &[]),
        ("/payload/source", json!(""), &["source"]),
        ("/payload/source", json!("Unknown"), &["source-default"]),
        ("/payload/severity", json!("CRITICAL"), &["severity"]),
        ("/payload/severity", json!("fatal"), &["severity"]),
        ("/payload/timestamp", json!("yesterday"), &["timestamp"]),
        ("/payload/timestamp", json!(1_700_000_000), &["timestamp"]),
        ("/payload/timestamp", json!("2026-11-20T17:00:00Z"), &[]),
        ("/payload/custom_details", json!("text"), &["custom-details"]),
        ("/payload/custom_details", json!({}), &["details"]),
        ("/links", json!([{"text": "Runbook"}]), &["links"]),
        ("/links", json!([]), &["runbook"]),
        ("/images/0/src", json!("http://graphs.example.com/x.png"), &["images"]),
        ("/images/0/src", Value::Null, &["images"]),
    ];
    for (path, value, expected) in table {
        let event = with(good(), path, value.clone());
        assert_eq!(rules(&event), expected, "{path}: {value}");
    }
    let without_key = json!({"routing_key": KEY, "event_action": "resolve"});
    assert_eq!(rules(&without_key), ["dedup-key-needed"]);
    let large = with(good(), "/payload/custom_details", json!({"log": long(EVENT_SIZE_BYTES_MAX)}));
    assert_eq!(rules(&large), ["size"]);
    assert_eq!(lint("[1, 2]")[0].rule, "json");
    assert_eq!(lint("{oops")[0].rule, "json");
}

#[test]
fn version_1_and_changes_have_their_own_fields() {
    let long = "x".repeat(256);
    for (event, expected) in [
        (with(good_v1(), "/service_key", json!("short")), "routing-key"),
        (with(good_v1(), "/event_type", json!("open")), "action"),
        (with(good_v1(), "/incident_key", json!(long)), "dedup-key-length"),
        (with(good_v1(), "/incident_key", Value::Null), "dedup-key"),
        (with(good_v1(), "/description", json!("")), "summary"),
        (with(good_v1(), "/details", json!([])), "custom-details"),
        (with(good_v1(), "/contexts/0", json!({"type": "image", "href": "https://wiki.example.com"})), "images"),
        (json!({"service_key": KEY, "event_type": "resolve"}), "dedup-key-needed"),
        (with(good_change(), "/routing_key", json!("R123456789abcdef0123456789abcdef")), "change-key"),
        (with(good_change(), "/payload/summary", Value::Null), "summary"),
        (with(good_change(), "/payload/source", Value::Null), "source-default"),
        (with(good_change(), "/links", json!(vec![json!({"href": "https://x.test"}); 51])), "links"),
    ] {
        assert_eq!(rules(&event), [expected], "{event}");
    }
}

#[test]
fn errors_are_what_is_refused_and_each_rule_says_what_to_do() {
    assert!(RULES.iter().all(|rule| !rule.remedy.is_empty() && !rule.source.is_empty()));
    assert!(RULES.is_sorted_by_key(|rule| std::cmp::Reverse(rule.level)), "errors first");
    let lint = &lint(&with(good(), "/payload/severity", json!("fatal")).to_string())[0];
    assert_eq!((lint.level, lint.field.as_str()), (Level::Error, "payload.severity"));
    assert!(lint.detail.contains("`fatal`") && !lint.remedy.is_empty());
    let key = lint_value(&with(good(), "/routing_key", json!("a-secret-key-of-somebody")));
    assert!(!format!("{key:?}").contains("a-secret"), "keys are not told");
}

#[test]
fn many_events_are_judged_together() {
    let mut all = Together::default();
    let critical = with(good(), "/payload/severity", json!("critical"));
    (0..10).for_each(|_| all.add(&critical));
    let told: Vec<_> = all.judge().iter().map(|one| one.rule).collect();
    assert_eq!(told, ["always-critical", "resolves"]);
    all.add(&good());
    all.add(&json!({"event_action": "resolve", "dedup_key": "x"}));
    assert_eq!(all.judge(), []);
    let mut few = Together::default();
    (0..9).for_each(|_| few.add(&critical));
    assert_eq!(few.judge(), []);
}

#[test]
fn events_come_alone_in_a_list_or_one_a_line() {
    let one = good().to_string();
    assert_eq!(split(&one), [(None, one.clone())]);
    assert_eq!(split(&format!("{:#}", good())).len(), 1, "over several lines");
    assert_eq!(split(&format!("[{one}, {one}]")).len(), 2);
    let lines = split(&format!("{one}\n\n{one}\n{{\"broken\": }}\n"));
    assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [Some(1), Some(3), Some(4)]);
    assert_eq!(split("{\n\"oops\"\n").len(), 1);
    assert_eq!(split("").len(), 1, "nothing is one event that is none");
}
