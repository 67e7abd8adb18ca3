//! Actions over HTTP: who may run what, and what is answered.

use crate::world::{Answer, Bridge, World};
use serde_json::{Value, json};

/// Tokens of three roles, and one with limits of its own.
const TOKENS: &str = r#"
[actions]
events_url = { env = "PAGERDUTY_API_URL" }
routing_key = { env = "ROUTING_KEY" }

[[server.tokens]]
name = "screen"
token = { env = "SCREEN" }
role = "viewer"

[[server.tokens]]
name = "desk"
token = { env = "DESK" }
role = "responder"
from = { env = "PAGERDUTY_FROM" }

[[server.tokens]]
name = "root"
token = { env = "ROOT" }
role = "admin"

[[server.tokens]]
name = "notes"
token = { env = "NOTES" }
role = "responder"
actions = ["incident.find", "incident.get", "incident.create_note"]
per_hour = { "incident.create_note" = 2 }

[[server.tokens]]
name = "shy"
token = { env = "SHY" }
role = "admin"
dry_run = true
"#;

pub(crate) async fn world(name: &str) -> World {
    let mut world = World::config(name).await;
    for (variable, token) in
        [("SCREEN", "screen"), ("DESK", "desk"), ("ROOT", "root"), ("NOTES", "notes"), ("SHY", "shy")]
    {
        world.set(variable, &json!(token_of(token)));
    }
    let key = world.ready["pagerduty"]["routing_key"].clone();
    world.set("ROUTING_KEY", &key);
    world
}

pub(crate) async fn bridge(world: &World) -> Bridge {
    world.bridge_with("", TOKENS).await
}

pub(crate) fn token_of(name: &str) -> String {
    format!("{name}-token-of-enough-letters")
}

/// Runs an action with somebody's token.
pub(crate) async fn act(bridge: &Bridge, who: &str, action: &str, input: &Value) -> Answer {
    act_with(bridge, who, action, input, &[]).await
}

pub(crate) async fn act_with(
    bridge: &Bridge,
    who: &str,
    action: &str,
    input: &Value,
    headers: &[(&str, &str)],
) -> Answer {
    let bearer = format!("Bearer {}", token_of(who));
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    bridge.send(&format!("api/v1/actions/{action}"), &headers, input.to_string().into_bytes()).await
}

