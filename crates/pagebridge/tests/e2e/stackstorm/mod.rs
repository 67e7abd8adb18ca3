//! The exported pack at work: a stand-in for StackStorm's runner reads its files and calls a real bridge.

mod account;
mod runner;

use crate::actions::{bridge, token_of, world};
use crate::world::{Bridge, World, project};
use account::Account;
use pagebridge_actions::Catalogue;
use pagebridge_sandbox::Running;
use pagebridge_stackstorm::field_name;
use runner::{Execution, StackStorm, typed};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const CASES: &str = include_str!("../../../../../fixtures/actions/cases.json");
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A bridge of an account, and StackStorm with the pack for it.
struct Side {
    world: World,
    bridge: Bridge,
    account: Account,
    sandbox: Running,
    st2: StackStorm,
}

impl Side {
    async fn start(name: &str) -> Self {
        let mut world = world(name).await;
        let account = Account::start().await;
        let sandbox = account.renew().await;
        for (variable, value) in [
            ("PAGERDUTY_API_URL", account.url.as_str()),
            ("PAGERDUTY_API_TOKEN", sandbox.account_token.as_str()),
            ("PAGERDUTY_FROM", "ann@example.test"),
            ("PAGERDUTY_SERVICE_ID", "PSHOP01"),
            ("ROUTING_KEY", KEY),
        ] {
            world.set(variable, &json!(value));
        }
        let bridge = bridge(&world).await;
        let dir = world.dir.join("pack");
        let wrote = world.run(&["export", "stackstorm-pack", dir.to_str().expect("text"), "--json"]).await;
        assert_eq!(wrote.code, Some(0), "{wrote:?}");
        let st2 = StackStorm::new(&dir, json!({"url": bridge.url, "token": token_of("root")}));
        Self { world, bridge, account, sandbox, st2 }
    }

    async fn run(&self, action: &str, given: Value) -> Execution {
        self.st2.run(action, &given).await.unwrap_or_else(|error| panic!("{action} {given}: {error}"))
    }

    async fn alias(&self, name: &str, command: &str) -> String {
        let alias = self.st2.file(&format!("aliases/{name}.yaml"));
        let action = alias["action_ref"].as_str().and_then(|name| name.strip_prefix("pagerduty.")).expect("ours");
        let schemas = self.st2.file(&format!("actions/{action}.yaml"))["parameters"].clone();
        let execution = self.run(action, typed(&alias, &schemas, command)).await;
        self.st2.reply(&alias, &execution).trim().to_owned()
    }

    fn incident(&self, key: &str) -> String {
        self.sandbox.pagerduty().incident(key).expect("in the seed").id
    }
}

/// A case of the catalogue's tests as StackStorm gives it; none where several are given for one, which takes a workflow there.
fn given(schemas: &Value, action: &str, input: &Value) -> Option<Value> {
    let catalogue = Catalogue::new();
    let action = catalogue.get(action).expect("in the catalogue");
    let mut given = Map::new();
    for (field, value) in input.as_object().expect("a map") {
        let name = field_name(action, field);
        let kind = schemas[&name]["type"].as_str().unwrap_or_else(|| panic!("{} has no {name}", action.name));
        let value = match (kind, value) {
            (_, Value::Null) => continue,
            ("string", Value::Array(_)) => return None,
            ("array", Value::String(text)) => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
            }
            ("integer" | "boolean" | "object", Value::String(text)) => serde_json::from_str(text).expect("JSON"),
            _ => value.clone(),
        };
        given.insert(name, value);
    }
    Some(Value::Object(given))
}

