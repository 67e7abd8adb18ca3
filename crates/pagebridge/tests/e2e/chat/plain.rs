//! The path for programs: the aliases of the old pack, and the short forms.

use super::lab::{ANN, BEN, Lab, text};
use serde_json::json;

#[tokio::test]
async fn the_four_aliases_are_answered_word_for_word() {
    let lab = Lab::new("chat-aliases").await;
    let answer = lab.plain("create incident the disk of db-1 is full").await;
    assert_eq!(answer["ok"], true, "{answer}");
    let key =
        text(&answer).strip_prefix("Successfully triggered event with inc de-dup key: ").expect("the reply").to_owned();
    let found = lab.pagerduty("GET", &format!("incidents?incident_key={key}"), None).await;
    let incident = &found["incidents"][0];
    let id = incident["id"].as_str().unwrap_or_else(|| panic!("no incident: {found}")).to_owned();
    assert_eq!(incident["title"], "the disk of db-1 is full");
    let listed = lab.plain("get open incidents").await;
    assert_eq!(text(&listed), format!("{id} is 'triggered': Title 'the disk of db-1 is full'"));
    let answer = lab.plain(&format!("ack incident id {id} from {ANN}")).await;
    assert_eq!(text(&answer), format!("Confirming {id} is acknowledged"));
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    assert_eq!(text(&lab.plain("get open incidents triggered").await), "no incident is triggered");
    let listed = lab.plain("get open incidents [triggered,acknowledged]").await;
    assert_eq!(text(&listed), format!("{id} is 'acknowledged': Title 'the disk of db-1 is full'"));
    let answer = lab.plain(&format!("resolve incident id {id} from {ANN}")).await;
    assert_eq!(
        (text(&answer), lab.status(&id).await),
        (format!("Confirming {id} is resolved").as_str(), "resolved".to_owned())
    );
    let failed = lab.plain("ack incident id key:nothing-of-this-name").await;
    assert_eq!(failed["ok"], false);
    assert!(text(&failed).starts_with("```\n") && text(&failed).ends_with("\n```"), "{failed}");
    let key = lab.world.get("PAGERDUTY_ROUTING_KEY").to_owned();
    let seen = format!("{}{}", lab.bridge.process.log(), answer);
    assert!(!seen.contains(&key), "a routing key shows");
}

#[tokio::test]
async fn the_short_forms_do_what_they_say() {
    let lab = Lab::new("chat-short").await;
    let (one, two, three) = (lab.incident("one").await, lab.incident("two").await, lab.incident("three").await);
    let said = lab.plain(&format!("ack #1 {two}")).await;
    let wanted = format!("Confirming {one} is acknowledged\nConfirming {two} is acknowledged");
    assert_eq!(text(&said), wanted, "a number is as good as an id");
    assert_eq!(text(&lab.plain("note 1 failing over to db-2 from here").await), "Confirming 1 has a new note");
    assert_eq!(lab.notes(&one).await[0].1, "failing over to db-2 from here");
    let snoozed = lab.plain("snooze 1 2h").await;
    assert_eq!(text(&snoozed), format!("Confirming {one} is snoozed for 2 h"));
    let assigned = lab.plain(&format!("reassign {two} to {BEN}")).await;
    assert_eq!(text(&assigned), format!("Confirming {two} is assigned to Ben Okafor"));
    let shown = lab.plain(&format!("show {two}")).await;
    assert!(text(&shown).contains("assigned to Ben Okafor"), "{shown}");
    let escalated = lab.plain(&format!("escalate {three}")).await;
    assert_eq!(text(&escalated), format!("Confirming {three} is escalated to level 2"));
    let last = lab.plain(&format!("escalate {three}")).await;
    assert!(last["ok"] == false && text(&last).contains("the last of its escalation policy"), "{last}");
    let merged = lab.plain("merge 2 3 into 1").await;
    assert_eq!(text(&merged), format!("Confirming 2, 3 went into {one}"));
    assert_eq!(lab.status(&two).await, "resolved");
    let on_call = lab.plain("who is on call for Production?").await;
    let lines: Vec<&str> = text(&on_call).lines().collect();
    assert_eq!(lines, ["Default, level 1: Ann Berg (always)", "Default, level 2: Ben Okafor (always)"]);
    let unknown = lab.plain("akc 42").await;
    assert!(unknown["ok"] == false && text(&unknown).contains("did you mean `ack INCIDENT..`"), "{unknown}");
    assert!(text(&lab.plain("help").await).contains("snooze INCIDENT.. [TIME]"));
    assert!(text(&lab.plain("who is on call for nothing").await).contains("is called `nothing`"));
}

#[tokio::test]
async fn a_schedule_is_overridden() {
    let lab = Lab::new("chat-override").await;
    let users = lab.pagerduty("GET", "users", None).await;
    let ann =
        users["users"].as_array().and_then(|all| all.iter().find(|user| user["email"] == ANN)).expect("Ann")["id"]
            .clone();
    let layer = json!({
        "start": "2026-01-01T00:00:00Z", "rotation_virtual_start": "2026-01-01T00:00:00Z",
        "rotation_turn_length_seconds": 604_800, "users": [{"user": {"id": ann, "type": "user_reference"}}],
    });
    let schedule = json!({"type": "schedule", "name": "Data Base", "time_zone": "UTC", "schedule_layers": [layer]});
    let made = lab.pagerduty("POST", "schedules", Some(json!({"schedule": schedule}))).await;
    let id = made["schedule"]["id"].as_str().unwrap_or_else(|| panic!("no schedule: {made}")).to_owned();
    let said = lab.plain(&format!("override data base by {BEN} for 8h")).await;
    assert!(text(&said).starts_with("Confirming Ben Okafor takes Data Base from "), "{said}");
    let now = lab.pagerduty("GET", &format!("schedules/{id}/users"), None).await;
    let names: Vec<&str> =
        now["users"].as_array().into_iter().flatten().filter_map(|user| user["name"].as_str()).collect();
    assert!(names.contains(&"Ben Okafor"), "{now}");
}

#[tokio::test]
async fn bodies_that_are_no_command_are_refused_and_users_may_be_named() {
    let lab = Lab::new("chat-bodies").await;
    let id = lab.incident("one").await;
    for body in [json!({}), json!({"text": 1}), json!({"text": "help", "user": "ann"}), json!("help")] {
        assert_eq!(lab.bridge.post("api/v1/chat", &body).await.status, 400, "{body}");
    }
    let answer = lab.bridge.send("api/v1/chat", &[("content-type", "text/plain")], b"help ack".to_vec()).await;
    assert_eq!(answer.status, 400, "two content types: {answer:?}");
    let body = json!({"text": format!("ack {id}"), "user": BEN});
    let answer = lab.bridge.post("api/v1/chat", &body).await;
    assert_eq!((answer.status, text(&answer.body)), (200, format!("Confirming {id} is acknowledged").as_str()));
    assert_eq!(lab.acknowledger(&id).await, "Ben Okafor");
    let long = json!({"text": format!("note {id} {}", "x".repeat(2_000))});
    let answer = lab.bridge.post("api/v1/chat", &long).await;
    assert!(text(&answer.body).contains("2000 bytes at most"), "{answer:?}");
    let huge = lab.bridge.send("api/v1/chat", &[], vec![b' '; 300 * 1024]).await;
    assert_eq!(huge.status, 413);
}
