//! What must not be taken is refused by name, changes nothing, and leaves the server as it was.

use crate::world::{Answer, Bridge, World};
use pagerduty::Secret;
use pagerduty::webhook::sign;
use serde_json::json;

struct Case {
    what: &'static str,
    body: Vec<u8>,
    status: u16,
    /// Somewhere in the answer.
    says: &'static str,
}

fn case(what: &'static str, body: impl Into<Vec<u8>>, status: u16, says: &'static str) -> Case {
    Case { what, body: body.into(), status, says }
}

/// A JSON body of more than two million bytes.
fn large() -> Vec<u8> {
    format!("{{\"padding\":\"{}\"}}", "x".repeat(2 * 1024 * 1024)).into_bytes()
}

fn opsgenie_cases(integration: &str) -> Vec<Case> {
    let with = |rest: &str| format!("{{\"integrationId\":\"{integration}\",{rest}}}");
    let mut cases = vec![
        case("not JSON", "alert!", 400, "not JSON"),
        case("JSON that ends too soon", "{\"action\":\"Create\"", 400, "not JSON"),
        case("two documents", with("\"action\":\"Create\",\"alert\":{\"alertId\":\"x\"}") + "{}", 400, "not JSON"),
        case("an empty body", "", 400, "empty"),
        case("blanks", " \n\t ", 400, "empty"),
        case("a list", "[]", 400, "not an object"),
        case("a text", "\"Create\"", 400, "not an object"),
        case("null", "null", 400, "not an object"),
        case(
            "bytes that are no text",
            [b"{\"action\":\"Create".as_slice(), &[0xff, 0xfe], b"\"}"].concat(),
            400,
            "not UTF-8",
        ),
        case("deep nesting", "[".repeat(100_000), 400, "not JSON"),
        case("two megabytes", large(), 413, "larger than"),
        case("an unknown action", with("\"action\":\"Sing\",\"alert\":{\"alertId\":\"x\"}"), 200, "ignored"),
        case(
            "another integration",
            "{\"integrationId\":\"other\",\"action\":\"Create\",\"alert\":{\"alertId\":\"x\"}}",
            200,
            "integration",
        ),
    ];
    cases.extend(opsgenie_fields(with));
    cases
}

/// JSON that lacks a field, or holds something else in it.
fn opsgenie_fields(with: impl Fn(&str) -> String) -> Vec<Case> {
    vec![
        case("no action", with("\"alert\":{\"alertId\":\"x\"}"), 400, "`action` is missing"),
        case("a number for an action", with("\"action\":7,\"alert\":{\"alertId\":\"x\"}"), 400, "`action` is a number"),
        case("no alert", with("\"action\":\"Create\""), 400, "`alert` is missing"),
        case("a text for an alert", with("\"action\":\"Create\",\"alert\":\"x\""), 400, "`alert` is a string"),
        case(
            "no alert id",
            with("\"action\":\"Create\",\"alert\":{\"message\":\"m\"}"),
            400,
            "`alert.alertId` is missing",
        ),
        case(
            "a null alert id",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":null}"),
            400,
            "`alert.alertId` is missing",
        ),
        case(
            "an empty alert id",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":\" \"}"),
            400,
            "`alert.alertId` is empty",
        ),
        case(
            "a number for an alert id",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":12}"),
            400,
            "`alert.alertId` is a number",
        ),
        case(
            "a list for a message",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":\"x\",\"message\":[]}"),
            400,
            "`alert.message` is a list",
        ),
        case(
            "a list for a priority",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":\"x\",\"priority\":[]}"),
            400,
            "`alert.priority` is a list",
        ),
        case(
            "an alert id twice",
            with("\"action\":\"Create\",\"alert\":{\"alertId\":\"x\",\"alertId\":\"y\"}"),
            400,
            "`alertId` comes twice",
        ),
        case(
            "an action twice",
            with("\"action\":\"Create\",\"action\":\"Close\",\"alert\":{\"alertId\":\"x\"}"),
            400,
            "`action` comes twice",
        ),
    ]
}

/// Signed all of them: what is wrong is the body.
fn pagerduty_cases() -> Vec<Case> {
    let event = |rest: &str| format!("{{\"event\":{{\"id\":\"E1\",\"event_type\":\"incident.acknowledged\",{rest}}}}}");
    vec![
        case("not JSON", "alert!", 400, "not JSON"),
        case("a list", "[]", 400, "`event` is missing"),
        case("no event", "{}", 400, "`event` is missing"),
        case("an event of text", "{\"event\":\"x\"}", 400, "`event` is missing"),
        case("no event type", "{\"event\":{\"data\":{}}}", 400, "`event.event_type` is missing"),
        case("a number for an event type", "{\"event\":{\"event_type\":1,\"data\":{}}}", 400, "`event.event_type`"),
        case("no data", event("\"agent\":null"), 400, "`event.data`"),
        case("data of text", event("\"data\":\"x\""), 400, "`event.data`"),
        case("no incident id", event("\"data\":{\"type\":\"incident\"}"), 400, "`event.data`"),
        case("a number for an incident id", event("\"data\":{\"type\":\"incident\",\"id\":5}"), 400, "`event.data`"),
        case("bytes that are no text", [b"{\"event".as_slice(), &[0xc3, 0x28], b"\":{}}"].concat(), 400, "not UTF-8"),
        case("more than two megabytes", large(), 413, "larger than"),
        case(
            "an unknown type",
            "{\"event\":{\"id\":\"E2\",\"event_type\":\"incident.sung\",\"data\":{\"id\":\"Q1\",\"type\":\"song\"}}}",
            200,
            "ignored",
        ),
        case(
            "an incident of nobody",
            event("\"data\":{\"id\":\"QNOBODY\",\"type\":\"incident\",\"incident_key\":\"nobody\"}"),
            200,
            "ignored",
        ),
        case(
            "a ping",
            "{\"event\":{\"id\":\"E3\",\"event_type\":\"pagey.ping\",\"data\":{\"type\":\"ping\",\"message\":\"Hello\"}}}",
            200,
            "ping",
        ),
    ]
}