/// The requests that the catalogue's own test of a case has in its snapshot.
fn expected(group: &str, action: &str, input: &Value) -> String {
    let path = project().join(format!("crates/actions/tests/it/snapshots/it__requests__{group}.snap"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let head = format!("\n{action} {input}\n");
    let (_, rest) = text.split_once(&head).unwrap_or_else(|| panic!("{group} has no {head}"));
    let (requests, end) = rest.split_once("  => ").expect("an end");
    assert!(end.starts_with("ok"), "{action} {input}");
    requests.to_owned()
}

/// Without the times that are made from the clock, which here is not the look-alike's.
fn without_now(action: &str, requests: &str) -> String {
    if action != "notification.find" {
        return requests.to_owned();
    }
    let is_time = |part: &&str| part.starts_with("since=") || part.starts_with("until=");
    requests.split('&').filter(|part| !is_time(part)).collect::<Vec<_>>().join("&")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_sends_its_exact_requests() {
    let mut side = Side::start("stackstorm-all").await;
    let cases: Value = serde_json::from_str(CASES).expect("JSON");
    let mut run: BTreeSet<String> = BTreeSet::new();
    for (group, cases) in cases.as_object().expect("groups") {
        for case in cases.as_array().expect("a list") {
            let action = case[0].as_str().expect("a name");
            let schemas = side.st2.file(&format!("actions/{action}.yaml"))["parameters"].clone();
            if given(&schemas, action, &case[1]).is_none() {
                continue;
            }
            side.sandbox = side.account.renew().await;
            let mut text = case[1].to_string();
            let mut ids = Vec::new();
            let shown = text.clone();
            for placeholder in shown.split('"').filter(|part| part.starts_with('$')) {
                let id = account::id(&side.st2, &side.sandbox, placeholder).await;
                text = text.replace(&format!("\"{placeholder}\""), &format!("\"{id}\""));
                ids.push((placeholder, id));
            }
            let given = given(&schemas, action, &serde_json::from_str(&text).expect("JSON")).expect("not several");
            side.account.requests();
            let execution = side.run(action, given).await;
            let sent =
                ids.iter().fold(side.account.requests(), |text, (placeholder, id)| text.replace(id, placeholder));
            assert!(execution.succeeded, "{action} {shown}: {execution:?}");
            assert_eq!(execution.result["body"]["ok"], true, "{action}: {execution:?}");
            assert_eq!(
                without_now(action, &sent),
                without_now(action, &expected(group, action, &case[1])),
                "{action} {shown}"
            );
            run.insert(format!("{action}.yaml"));
        }
    }
    let written = std::fs::read_dir(side.world.dir.join("pack/actions")).expect("a directory");
    let written: BTreeSet<String> =
        written.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    assert_eq!(run, written);
    side.bridge.process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_is_not_sent_and_text_stays_what_it_is() {
    let side = Side::start("stackstorm-text").await;
    let id = side.incident("db-1/disk");
    let text = "He said \"no\" \\ 'maybe'\nNone\t€ </script> #1: {x}";
    let note = side.run("incident.create_note", json!({"entity_id": id, "content": text})).await;
    let sent: Value = serde_json::from_str(&note.sent).expect("JSON");
    assert_eq!(sent, json!({"entity_id": id, "content": text}));
    assert_eq!(note.result["body"]["result"]["content"], text, "{note:?}");
    for (action, given, wanted) in [
        ("incident.find", json!({}), json!({"maximum": 25})),
        ("incident.find", json!({"statuses": [], "since": ""}), json!({"maximum": 25})),
        ("user.get", json!({"entity_id": "PUSER01"}), json!({"entity_id": "PUSER01"})),
        (
            "on_call.find",
            json!({"earliest": false, "maximum": 1}),
            json!({"earliest": false, "maximum": 1, "time_zone": "UTC"}),
        ),
        ("incident.create.events_v1", json!({"description": "slow"}), json!({"description": "slow"})),
    ] {
        let execution = side.run(action, given).await;
        assert_eq!(serde_json::from_str::<Value>(&execution.sent).expect("JSON"), wanted, "{action}");
        assert!(execution.succeeded, "{execution:?}");
    }
    // A key of the old pack's settings still counts.
    let config = json!({"url": side.bridge.url, "token": token_of("root"), "service_key": KEY});
    let with_key = StackStorm::new(&side.world.dir.join("pack"), config);
    let event = with_key.run("incident.create.events_v1", &json!({"description": "slow"})).await.expect("it is run");
    assert_eq!(serde_json::from_str::<Value>(&event.sent).expect("JSON")["service_key"], KEY);
    side.bridge.process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aliases_reply_as_they_did() {
    let mut side = Side::start("stackstorm-aliases").await;
    let (disk, cpu) = (side.incident("db-1/disk"), side.incident("db-1/cpu"));
    let command = format!("ack incident id {disk} from ben@example.test");
    assert_eq!(side.alias("acknowledge_incident", &command).await, format!("Confirming {disk} is acknowledged"));
    let listed = side.alias("find_incidents", "get open incidents").await;
    let mut lines: Vec<&str> = listed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    let mut wanted =
        [format!("{disk} is 'acknowledged': Title 'disk full'"), format!("{cpu} is 'triggered': Title 'CPU busy'")];
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    assert_eq!(side.alias("find_incidents", "get open incidents triggered").await, wanted_of(&cpu));
    let command = format!("resolve incident id {cpu} from ben@example.test");
    assert_eq!(side.alias("resolve_incident", &command).await, format!("Confirming {cpu} is resolved"));
    let launched = side.alias("launch_incident", "create incident the shop is slow").await;
    let key = launched.strip_prefix("Successfully triggered event with inc de-dup key: ").expect("the reply");
    assert!(side.sandbox.pagerduty().incident(key).is_ok(), "{launched}");

    let failed = side.alias("acknowledge_incident", "ack incident id PNOBODY from ben@example.test").await;
    assert!(failed.starts_with("```") && failed.ends_with("```") && failed.len() > 20, "{failed}");
    side.st2 = StackStorm::new(&side.world.dir.join("pack"), json!({"url": "http://127.0.0.1:9", "token": "t"}));
    let failed = side.alias("launch_incident", "create incident nobody hears it").await;
    assert!(failed.starts_with("Failed ```") && failed.ends_with("```"), "{failed}");
    side.bridge.process.kill().await;
}

fn wanted_of(id: &str) -> String {
    format!("{id} is 'triggered': Title 'CPU busy'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_fails_the_execution_and_says_why() {
    let side = Side::start("stackstorm-failures").await;
    let missing = side.run("incident.get", json!({"entity_id": "PNOBODY"})).await;
    assert!(!missing.succeeded, "{missing:?}");
    assert_eq!(missing.result["status_code"], 404);
    assert_eq!(missing.result["body"]["error"]["kind"], "not_found");
    // The server checks what StackStorm does not know of.
    let wrong = side.run("incident.create.rest_v2", json!({"data": {"title": "slow"}})).await;
    assert_eq!((wrong.succeeded, &wrong.result["status_code"]), (false, &json!(422)), "{wrong:?}");
    for (action, given, wanted) in [
        ("incident.acknowledge", json!({}), "entity_id is required"),
        ("incident.get", json!({"entity_id": "P", "url": "https://elsewhere.example.test"}), "url cannot be"),
        ("incident.get", json!({"entity_id": 5}), "entity_id cannot be"),
    ] {
        let refused = side.st2.run(action, &given).await.expect_err("it is refused");
        assert!(refused.contains(wanted), "{refused}");
    }
    let dir = side.world.dir.join("pack");
    for (who, status) in [("screen", 403), ("nobody", 401)] {
        let st2 = StackStorm::new(&dir, json!({"url": side.bridge.url, "token": token_of(who)}));
        let given = json!({"entity_id": side.incident("db-1/disk")});
        let execution = st2.run("incident.acknowledge", &given).await.expect("it is run");
        assert_eq!((execution.succeeded, &execution.result["status_code"]), (false, &json!(status)), "{execution:?}");
    }
    let unset = StackStorm::new(&dir, json!({"url": side.bridge.url}));
    unset.run("incident.find", &json!({})).await.expect_err("the token is not set");
    side.bridge.process.kill().await;
}

#[tokio::test]
async fn the_command_keeps_what_is_not_its_own_and_checks_packs() {
    let world = World::config("stackstorm-command").await;
    let dir = world.dir.join("a/pack");
    let dir = dir.to_str().expect("text");
    let export = async |args: &[&str]| world.run(&[&["export", "stackstorm-pack", dir], args].concat()).await;
    let first = export(&["--ref", "pagebridge"]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.contains("`pagebridge`") && first.out.contains("4 aliases, 1 rule"), "{first:?}");
    let again = export(&["--ref", "pagebridge", "--json"]).await.json();
    assert!(
        again["files"].as_array().is_some_and(|files| files.contains(&json!("actions/incident.get.yaml"))),
        "{again}"
    );
    let checked = export(&["--check", "--json"]).await;
    assert_eq!((checked.code, &checked.json()["faults"]), (Some(0), &json!([])), "{checked:?}");
    // Under the other name it is another pack.
    let other = export(&[]).await;
    assert_eq!(other.code, Some(3), "{other:?}");
    assert!(other.err.contains("--force"), "{other:?}");

    let broken = world.dir.join("a/pack/actions/incident.get.yaml");
    let text = std::fs::read_to_string(&broken).expect("it was written");
    std::fs::write(&broken, text.replace("runner_type: http-request", "runner: http-request")).expect("a file");
    std::fs::write(world.dir.join("a/pack/rules/broken.yaml"), "name: [").expect("a file");
    let checked = export(&["--check"]).await;
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.out.contains("actions/incident.get.yaml: `runner_type` is missing"), "{checked:?}");
    assert!(checked.out.contains("rules/broken.yaml:1: it is no YAML"), "{checked:?}");
    let nowhere = world.run(&["export", "stackstorm-pack", "no/such/pack", "--check"]).await;
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
}
