//! A world of two look-alikes and a place for a bridge between them.

use crate::program::{Ended, PATIENCE, Process, program, run};
use reqwest::Client;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// The sandbox, a directory of its own, and what a bridge finds in its environment.
pub(crate) struct World {
    pub(crate) dir: PathBuf,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) client: Client,
    pub(crate) ready: Value,
    control: String,
    /// Where a bridge listens: a free port the first time, and the same one after that.
    listen: RefCell<String>,
    /// Ends when the world does.
    _sandbox: Process,
}

/// What an answer was.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl World {
    /// With the environment of the old proxy. PagerDuty's webhooks are signed and the secret is known.
    pub(crate) async fn drop_in(name: &str) -> Self {
        let mut world = Self::new(name).await;
        let (pagerduty, opsgenie) = (world.ready["pagerduty"].clone(), world.ready["opsgenie"].clone());
        world.set("PAGERDUTY_API_KEY", &pagerduty["user_token"]);
        world.set("PAGERDUTY_EMAIL", &pagerduty["from"]);
        world.set_common(&pagerduty, &opsgenie);
        world
    }

    /// With the environment that the files in `examples` name.
    pub(crate) async fn config(name: &str) -> Self {
        let mut world = Self::new(name).await;
        let (pagerduty, opsgenie) = (world.ready["pagerduty"].clone(), world.ready["opsgenie"].clone());
        world.set("PAGERDUTY_API_TOKEN", &pagerduty["user_token"]);
        world.set("PAGERDUTY_FROM", &pagerduty["from"]);
        world.set_common(&pagerduty, &opsgenie);
        world
    }

    /// With nothing but a PagerDuty account in the environment, under the names that its users know.
    pub(crate) async fn account(name: &str) -> Self {
        let mut world = Self::new(name).await;
        let pagerduty = world.ready["pagerduty"].clone();
        world.set("PD_API_TOKEN", &pagerduty["account_token"]);
        world.set("PD_ROUTING_KEY", &pagerduty["routing_key"]);
        world.set("PD_WEBHOOK_SECRET", &pagerduty["webhook_secret"]);
        world.set("PAGERDUTY_API_URL", &pagerduty["url"]);
        world.set("PAGERDUTY_FROM", &pagerduty["from"]);
        world
    }

    async fn new(name: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("e2e-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a directory");
        let sandbox = Process::start(program(&dir, &[], &["sandbox", "--json"]), &dir.join("sandbox.log")).await;
        let ready = sandbox.ready.clone();
        Self {
            client: Client::builder().no_proxy().build().expect("a client"),
            control: ready["control"].as_str().expect("an address").to_owned(),
            listen: RefCell::new("127.0.0.1:0".to_owned()),
            env: Vec::new(),
            ready,
            _sandbox: sandbox,
            dir,
        }
    }

    fn set_common(&mut self, pagerduty: &Value, opsgenie: &Value) {
        self.set("PAGERDUTY_API_URL", &pagerduty["url"]);
        self.set("PAGERDUTY_SERVICE_ID", &pagerduty["service_id"]);
        self.set("PAGERDUTY_WEBHOOK_SECRET", &pagerduty["webhook_secret"]);
        self.set("OPSGENIE_API_URL", &opsgenie["url"]);
        self.set("OPSGENIE_API_KEY", &opsgenie["api_key"]);
        self.set("OPSGENIE_INTEGRATION_ID", &opsgenie["integration_id"]);
        self.set("PAGEBRIDGE_STORE", &json!(format!("sqlite:{}", self.dir.join("pagebridge.db").display())));
    }

    /// Sets a variable of the bridge's environment.
    pub(crate) fn set(&mut self, name: &str, value: &Value) {
        self.unset(name);
        self.env.push((name.to_owned(), value.as_str().expect("a text").to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.env.retain(|(known, _)| known != name);
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        &self.env.iter().find(|(known, _)| known == name).expect("it is set").1
    }

    /// The environment with an address to listen on.
    pub(crate) fn bridge_env(&self) -> Vec<(String, String)> {
        let listen = ("PAGEBRIDGE_LISTEN".to_owned(), self.listen.borrow().clone());
        self.env.iter().cloned().chain([listen]).collect()
    }

    /// Starts a bridge.
    pub(crate) async fn bridge(&self, args: &[&str]) -> Bridge {
        let args = [&["serve", "--json"], args].concat();
        self.bridge_of(program(&self.dir, &self.bridge_env(), &args)).await
    }

    pub(crate) async fn bridge_of(&self, command: tokio::process::Command) -> Bridge {
        let process = Process::start(command, &self.dir.join("bridge.log")).await;
        let url = process.ready["listen"].as_str().expect("an address").to_owned();
        *self.listen.borrow_mut() = url.trim_start_matches("http://").to_owned();
        Bridge { url, process, client: self.client.clone() }
    }

    /// Starts a bridge on a copy of `examples/opsgenie.toml` with more lines in places.
    pub(crate) async fn bridge_with(&self, system_lines: &str, tables: &str) -> Bridge {
        let example = std::fs::read_to_string(example()).expect("the example");
        let text = example.replace("kind = \"pagerduty\"", &format!("kind = \"pagerduty\"\n{system_lines}"));
        assert_ne!(text, example, "the example has a system of kind pagerduty");
        let path = self.dir.join("pagebridge.toml");
        std::fs::write(&path, format!("{text}\n{tables}")).expect("a file");
        self.bridge(&["--config", path.to_str().expect("text")]).await
    }

    /// Lets both look-alikes send their webhooks to a bridge.
    pub(crate) async fn subscribe(&self, bridge: &Bridge) {
        self.control("opsgenie/webhooks", json!({"url": format!("{}/ops-webhook", bridge.url)})).await;
        let secret = self.get("PAGERDUTY_WEBHOOK_SECRET");
        self.control("pagerduty/webhooks", json!({"url": format!("{}/pd-webhook", bridge.url), "secret": secret}))
            .await;
    }

    /// Does something in the sandbox.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        self.control_by("POST", path, body).await
    }

    /// The same by another method.
    pub(crate) async fn control_by(&self, method: &str, path: &str, body: Value) -> Value {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}/{path}", self.control));
        let sent = request.json(&body).send().await.expect("an answer");
        let (status, text) = (sent.status().as_u16(), sent.text().await.expect("text"));
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Adds a fault, or several.
    pub(crate) async fn fault(&self, fault: Value) {
        self.control("faults", fault).await;
    }

    /// Ends all faults.
    pub(crate) async fn mend(&self) {
        let sent = self.client.delete(format!("{}/faults", self.control)).send().await.expect("an answer");
        assert!(sent.status().is_success());
    }

    /// Everything that the sandbox holds.
    pub(crate) async fn state(&self) -> State {
        let sent = self.client.get(format!("{}/state", self.control)).send().await.expect("an answer");
        State(sent.json().await.expect("JSON"))
    }

    /// An alert in the sandbox's Opsgenie; gives its id.
    pub(crate) async fn alert(&self, message: &str) -> String {
        let alert = self.control("opsgenie/alerts", json!({"message": message, "priority": "P1"})).await;
        alert["id"].as_str().expect("an id").to_owned()
    }

    /// A person does something to an alert.
    pub(crate) async fn in_opsgenie(&self, alert: &str, action: &str, body: Value) {
        self.control(&format!("opsgenie/alerts/{alert}/{action}"), body).await;
    }

    /// A person does something to the incident of an alert.
    pub(crate) async fn in_pagerduty(&self, alert: &str, action: &str, body: Value) {
        self.control(&format!("pagerduty/incidents/{alert}/{action}"), body).await;
    }

    /// Runs a command of the program to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        run(program(&self.dir, &self.bridge_env(), args)).await
    }

    /// A webhook of Opsgenie as its configured integration sends it.
    pub(crate) fn hook(&self, action: &str, alert: &str, more: Value) -> Value {
        let mut fields = json!({"alertId": alert, "message": "Test alert", "username": "dana@example.test"});
        let all = fields.as_object_mut().expect("an object");
        all.extend(more.as_object().expect("an object").clone());
        json!({"action": action, "alert": fields, "integrationId": self.get("OPSGENIE_INTEGRATION_ID")})
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// A bridge that runs.
pub(crate) struct Bridge {
    pub(crate) url: String,
    pub(crate) process: Process,
    client: Client,
}

impl Bridge {
    /// Reads a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let sent = self.client.get(format!("{}/{path}", self.url)).send().await.expect("an answer");
        answer(sent).await
    }

    /// Posts to a path as JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, &[], body.to_string().into_bytes()).await
    }

    /// Posts bytes to a path.
    pub(crate) async fn send(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = self.client.post(format!("{}/{path}", self.url)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.body(body).send().await.expect("an answer")).await
    }

    /// Waits until nothing is left to deliver.
    pub(crate) async fn settled(&self) {
        until("all deliveries to end", async || {
            let waiting = self.get("api/v1/deliveries").await.body;
            (waiting["deliveries"] == json!([])).then_some(())
        })
        .await;
    }

    /// The journal of all incidents, from its beginning.
    pub(crate) async fn journal(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("api/v1/journal?limit=500&after={after}")).await.body;
            let Some(next) = page["next"].as_i64() else { return all };
            all.extend(page["entries"].as_array().expect("a list").iter().cloned());
            after = next;
        }
    }
}

