//! The commands of docs/recipes.md, as they stand there: each is run by bash against the sandbox and a bridge, and does what it says.

use crate::program::{Ended, PATIENCE};
use crate::world::{Bridge, World, project, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::process::Command;

/// One recipe: its number, and its blocks by language.
type Recipe = (u32, BTreeMap<String, String>);

fn recipes() -> Vec<Recipe> {
    let page = std::fs::read_to_string(project().join("docs/recipes.md")).expect("the page");
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => {
                let (language, text) = open.take().expect("just matched");
                if let Some((number, blocks)) = recipes.last_mut() {
                    assert!(blocks.insert(language, text).is_none(), "two blocks of one language in recipe {number}");
                }
            }
            (Some((_, text)), None) => *text += &format!("{line}\n"),
            (None, None) => {
                if let Some(number) = line.strip_prefix("## ").and_then(|title| title.split('.').next()?.parse().ok()) {
                    recipes.push((number, BTreeMap::new()));
                }
            }
        }
    }
    recipes
}

/// The world of a reader: their account, their bridge, their ids.
struct Reader {
    world: World,
    bridge: Bridge,
    env: Vec<(String, String)>,
}

impl Reader {
    async fn new() -> Self {
        let world = World::events("recipes").await;
        let bridge = world.events_bridge("", "").await;
        world
            .control(
                "pagerduty/webhooks",
                json!({"url": format!("{}/pd-webhook", bridge.url), "secret": world.get("PAGERDUTY_WEBHOOK_SECRET")}),
            )
            .await;
        let bin = world.dir.join("bin");
        std::fs::create_dir_all(&bin).expect("a directory");
        std::fs::create_dir_all(world.dir.join("reader")).expect("a directory");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pagebridge"), bin.join("pagebridge")).expect("a link");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        let home = world.dir.join("reader").display().to_string();
        let pairs = [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("USER", "ann"),
            ("PD_API_TOKEN", world.get("PAGERDUTY_API_TOKEN")),
            ("PAGERDUTY_API_URL", world.get("PAGERDUTY_API_URL")),
            ("PAGERDUTY_FROM", world.get("PAGERDUTY_FROM")),
            ("PD_ROUTING_KEY", world.get("PAGERDUTY_ROUTING_KEY")),
            ("PAGEBRIDGE_URL", &bridge.url),
            ("SERVICE_ID", world.get("PAGERDUTY_SERVICE_ID")),
        ];
        let env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut reader = Self { world, bridge, env };
        reader.has_a_schedule().await;
        for (name, list) in
            [("SCHEDULE_ID", "schedules"), ("USER_ID", "users"), ("ESCALATION_POLICY_ID", "escalation_policies")]
        {
            let first =
                reader.rest(list).await[list][0]["id"].as_str().unwrap_or_else(|| panic!("no {list}")).to_owned();
            reader.env.push((name.to_owned(), first));
        }
        reader
    }

    async fn has_a_schedule(&self) {
        let ann = self.rest("users").await["users"][0]["id"].clone();
        let layer = json!({
            "start": "2020-01-01T00:00:00Z", "rotation_virtual_start": "2020-01-01T00:00:00Z", "rotation_turn_length_seconds": 86_400,
            "users": [{"user": {"id": ann, "type": "user_reference"}}],
        });
        let body = json!({"schedule": {"type": "schedule", "name": "Primary", "time_zone": "UTC", "schedule_layers": [layer]}});
        let token = format!("Token token={}", self.world.get("PAGERDUTY_API_TOKEN"));
        let url = format!("{}/schedules", self.world.get("PAGERDUTY_API_URL"));
        let made =
            self.world.client.post(url).header("authorization", token).json(&body).send().await.expect("an answer");
        assert!(made.status().is_success(), "{made:?}");
    }

