//! What Opsgenie's webhooks mean: every fixture, and everything that can be wrong with a body.

use crate::support::{NOW, opsgenie, opsgenie_settings};
use http::HeaderMap;
use pagebridge_connectors::{Opsgenie, Secret};
use pagebridge_core::{Input, InputId, KeyKind, News, Status, Timestamp, Urgency, What};
use pagebridge_ports::{ManualClock, Receive, Received, Refusal};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const URL: &str = "https://api.eu.opsgenie.com";
const ALERT: &str = "b1946ac9-2f3e-4c1d-9a55-0c0f6f6f2a11";

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/opsgenie").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut fixture: Value = serde_json::from_str(&text).expect("a fixture is JSON");
    fixture["body"].take()
}

fn receive(body: &Value) -> Result<Received, Refusal> {
    opsgenie(URL).receive(&HeaderMap::new(), body.to_string().as_bytes())
}

fn input(body: &Value) -> Input {
    match receive(body) {
        Ok(Received::Input(input)) => *input,
        other => panic!("{body}: {other:?}"),
    }
}

fn news(body: &Value) -> News {
    match input(body).what {
        What::News(news) => news,
        other => panic!("{other:?}"),
    }
}

fn act(action: &str) -> Value {
    json!({"action": action, "alert": {"alertId": "test-123", "username": "test-user"}})
}