async fn answer(sent: reqwest::Response) -> Answer {
    let status = sent.status().as_u16();
    let text = sent.text().await.expect("text");
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// What the sandbox held at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct State(pub(crate) Value);

impl State {
    /// PagerDuty's incidents, oldest first.
    pub(crate) fn incidents(&self) -> &[Value] {
        self.0["pagerduty"]["incidents"].as_array().expect("a list")
    }

    /// The one incident of an alert.
    pub(crate) fn incident(&self, key: &str) -> &Value {
        let mut found = self.incidents().iter().filter(|incident| incident["incident_key"] == key);
        let first =
            found.next().unwrap_or_else(|| panic!("no incident for {key}: {}", self.0["pagerduty"]["incidents"]));
        assert!(found.next().is_none(), "two incidents for {key}");
        first
    }

    pub(crate) fn has_incident(&self, key: &str) -> bool {
        self.incidents().iter().any(|incident| incident["incident_key"] == key)
    }

    /// The notes of an alert's incident that have this text in them.
    pub(crate) fn pagerduty_notes(&self, key: &str, text: &str) -> usize {
        count(&self.incident(key)["notes"], "content", text)
    }

    /// An alert of Opsgenie.
    pub(crate) fn alert(&self, id: &str) -> &Value {
        let alerts = self.0["opsgenie"]["alerts"].as_array().expect("a list");
        alerts.iter().find(|alert| alert["id"] == id).expect("the alert is there")
    }

    /// The notes of an alert that have this text in them.
    pub(crate) fn opsgenie_notes(&self, id: &str, text: &str) -> usize {
        count(&self.alert(id)["notes"], "text", text)
    }

    /// What both hold, without what only counts calls and webhooks.
    pub(crate) fn records(&self) -> Value {
        json!([self.0["pagerduty"]["incidents"], self.0["opsgenie"]["alerts"]])
    }
}

fn count(notes: &Value, field: &str, text: &str) -> usize {
    let notes = notes.as_array().expect("a list");
    notes.iter().filter(|note| note[field].as_str().is_some_and(|content| content.contains(text))).count()
}

/// Asks again until the answer fits.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The project's own directory.
pub(crate) fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The example configuration.
pub(crate) fn example() -> PathBuf {
    project().join("examples/opsgenie.toml")
}