    /// Reads from the sandbox's REST API.
    async fn rest(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.world.get("PAGERDUTY_API_URL"));
        let token = format!("Token token={}", self.world.get("PAGERDUTY_API_TOKEN"));
        let sent = self.world.client.get(url).header("authorization", token).send().await.expect("an answer");
        sent.json().await.expect("JSON")
    }

    fn get(&self, name: &str) -> &str {
        &self.env.iter().find(|(known, _)| known == name).expect("it is set").1
    }

    async fn run(&self, script: &str) -> Ended {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.world.dir.join("reader")).env_clear();
        command.envs(self.env.iter().cloned()).kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("bash is there");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Does what somebody else does before a recipe is of use.
    async fn prepare(&self, number: u32, blocks: &BTreeMap<String, String>) {
        match number {
            14 => {
                self.hears_webhooks().await;
                let example = std::fs::read_to_string(project().join("examples/events.toml")).expect("the example");
                for line in blocks["toml"].lines().map(|line| line.split(" =").next().expect("a part")) {
                    assert!(example.contains(line), "{line} is in the file that the bridge of this test runs on");
                }
            }
            15 => self.alertmanager(&blocks["yaml"]).await,
            16 => self.has_a_cluster(),
            _ => {}
        }
    }

    /// There is no cluster here: what `kubectl` prints by the recipe's template stands in a script of its name.
    fn has_a_cluster(&self) {
        let script = "#!/bin/sh\n\
            [ \"$1 $2 $3 $4 $5\" = \"get events --all-namespaces --field-selector type=Warning\" ] || exit 1\n\
            printf 'shop\\tPod/web-7f9c\\tBackOff\\t\"Back-off restarting failed container: exit \\\\\"1\\\\\"; $(touch pwned)\"\\n'\n\
            printf 'shop\\tPod/web-7f9c\\tBackOff\\t\"Back-off restarting failed container\"\\n'\n\
            printf 'default\\tNode/n1\\tNodeNotReady\\t\"Node n1 status is now: NodeNotReady\"\\n'\n";
        let kubectl = self.world.dir.join("bin/kubectl");
        std::fs::write(&kubectl, script).expect("it can be written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&kubectl, mode).expect("it can be run");
    }

    async fn hears_webhooks(&self) {
        let body = json!({"event": {"id": "1", "event_type": "incident.triggered", "data": {}}});
        assert_eq!(self.bridge.post("pd-webhook", &body).await.status, 401, "a webhook without a signature is refused");
        until("the page of recipe 1 to be confirmed", async || {
            let incident = self.bridge.get("api/v1/incidents/1").await.body;
            let links = incident["links"].as_array().cloned().unwrap_or_default();
            links.iter().any(|link| link["system"] == "pagerduty" && link["record"].is_string()).then_some(())
        })
        .await;
        let state = self.world.state().await;
        let is_cpu = |incident: &&Value| incident["title"] == "CPU 95% on srv01";
        let id = state.incidents().iter().find(is_cpu).expect("of recipe 1")["id"].as_str().expect("an id").to_owned();
        self.world.in_pagerduty(&id, "acknowledge", json!({})).await;
        until("the webhook to arrive", async || {
            let journal = Value::from(self.bridge.journal().await).to_string();
            journal.contains("Ann Berg").then_some(())
        })
        .await;
    }

    /// Sends what Alertmanager's notifier sends, to the address that the page tells.
    async fn alertmanager(&self, page: &str) {
        let config: Value = serde_saphyr::from_str(page).unwrap_or_else(|error| panic!("{error}"));
        let receivers = config["receivers"].as_array().expect("receivers");
        let names: Vec<&Value> = receivers.iter().map(|receiver| &receiver["name"]).collect();
        let routes = config["route"]["routes"].as_array().expect("routes");
        assert!(routes.iter().chain([&config["route"]]).all(|route| names.contains(&&route["receiver"])));
        for receiver in receivers.iter().filter(|receiver| receiver["name"] != "null") {
            let own = &receiver["pagerduty_configs"][0];
            let path =
                own["url"].as_str().and_then(|url| url.strip_prefix("http://127.0.0.1:8080/")).expect("the bridge");
            assert!(own["routing_key_file"].is_string() && own["send_resolved"] == true, "{own}");
            let key = format!("alertmanager-{}", own["severity"].as_str().expect("a severity"));
            let event = json!({
                "routing_key": self.get("PD_ROUTING_KEY"), "event_action": "trigger", "dedup_key": key, "client": "Alertmanager",
                "client_url": "http://alerts.example:9093", "links": [], "images": [],
                "payload": {
                    "summary": "ServiceDown", "source": "Alertmanager", "severity": own["severity"],
                    "custom_details": {"num_firing": "1", "num_resolved": "0", "firing": "Labels:\n", "resolved": ""},
                },
            });
            assert_eq!(self.bridge.post(path, &event).await.status, 202);
            self.world.stands(&key, &["triggered"]).await;
        }
    }

    async fn triggered(&self, key: &str) {
        self.world.stands(key, &["triggered"]).await;
    }

    /// The incident with this key, or with an alert of this dedup key.
    async fn incident(&self, key: &str) -> Value {
        let state = self.world.state().await;
        let has_alert =
            |incident: &Value| incident["alerts"].as_array().is_some_and(|all| all.iter().any(|a| a["key"] == key));
        let mut found =
            state.incidents().iter().filter(|incident| incident["incident_key"] == key || has_alert(incident));
        found.next().unwrap_or_else(|| panic!("no incident for {key}")).clone()
    }

    async fn was_warned(&self) {
        for (key, reason) in
            [("k8s:shop:Pod/web-7f9c:BackOff", "BackOff"), ("k8s:default:Node/n1:NodeNotReady", "NodeNotReady")]
        {
            self.triggered(key).await;
            let alerts = self.world.alerts(key).await;
            assert_eq!((alerts.len(), &alerts[0].1["severity"]), (1, &json!("warning")), "{alerts:?}");
            assert!(alerts[0].1["summary"].as_str().is_some_and(|summary| summary.starts_with(reason)), "{alerts:?}");
        }
        assert!(!self.world.dir.join("reader/pwned").exists(), "what an event says was run");
    }

    async fn deployed(&self) {
        until("the change to be passed on", async || {
            let listed = self.rest("change_events").await;
            let found = listed["change_events"].as_array()?.iter().find(|change| {
                change["summary"] == "Deployed api-service v2.5.0 to production"
                    && change["custom_details"]["deployer"] == "ann"
                    && change["links"].as_array().is_some_and(|links| !links.is_empty())
            });
            found.map(drop)
        })
        .await;
    }
}