/// A bad thing was answered as it should, nothing came of it, and the next one is served.
async fn assert_harmless(world: &World, bridge: &Bridge, case: &Case, answer: &Answer, before: &serde_json::Value) {
    let what = case.what;
    assert_eq!(answer.status, case.status, "{what}: {answer:?}");
    assert!(answer.body.to_string().replace("\\\"", "\"").contains(case.says), "{what}: {answer:?}");
    if case.status >= 400 {
        assert_eq!(answer.body["status"], case.status, "{what} is answered with a problem document: {answer:?}");
        assert!(answer.body["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{what}: {answer:?}");
    }
    assert_eq!(bridge.get("readyz").await.status, 200, "{what}");
    assert_eq!(bridge.get("api/v1/counts").await.body, *before, "{what} left something behind");
    assert_eq!(world.state().await.records(), json!([[], []]), "{what} was carried on");
}

#[tokio::test]
async fn every_bad_body_is_refused_by_name_and_leaves_nothing_behind() {
    let world = World::drop_in("bad").await;
    let bridge = world.bridge(&[]).await;
    let before = bridge.get("api/v1/counts").await.body;
    for case in opsgenie_cases(world.get("OPSGENIE_INTEGRATION_ID")) {
        for path in ["ops-webhook", "hooks/opsgenie"] {
            let answer = bridge.send(path, &[], case.body.clone()).await;
            assert_harmless(&world, &bridge, &case, &answer, &before).await;
        }
    }
    let secret = Secret::new(world.get("PAGERDUTY_WEBHOOK_SECRET"));
    for case in pagerduty_cases() {
        let signature = sign(&secret, &case.body);
        let answer = bridge.send("pd-webhook", &[("x-pagerduty-signature", &signature)], case.body.clone()).await;
        assert_harmless(&world, &bridge, &case, &answer, &before).await;
    }
    let unsigned = [
        case("no signature", "{\"event\":{}}", 401, "missing"),
        case("no signature and not JSON", "alert!", 401, "missing"),
    ];
    for case in unsigned {
        let answer = bridge.send("pd-webhook", &[], case.body.clone()).await;
        assert_harmless(&world, &bridge, &case, &answer, &before).await;
    }
    let wrong = case("a wrong signature", "{\"event\":{}}", 401, "signature");
    let answer = bridge.send("pd-webhook", &[("x-pagerduty-signature", "v1=00")], wrong.body.clone()).await;
    assert_harmless(&world, &bridge, &wrong, &answer, &before).await;
    let empty = bridge.send("pd-webhook", &[("x-pagerduty-signature", "v1=00")], Vec::new()).await;
    assert!((400..500).contains(&empty.status), "an empty body: {empty:?}");
    assert_eq!(bridge.get("ops-webhook").await.status, 405);
    assert_eq!(bridge.post("nowhere", &json!({})).await.status, 404);

    // And after all of this a good one is carried on as ever.
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", "a-1", json!({}))).await.status, 202);
    bridge.settled().await;
    assert!(world.state().await.has_incident("a-1"));
    let log = bridge.process.log();
    assert!(!log.contains("panicked"), "{log}");
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_title_of_ten_thousand_characters_pages_with_its_beginning() {
    let world = World::drop_in("title").await;
    let bridge = world.bridge(&[]).await;
    let title = "ä".repeat(10_000);
    let create = world.hook("Create", "a-1", json!({"message": title, "description": "ö".repeat(100_000)}));
    assert_eq!(bridge.post("ops-webhook", &create).await.status, 202);
    bridge.settled().await;
    let state = world.state().await;
    let shown = state.incident("a-1")["title"].as_str().expect("a title");
    assert!(shown.starts_with("ääää") && shown.chars().count() >= 200, "{shown}");
    assert!(!shown.contains('\u{fffd}'));
    assert_eq!(world.run(&["dead-letters", "--json"]).await.json()["dead_letters"], json!([]));
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_note_for_an_alert_that_nobody_knows_waits_for_it_and_makes_no_incident_of_its_own() {
    let world = World::drop_in("unknown").await;
    let bridge = world.bridge(&[]).await;
    // It may be early: the alert's own webhook is still on its way.
    let note = world.hook("AddNote", "early", json!({"note": "first things first"}));
    let answer = bridge.post("ops-webhook", &note).await;
    assert!((200..300).contains(&answer.status), "Opsgenie would switch us off: {answer:?}");
    bridge.settled().await;
    assert_eq!(world.state().await.incidents().len(), 0, "a note is no reason to page");
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", "early", json!({}))).await.status, 202);
    bridge.settled().await;
    assert_eq!(world.state().await.pagerduty_notes("early", "first things first"), 1);
    bridge.process.kill().await;
}