#[test]
fn every_fixture_means_what_the_table_says() {
    enum Means {
        Opened,
        Status(Status),
        Note,
        Hint,
        Nothing,
    }
    use Means::{Hint, Note, Nothing, Opened};
    let table = [
        ("webhook-acknowledge", Means::Status(Status::Acknowledged)),
        ("webhook-acknowledge-by-api-key", Means::Status(Status::Acknowledged)),
        ("webhook-addnote", Note),
        ("webhook-addnote-note-at-top", Note),
        ("webhook-addrecipient", Nothing),
        ("webhook-addresponder", Nothing),
        ("webhook-addtags", Nothing),
        ("webhook-addteam", Nothing),
        ("webhook-assignownership", Hint),
        ("webhook-close", Means::Status(Status::Resolved)),
        ("webhook-close-no-tags", Means::Status(Status::Resolved)),
        ("webhook-create", Opened),
        ("webhook-create-2017-shape", Opened),
        ("webhook-create-minimal", Opened),
        ("webhook-customaction", Nothing),
        ("webhook-delete", Means::Status(Status::Resolved)),
        ("webhook-escalate-minimal", Nothing),
        ("webhook-escalatetonext", Nothing),
        ("webhook-removetags", Nothing),
        ("webhook-snooze", Hint),
        ("webhook-snoozeended", Nothing),
        ("webhook-takeownership", Hint),
        ("webhook-unacknowledge", Means::Status(Status::Triggered)),
        ("webhook-updatedescription", Nothing),
        ("webhook-updatemessage", Nothing),
        ("webhook-updatepriority", Nothing),
    ];
    for (name, means) in &table {
        let received = receive(&fixture(name)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let input = match received {
            Received::Ignored { reason, .. } => {
                assert!(matches!(means, Nothing), "{name} is ignored");
                assert_eq!(reason, "action");
                continue;
            }
            Received::Input(input) => *input,
            other @ Received::Taken { .. } => panic!("{name}: {other:?}"),
        };
        let fits = match (&input.what, means) {
            (What::News(News::Status(told)), Means::Status(status)) => told == status,
            (What::News(told), means) => {
                matches!((told, means), (News::Opened(_), Opened) | (News::Note(_), Note) | (News::Hint, Hint))
            }
            _ => false,
        };
        assert!(fits, "{name}: {:?}", input.what);
        assert!(input.asks, "{name}");
        let [key] = &input.keys[..] else { panic!("{name}: {:?}", input.keys) };
        assert_eq!((key.kind, key.value.as_str()), (KeyKind::Record, ALERT), "{name}");
        assert_eq!(input.url.as_deref(), Some(&*format!("https://app.eu.opsgenie.com/alert/detail/{ALERT}/details")));
    }
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/opsgenie");
    let files =
        std::fs::read_dir(dir).expect("fixtures").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut webhooks: Vec<_> = files.filter(|name| name.starts_with("webhook-")).collect();
    webhooks.sort();
    let mut listed: Vec<_> = table.iter().map(|(name, _)| format!("{name}.json")).collect();
    listed.sort();
    assert_eq!(listed, webhooks, "every webhook fixture is in the table");
}

#[test]
fn a_created_alert_tells_what_it_is_about() {
    let created = input(&fixture("webhook-create"));
    assert_eq!(created.occurred_at, Some(Timestamp(1_795_183_201_456)));
    let What::News(News::Opened(opening)) = created.what else { panic!("no opening") };
    assert_eq!(opening.status, None);
    let content = opening.content;
    assert_eq!(content.title, "Disk full on db-07");
    assert_eq!(content.body, "The volume is at 98 %.\n\nregion: eu-1\nrunbook: https://runbooks.example.test/disk");
    assert_eq!((content.urgency, content.priority.as_deref()), (Urgency::High, Some("P2")));

    let old = input(&fixture("webhook-create-2017-shape"));
    assert_eq!(old.occurred_at, Some(Timestamp(1_795_183_200_123)));
    let What::News(News::Opened(opening)) = old.what else { panic!("no opening") };
    assert_eq!(opening.content.priority.as_deref(), Some("P2"));
}

#[test]
fn urgency_follows_the_priority_however_it_is_written() {
    let table = [
        (json!("P1"), Urgency::High, Some("P1")),
        (json!("P2"), Urgency::High, Some("P2")),
        (json!("P3"), Urgency::Low, Some("P3")),
        (json!("p4"), Urgency::Low, Some("P4")),
        (json!("P5"), Urgency::Low, Some("P5")),
        (json!(1), Urgency::High, Some("P1")),
        (json!(2), Urgency::High, Some("P2")),
        (json!(3), Urgency::Low, Some("P3")),
        (json!("4"), Urgency::Low, Some("P4")),
        (json!(5), Urgency::Low, Some("P5")),
        (json!(9), Urgency::High, None),
        (json!("urgent"), Urgency::High, None),
        (json!(null), Urgency::High, None),
    ];
    for (priority, urgency, word) in table {
        let mut body = act("Create");
        body["alert"]["priority"] = priority.clone();
        let News::Opened(opening) = news(&body) else { panic!("no opening") };
        assert_eq!((opening.content.urgency, opening.content.priority.as_deref()), (urgency, word), "{priority}");
    }
}

#[test]
fn the_calls_of_the_old_proxys_users_are_understood() {
    let integration = "ccb77fcc-3474-4ee3-8140-300926635ed1";
    let create = json!({"action": "Create", "alert": {"alertId": "test-123", "message": "Test alert"}, "integrationId": integration});
    let News::Opened(opening) = news(&create) else { panic!("no opening") };
    assert_eq!((opening.content.title.as_str(), opening.content.urgency), ("Test alert", Urgency::High));

    let mut note = act("AddNote");
    note["note"] = "This is a test note".into();
    let News::Note(note) = news(&note) else { panic!("no note") };
    assert_eq!((note.author.as_str(), note.text.as_deref()), ("test-user", Some("This is a test note")));

    let acknowledge = input(&act("Acknowledge"));
    assert_eq!(acknowledge.what, What::News(News::Status(Status::Acknowledged)));
    assert_eq!(acknowledge.actor.map(|a| (a.name, a.ours)), Some(("test-user".to_owned(), false)));
    assert_eq!(news(&act("UnAcknowledge")), News::Status(Status::Triggered));
}

#[test]
fn an_alert_without_a_message_still_pages_and_a_long_one_is_kept() {
    let title = |message: Value| {
        let body = json!({"action": "Create", "alert": {"alertId": "a-1", "tinyId": "7", "message": message}});
        let News::Opened(opening) = news(&body) else { panic!("no opening") };
        opening.content.title
    };
    assert_eq!(title(Value::Null), "Opsgenie alert #7");
    assert_eq!(title("  ".into()), "Opsgenie alert #7");
    assert_eq!(title("x".repeat(10_000).into()).len(), 10_000);
    assert_eq!(title("a\0b".into()), "a\u{fffd}b");
}

#[test]
fn a_note_is_the_same_on_both_channels_and_one_without_text_is_read() {
    let both =
        json!({"action": "AddNote", "alert": {"alertId": "a", "username": "dana", "note": "inner"}, "note": "outer"});
    let News::Note(inner) = news(&both) else { panic!("no note") };
    assert_eq!(inner.text.as_deref(), Some("inner"));
    let mut by_other = both.clone();
    by_other["alert"]["username"] = "Dana D.".into();
    by_other["alert"]["note"] = "inner\n".into();
    let News::Note(other) = news(&by_other) else { panic!("no note") };
    assert_eq!(other.key, inner.key, "spelling of the author and space at the end do not count");
    let News::Note(none) = news(&act("AddNote")) else { panic!("no note") };
    assert_eq!(none.text, None);
}

#[test]
fn a_repeat_has_the_same_identity_and_a_second_act_another() {
    let id = |body: &Value| input(body).id;
    let at = |action: &str, ms: i64| {
        let mut body = act(action);
        body["alert"]["updatedAt"] = ms.into();
        body
    };
    assert_eq!(id(&at("Acknowledge", 5)), id(&at("Acknowledge", 5)));
    assert_ne!(id(&at("Acknowledge", 5)), id(&at("Acknowledge", 6)));
    assert_ne!(id(&at("Acknowledge", 5)), id(&at("Close", 5)));
    // Each added team's integration repeats the creation.
    assert_eq!(id(&at("Create", 5)), id(&at("Create", 6)));
    assert_eq!(id(&act("Create")), id(&at("Create", 6)));
    // Without a time a status is judged by what it says, a note by its text.
    assert_eq!(id(&act("Acknowledge")), InputId(0));
    let note = |text: &str| {
        let mut body = act("AddNote");
        body["note"] = text.into();
        body
    };
    assert_ne!(id(&note("a")), InputId(0));
    assert_eq!(id(&note("a")), id(&note("a")));
    assert_ne!(id(&note("a")), id(&note("b")));
}

#[test]
fn our_own_writes_are_known() {
    let actor = |username: &str, source: &str| {
        let mut body = act("Acknowledge");
        body["alert"]["username"] = username.into();
        // Who made the alert says nothing about who acknowledged it.
        body["alert"]["source"] = "pagebridge".into();
        body["source"] = json!({"name": source, "type": "API"});
        input(&body).actor
    };
    let ours = |username: &str, source: &str| actor(username, source).is_some_and(|a| a.ours);
    assert!(ours("dana@example.test", "pagebridge"));
    assert!(ours("Pagebridge", ""));
    assert!(ours("Ann (PagerDuty)", ""));
    assert!(ours("", "pagebridge"));
    assert!(!ours("dana@example.test", ""));
    assert!(!ours("Ann (Other)", ""));
    assert!(!ours("(PagerDuty)", ""));
    assert_eq!(actor("System", ""), None);
}

#[test]
fn only_the_configured_integration_is_heard() {
    let mut settings = opsgenie_settings(URL);
    settings.integration_id = Some("5f0c2f7e-8d0a-4a51-b0f4-7c7a3c0d9a01".to_owned());
    let connector = Opsgenie::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
    let reason = |body: &Value| match connector.receive(&HeaderMap::new(), body.to_string().as_bytes()) {
        Ok(Received::Ignored { reason, .. }) => Some(reason),
        Ok(Received::Input(_) | Received::Taken { .. }) => None,
        Err(refusal) => panic!("{refusal}"),
    };
    assert_eq!(reason(&fixture("webhook-create")), None);
    let mut other = fixture("webhook-create");
    other["integrationId"] = "another".into();
    assert_eq!(reason(&other), Some("integration"));
    assert_eq!(reason(&fixture("webhook-create-minimal")), Some("integration"));
}

#[test]
fn a_secret_is_asked_for_when_there_is_one() {
    let mut settings = opsgenie_settings(URL);
    settings.webhook_secrets = vec![Secret::new("hush")];
    settings.webhook_header = Some("X-Bridge-Token".to_owned());
    let connector = Opsgenie::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
    let body = fixture("webhook-create").to_string();
    let mut headers = HeaderMap::new();
    assert!(matches!(connector.receive(&headers, body.as_bytes()), Err(Refusal::Unauthorized(_))));
    // Whoever may not send learns nothing about what is wrong with the body either.
    assert!(matches!(connector.receive(&headers, b""), Err(Refusal::Unauthorized(_))));
    headers.insert("x-bridge-token", "hush".parse().expect("a value"));
    assert!(connector.receive(&headers, body.as_bytes()).is_ok());
}

#[test]
fn a_bad_body_is_refused_by_field() {
    let long = format!(r#"{{"action":"Create","alert":{{"alertId":"{}"}}}}"#, "x".repeat(256));
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let table: &[(&[u8], &str, &str)] = &[
        (b"", "", "empty"),
        (b" \n", "", "empty"),
        (b"\xff\xfe", "", "not UTF-8 from byte 0"),
        (b"{\"action\":\"\xc3\x28\"}", "", "not UTF-8 from byte 11"),
        (b"action=Create", "", "not JSON"),
        (br#"{"action":"Create""#, "", "not JSON"),
        (br#"{"action":"Create","alert":{"alertId":"a"}} x"#, "", "not JSON"),
        (deep.as_bytes(), "", "not JSON"),
        (b"[]", "", "a list, not an object"),
        (b"null", "", "null, not an object"),
        (b"{}", "action", "missing"),
        (br#"{"action":7,"alert":{"alertId":"a"}}"#, "action", "a number; expected a string"),
        (br#"{"action":"Create"}"#, "alert", "missing"),
        (br#"{"action":"Create","alert":null}"#, "alert", "missing"),
        (br#"{"action":"Create","alert":"a"}"#, "alert", "a string; expected an object"),
        (br#"{"action":"Create","alert":{}}"#, "alert.alertId", "missing"),
        (br#"{"action":"Create","alert":{"alertId":null}}"#, "alert.alertId", "missing"),
        (br#"{"action":"Create","alert":{"alertId":12}}"#, "alert.alertId", "a number; expected a string"),
        (br#"{"action":"Create","alert":{"alertId":" "}}"#, "alert.alertId", "empty"),
        (br#"{"action":"Create","alert":{"alertId":".."}}"#, "alert.alertId", "no id"),
        (br#"{"action":"Create","alert":{"alertId":"a\nb"}}"#, "alert.alertId", "no id"),
        (long.as_bytes(), "alert.alertId", "more than 255 characters"),
        (
            br#"{"action":"Create","alert":{"alertId":"a","message":{}}}"#,
            "alert.message",
            "an object; expected a string",
        ),
        (br#"{"action":"Create","alert":{"alertId":"a","priority":true}}"#, "alert.priority", "true or false"),
        (br#"{"action":"Create","alert":{"alertId":"a","priority":2.5}}"#, "alert.priority", "a whole number"),
        (br#"{"action":"AddNote","alert":{"alertId":"a","note":["x"]}}"#, "alert.note", "a list; expected a string"),
        (br#"{"action":"AddNote","alert":{"alertId":"a"},"note":3}"#, "note", "a number; expected a string"),
        (br#"{"action":"Create","alert":{"alertId":"a"},"source":"x"}"#, "source", "a string; expected an object"),
        (br#"{"action":"Create","alert":{"alertId":"a"},"integrationId":{}}"#, "integrationId", "an object"),
        (br#"{"action":"Create","action":"Close","alert":{"alertId":"a"}}"#, "action", "comes twice"),
        (br#"{"action":"Create","alert":{"alertId":"a","alertId":"b"}}"#, "alert.alertId", "comes twice"),
    ];
    for &(body, field, says) in table {
        let shown = String::from_utf8_lossy(body);
        match opsgenie(URL).receive(&HeaderMap::new(), body) {
            Err(Refusal::Malformed { field: named, detail }) => {
                assert_eq!(named, field, "{shown}: {detail}");
                assert!(detail.contains(says), "{shown}: {detail}");
                let remedy = detail.contains("send what") || detail.contains("expected the");
                assert!(remedy, "{shown}: {detail}");
            }
            other => panic!("{shown}: {other:?}"),
        }
    }
}

#[test]
fn what_is_only_odd_is_taken() {
    let table = [
        json!({"action": "Create", "alert": {"alertId": "a", "details": ["x"], "tags": "t", "updatedAt": "soon"}}),
        json!({"action": "Create", "alert": {"alertId": "a", "details": {"n": 1, "l": [1]}, "updatedAt": {}}, "extra": 1}),
        json!({"action": "Create", "alert": {"alertId": "a", "message": null, "description": null}, "source": null}),
    ];
    for body in table {
        assert!(matches!(news(&body), News::Opened(_)), "{body}");
    }
    // Of unknown keys that come twice neither is read.
    let body = br#"{"x":1,"x":2,"action":"Close","alert":{"alertId":"a","tags":[],"tags":[]}}"#;
    assert!(matches!(opsgenie(URL).receive(&HeaderMap::new(), body), Ok(Received::Input(_))));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refused = |change: fn(&mut pagebridge_connectors::opsgenie::Settings)| {
        let mut settings = opsgenie_settings(URL);
        change(&mut settings);
        Opsgenie::new(settings, Arc::new(ManualClock::at(NOW))).expect_err("refused").to_string()
    };
    assert!(refused(|s| s.api_url = "opsgenie".to_owned()).contains("api_url"));
    assert!(refused(|s| s.api_key = Secret::new(" ")).contains("api_key"));
    assert!(refused(|s| s.webhook_header = Some("a b".to_owned())).contains("webhook_header"));
    let shown = format!("{:?}", opsgenie(URL));
    assert!(!shown.contains("og-key"), "{shown}");
}