/// What must have come of a recipe.
async fn check(number: u32, reader: &Reader, ended: &Ended) {
    let says = |texts: &[&str]| {
        for text in texts {
            assert!(ended.out.contains(text), "recipe {number} does not show `{text}`: {ended:?}");
        }
    };
    match number {
        1 => reader.triggered(ended.out.trim()).await,
        2 => {
            let keys: Vec<&str> = ended.out.lines().collect();
            assert!(keys.len() == 2 && keys[0] == keys[1], "{ended:?}");
            until("the alert to be over", async || {
                let ends = reader.world.statuses(keys[0]).await;
                // What was over before its turn pages nobody.
                ends.iter().all(|status| status == "resolved").then_some(())
            })
            .await;
        }
        3 => {
            reader.triggered("srv01-disk-space").await;
            let (_, alert) = reader.world.alerts("srv01-disk-space").await.remove(0);
            assert_eq!(alert["severity"], "warning", "{alert}");
        }
        4 => says(&["triggered", "Disk 92% full on srv01", "CPU 95% on srv01", "http"]),
        5 => says(&["Disk 92% full on srv01", "triggered"]),
        6 => assert_eq!(reader.incident("checkout-slow").await["status"], "triggered"),
        7 => {
            assert_eq!(reader.incident("checkout-slow").await["status"], "resolved");
            assert_eq!(reader.incident("srv01-disk-space").await["status"], "acknowledged");
        }
        8 => assert_eq!(reader.incident("srv01-disk-space").await["notes"][0]["content"], "Deleting old logs"),
        9 => assert!(ended.out.lines().count() > 1, "{ended:?}"),
        10 => {
            let path = format!(
                "schedules/{}/overrides?since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z",
                reader.get("SCHEDULE_ID")
            );
            let listed = reader.rest(&path).await;
            assert_eq!(listed["overrides"][0]["user"]["id"], reader.get("USER_ID"), "{listed}");
        }
        11 => says(&[reader.get("SERVICE_ID"), "active"]),
        12 => {
            let listed = reader.rest("services?query=API%20service").await;
            let service = &listed["services"][0];
            let wanted = json!(["create_alerts_and_incidents", 14400, 1800, {"type": "constant", "urgency": "high"}]);
            let fields = ["alert_creation", "auto_resolve_timeout", "acknowledgement_timeout", "incident_urgency_rule"];
            assert_eq!(Value::from(fields.map(|field| service[field].clone()).to_vec()), wanted, "{service}");
        }
        13 => {
            let key = ended.json()["result"]["integration_key"].as_str().map(str::len);
            assert_eq!(key, Some(32), "{ended:?}");
        }
        14 => says(&["CPU 95% on srv01", "is acknowledged", "Ann Berg"]),
        15 => says(&["ServiceDown"]),
        16 => reader.was_warned().await,
        17 => reader.deployed().await,
        18 => says(&["test-"]),
        other => panic!("recipe {other} has a command and no check"),
    }
}

#[tokio::test]
async fn every_recipe_does_what_it_says() {
    let reader = Reader::new().await;
    let recipes = recipes();
    assert_eq!(recipes.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
    for (number, blocks) in &recipes {
        let script = blocks.get("sh").unwrap_or_else(|| panic!("recipe {number} has no command"));
        reader.prepare(*number, blocks).await;
        let ended = reader.run(script).await;
        assert_eq!(ended.code, Some(0), "recipe {number}: {ended:?}");
        check(*number, &reader, &ended).await;
    }
}