/// An incident made by the desk; gives its id.
pub(crate) async fn incident(bridge: &Bridge, world: &World, title: &str) -> String {
    let input = json!({"title": title, "service_id": world.get("PAGERDUTY_SERVICE_ID")});
    let made = act(bridge, "desk", "incident.create.rest_v2.simple", &input).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.body["result"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn each_role_may_do_what_the_ones_before_may_and_no_more() {
    let world = world("actions-roles").await;
    let bridge = bridge(&world).await;
    let id = incident(&bridge, &world, "Disk full").await;
    let read = ("incident.get", json!({"entity_id": id}));
    let write = ("incident.create_note", json!({"entity_id": id, "content": "looking"}));
    let admin = ("team.create.simple", json!({"name": "Night shift"}));
    for (who, wanted) in [("screen", [200, 403, 403]), ("desk", [200, 200, 403]), ("root", [200, 200, 200])] {
        for ((action, input), status) in [&read, &write, &admin].into_iter().zip(wanted) {
            let got = act(&bridge, who, action, input).await;
            assert_eq!(got.status, status, "{who} {action}: {got:?}");
            assert_eq!(got.body["ok"], json!(status == 200), "{got:?}");
            if status == 403 {
                assert_eq!(got.body["error"]["kind"], "not_allowed");
            }
        }
    }
    // What is refused here never reaches PagerDuty.
    let state = world.state().await;
    let made = state.incidents().iter().find(|incident| incident["id"] == id.as_str()).expect("it is there");
    assert_eq!(made["notes"].as_array().map(Vec::len), Some(2), "{made}");

    for (who, action, status) in [
        ("notes", "incident.create_note", 200),
        ("notes", "incident.acknowledge", 403),
        ("nobody", "incident.get", 401),
        ("root", "incident.gte", 404),
    ] {
        assert_eq!(act(&bridge, who, action, &write.1).await.status, status, "{who} {action}");
    }
    let of_another = json!({"entity_id": id, "content": "me?", "from_email": "eve@example.test"});
    assert_eq!(act(&bridge, "desk", "incident.create_note", &of_another).await.status, 403);
    bridge.process.kill().await;
}

#[tokio::test]
async fn answers_tell_what_became_of_it_by_their_status() {
    let world = world("actions-answers").await;
    let bridge = bridge(&world).await;
    let id = incident(&bridge, &world, "Disk full").await;
    for (input, status, kind) in [
        (json!({"entity_id": "PNOBODY"}), 404, "not_found"),
        (json!({"entity_id": "key:nothing"}), 404, "not_one_incident"),
        (json!({"id": id}), 422, "invalid_input"),
        (json!({"entity_id": [id, "PNOBODY"]}), 424, "partial"),
    ] {
        let got = act(&bridge, "desk", "incident.acknowledge", &input).await;
        assert_eq!((got.status, got.body["error"]["kind"].as_str()), (status, Some(kind)), "{got:?}");
    }
    let again = act(&bridge, "desk", "incident.acknowledge", &json!({"entity_id": id})).await;
    assert_eq!((again.status, &again.body["ok"]), (200, &json!(true)), "{again:?}");

    let bearer = format!("Bearer {}", token_of("desk"));
    let auth = [("authorization", bearer.as_str())];
    let broken = bridge.send("api/v1/actions/incident.get", &auth, b"{\"entity_id\": s3cret}".to_vec()).await;
    assert_eq!((broken.status, broken.body["code"].as_str()), (400, Some("malformed")));
    assert!(!broken.body.to_string().contains("s3cret"), "{broken:?}");
    let huge = bridge.send("api/v1/actions/incident.get", &auth, vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(huge.status, 413);

    world.fault(json!({"system": "pagerduty", "fault": "refuse", "status": 503})).await;
    let away = act(&bridge, "desk", "incident.get", &json!({"entity_id": id})).await;
    assert_eq!((away.status, away.body["error"]["kind"].as_str()), (503, Some("unavailable")), "{away:?}");
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let world = world("actions-dry").await;
    let bridge = bridge(&world).await;
    let id = incident(&bridge, &world, "Disk full").await;
    let input = json!({"entity_id": id, "content": "only a try"});
    for (who, path) in [("desk", "incident.create_note?dry_run=true"), ("shy", "incident.create_note")] {
        let got = act(&bridge, who, path, &input).await;
        assert_eq!((got.status, &got.body["result"]["dry_run"]), (200, &json!(true)), "{got:?}");
        assert_eq!(got.body["result"]["requests"][0]["method"], "POST");
    }
    assert_eq!(act(&bridge, "desk", "incident.create_note?dryrun=true", &input).await.status, 400);
    let state = world.state().await;
    let made = state.incidents().iter().find(|incident| incident["id"] == id.as_str()).expect("it is there");
    assert_eq!(made["notes"], json!([]), "{made}");
    bridge.process.kill().await;
}

#[tokio::test]
async fn actions_are_listed_with_what_they_need() {
    let world = world("actions-list").await;
    let bridge = bridge(&world).await;
    let get = async |who: &str, path: &str| {
        let request = world.client.get(format!("{}/api/v1/{path}", bridge.url)).bearer_auth(token_of(who));
        let sent = request.send().await.expect("an answer");
        (sent.status().as_u16(), sent.json::<Value>().await.expect("JSON"))
    };
    let (status, all) = get("screen", "actions").await;
    let all = all["actions"].as_array().expect("a list").clone();
    assert_eq!(status, 200);
    let of = |name: &str| all.iter().find(|row| row["name"] == name).expect("it is listed").clone();
    assert_eq!((&of("incident.get")["role"], &of("incident.get")["allowed"]), (&json!("viewer"), &json!(true)));
    let acknowledge = of("incident.acknowledge");
    assert_eq!((&acknowledge["role"], &acknowledge["allowed"]), (&json!("responder"), &json!(false)));
    assert_eq!(of("team.delete")["effect"], "destructive");
    let (status, one) = get("desk", "actions/incident.acknowledge").await;
    assert_eq!((status, &one["allowed"]), (200, &json!(true)));
    assert!(one["input"]["properties"]["entity_id"].is_object() && one["call"].is_string(), "{one}");
    assert_eq!(get("desk", "actions/incident.ack").await.0, 404);
    // The rest of the API asks for a role as well.
    assert_eq!(get("screen", "incidents").await.0, 200);
    let release = async |who: &str| {
        let bearer = format!("Bearer {}", token_of(who));
        bridge.send("api/v1/dead-letters/1/pagerduty/release", &[("authorization", &bearer)], Vec::new()).await.status
    };
    assert_eq!((release("screen").await, release("desk").await), (403, 404));
    bridge.process.kill().await;
}

#[tokio::test]
async fn limits_and_the_trail_outlive_the_server() {
    let world = world("actions-trail").await;
    let bridge = bridge(&world).await;
    let id = incident(&bridge, &world, "Disk full").await;
    let note = json!({"entity_id": id, "content": "looking"});
    let key = [("idempotency-key", "note-1")];
    let first = act_with(&bridge, "notes", "incident.create_note", &note, &key).await;
    assert_eq!(first.status, 200, "{first:?}");
    bridge.process.kill().await;

    let bridge = self::bridge(&world).await;
    let again = act_with(&bridge, "notes", "incident.create_note", &note, &key).await;
    assert_eq!((again.status, &again.body["result"]["id"]), (200, &first.body["result"]["id"]), "{again:?}");
    assert_eq!(
        act_with(&bridge, "notes", "incident.create_note", &json!({"entity_id": id, "content": "else"}), &key)
            .await
            .status,
        422
    );
    assert_eq!(act(&bridge, "notes", "incident.create_note", &note).await.status, 200);
    let full = act(&bridge, "notes", "incident.create_note", &note).await;
    assert_eq!((full.status, full.body["error"]["kind"].as_str()), (429, Some("cap_reached")), "{full:?}");
    let state = world.state().await;
    let made = state.incidents().iter().find(|incident| incident["id"] == id.as_str()).expect("it is there");
    assert_eq!(made["notes"].as_array().map(Vec::len), Some(2), "{made}");

    let trail = async |who: &str, query: &str| {
        let request = world.client.get(format!("{}/api/v1/audit{query}", bridge.url)).bearer_auth(token_of(who));
        let sent = request.send().await.expect("an answer");
        (sent.status().as_u16(), sent.json::<Value>().await.expect("JSON"))
    };
    assert_eq!(trail("desk", "").await.0, 403);
    let (status, page) = trail("root", "?who=token%20notes").await;
    let runs = page["runs"].as_array().expect("a list");
    let ended: Vec<&str> = runs.iter().filter_map(|run| run["ended"].as_str()).collect();
    assert_eq!((status, ended), (200, vec!["refused", "done", "done"]), "{page}");
    assert_eq!((&runs[2]["key"], &runs[2]["input"]), (&json!("http/token notes/note-1"), &note));
    assert_eq!(trail("root", "?failed=true").await.1["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(trail("root", "?action=incident.create.*&limit=1").await.1["runs"][0]["who"], "token desk");
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_new_token_is_printed_once_and_works_by_its_hash() {
    let mut world = World::config("actions-token").await;
    let made = world.run(&["token", "new", "ci", "--role", "admin", "--action", "incident.*", "--json"]).await.json();
    let token = made["token"].as_str().expect("a token").to_owned();
    let row = made["configuration"].as_str().expect("lines");
    assert!(token.len() > 40 && !row.contains(&token), "{row}");
    let bridge = world.bridge_with("", row).await;
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let listed = bridge.send("api/v1/actions/incident.find", &headers, Vec::new()).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    assert_eq!(bridge.send("api/v1/actions/team.find", &headers, Vec::new()).await.status, 403);

    let listed = world.run(&["token", "list", "--json"]).await;
    assert!(!listed.out.contains(&token) && !listed.out.contains("sha256"), "{listed:?}");
    assert_eq!(listed.json()["tokens"][0]["name"], "token ci");
    assert_eq!(world.run(&["audit"]).await.code, Some(7), "without a token nobody gets in");
    world.set("PAGEBRIDGE_API_TOKEN", &json!(token));
    let told = world.run(&["audit", "--utc"]).await;
    assert!(told.out.contains("team.find") && told.out.contains("refused"), "{told:?}");
    let failed = world.run(&["audit", "--failed", "--json"]).await.json();
    assert_eq!(failed["runs"].as_array().map(Vec::len), Some(1), "{failed}");
    assert_ne!(world.run(&["token", "new", "a b"]).await.code, Some(0));
    bridge.process.kill().await;
}

#[tokio::test]
async fn outcomes_are_as_the_served_document_says() {
    let world = world("actions-openapi").await;
    let bridge = bridge(&world).await;
    let request = world.client.get(format!("{}/api/v1/openapi.json", bridge.url)).bearer_auth(token_of("screen"));
    let document: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let mut schema = document["components"]["schemas"]["Outcome"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let id = incident(&bridge, &world, "Disk full").await;
    for input in [json!({"entity_id": id}), json!({"entity_id": [id, "PNOBODY"]}), json!({"id": id})] {
        let got = act(&bridge, "desk", "incident.acknowledge", &input).await;
        let errors: Vec<String> = validator.iter_errors(&got.body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} {got:?}");
    }
    bridge.process.kill().await;
}
