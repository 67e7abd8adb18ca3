//! NetBox and PagerDuty: what begins, moves and ends there, and the endpoints that scripts and buttons call.

mod drop_in;
mod endpoints;
mod look_alike;
mod small;
mod story;

use crate::world::{Answer, Bridge, World, project, until};
use serde_json::{Value, json};
use small::{BRIDGE, PERSON, SECRET, Small};

/// The look-alikes, a small NetBox, and a bridge between them.
struct NetBoxWorld {
    world: World,
    small: Small,
}

impl NetBoxWorld {
    /// With the environment that `examples/netbox.toml` names.
    async fn new(name: &str) -> Self {
        let mut world = World::config(&format!("netbox-{name}")).await;
        let pagerduty = world.ready["pagerduty"].clone();
        world.set("PAGERDUTY_EVENTS_URL", &pagerduty["url"]);
        world.set("PAGERDUTY_ROUTING_KEY", &pagerduty["routing_key"]);
        for name in ["OPSGENIE_API_URL", "OPSGENIE_API_KEY", "OPSGENIE_INTEGRATION_ID"] {
            world.unset(name);
        }
        let small = Small::start(&world.client).await;
        world.set("NETBOX_URL", &json!(small.url));
        world.set("NETBOX_TOKEN", &json!(BRIDGE));
        world.set("NETBOX_WEBHOOK_SECRET", &json!(SECRET));
        Self { world, small }
    }

    /// Starts a bridge on the example, with more lines in NetBox's system, and more tables. Lists are looked at often.
    async fn bridge(&self, lines: &str, tables: &str) -> Bridge {
        let example = std::fs::read_to_string(project().join("examples/netbox.toml")).expect("the example");
        let often = if lines.contains("interval_s") { "" } else { "interval_s = 5\n" };
        let lines = format!("kind = \"netbox\"\n{often}{lines}");
        let text = example.replace("kind = \"netbox\"", &lines);
        let path = self.world.dir.join("pagebridge.toml");
        std::fs::write(&path, format!("{text}\n{tables}")).expect("a file");
        let bridge = self.world.bridge(&["--config", path.to_str().expect("text")]).await;
        let secret = self.world.get("PAGERDUTY_WEBHOOK_SECRET");
        let hook = json!({"url": format!("{}/pd-webhook", bridge.url), "secret": secret});
        self.world.control("pagerduty/webhooks", hook).await;
        bridge
    }

    /// The statuses of the incidents that hold an alert with this key, oldest first.
    async fn statuses(&self, key: &str) -> Vec<String> {
        let state = self.world.state().await;
        let holds = |incident: &&Value| {
            incident["alerts"].as_array().is_some_and(|alerts| alerts.iter().any(|alert| alert["key"] == key))
        };
        let status = |incident: &Value| incident["status"].as_str().unwrap_or_default().to_owned();
        state.incidents().iter().filter(holds).map(status).collect()
    }

    async fn stands(&self, key: &str, statuses: &[&str]) {
        until(&format!("{key} to be {statuses:?}"), async || (self.statuses(key).await == statuses).then_some(()))
            .await;
    }

    /// All that PagerDuty shows of the one alert with this key.
    async fn said(&self, key: &str) -> String {
        let pagerduty = &self.world.ready["pagerduty"];
        let text = |name: &str| pagerduty[name].as_str().expect("a text").to_owned();
        let (url, token) = (text("url"), format!("Token token={}", text("user_token")));
        let get = async |path: &str| {
            let sent = self.world.client.get(format!("{url}/{path}")).header("authorization", &token).send().await;
            sent.expect("an answer").json::<Value>().await.expect("JSON")
        };
        let incidents = get(&format!("incidents?incident_key={key}")).await;
        let id = incidents["incidents"][0]["id"].as_str().unwrap_or_else(|| panic!("no incident: {incidents}"));
        let alerts = get(&format!("incidents/{id}/alerts")).await;
        assert_eq!(alerts["alerts"].as_array().map(Vec::len), Some(1), "{alerts}");
        alerts["alerts"][0].to_string()
    }

    /// What a person does to the incident of an alert.
    async fn in_pagerduty(&self, key: &str, action: &str) {
        self.world.in_pagerduty(key, action, json!({})).await;
    }
}

/// Calls an endpoint as the old document does, with the token of a person.
async fn call(bridge: &Bridge, action: &str, body: &Value) -> Answer {
    let token = format!("Token {PERSON}");
    let path = format!("api/plugins/business-application/pagerduty/{action}/");
    bridge.send(&path, &[("authorization", &token)], body.to_string().into_bytes()).await
}
