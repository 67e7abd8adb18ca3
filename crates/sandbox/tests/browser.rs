//! Clicks the sandbox's page in a real browser: `cargo test -p pagebridge-sandbox --test browser`.
//!
//! Left out of the ordinary run (`test = false`): it needs the programs `chromium` and `chromedriver`, of the Debian
//! packages `chromium` and `chromium-driver`.

#![expect(clippy::disallowed_methods, reason = "the test ends with its runtime")]

use std::process::Stdio;
use std::time::Duration;

use pagebridge_sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the browser looks for an element before it says that there is none.
const PATIENCE_MS: u64 = 10_000;
const ARGUMENTS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--window-size=390,844",
];

/// A browser behind the W3C WebDriver protocol.
struct Browser {
    http: reqwest::Client,
    session: String,
    _driver: Child,
}

impl Browser {
    async fn start() -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver; install the package chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("chromedriver talks").expect("chromedriver starts");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Whatever else it says is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "timeouts": {"implicit": PATIENCE_MS},
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": ARGUMENTS},
        }}});
        let sessions = format!("http://127.0.0.1:{port}/session");
        let made = call(http.post(&sessions).json(&wanted)).await;
        let session = format!("{sessions}/{}", made["sessionId"].as_str().expect("a session"));
        Browser { http, session, _driver: driver }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        call(self.http.post(format!("{}{path}", self.session)).json(&body)).await
    }

    async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// Finds an element, waiting for it.
    async fn find(&self, xpath: &str) -> String {
        let found = self.post("/element", json!({"using": "xpath", "value": xpath})).await;
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no {xpath}: {found}")).to_owned()
    }

    async fn click(&self, xpath: &str) {
        let element = self.find(xpath).await;
        let clicked = self.post(&format!("/element/{element}/click"), json!({})).await;
        assert!(clicked.is_null(), "{xpath}: {clicked}");
    }

    async fn write(&self, xpath: &str, text: &str) {
        let element = self.find(xpath).await;
        self.post(&format!("/element/{element}/value"), json!({"text": text})).await;
    }

    /// Returns what the console holds: script errors and whatever the content policy stopped.
    async fn complaints(&self) -> Vec<Value> {
        let said = self.post("/se/log", json!({"type": "browser"})).await;
        said.as_array().cloned().unwrap_or_default()
    }

    async fn close(self) {
        call(self.http.delete(&self.session)).await;
    }
}

async fn call(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("chromedriver answers");
    answer.json::<Value>().await.expect("JSON")["value"].take()
}

fn button(text: &str) -> String {
    format!("//button[normalize-space()='{text}']")
}

#[tokio::test]
async fn people_click_through_an_incident() {
    let sandbox = Sandbox::start(Config::default()).await.expect("free ports");
    let browser = Browser::start().await;
    browser.open(&sandbox.control_url).await;
    browser.find("//*[contains(., 'Unofficial')]").await;

    browser.write("//input[@name='summary']", "disk <full>").await;
    browser.click(&button("Trigger")).await;
    browser.find("//h2[contains(., '#1 disk <full>')]").await;
    browser.click(&button("Acknowledge")).await;
    browser.find("//dd/span[@class='state acknowledged']").await;
    browser.write("//textarea[@name='note']", "freed 20 GB").await;
    browser.click(&button("Write the note")).await;
    browser.find("//*[@id='incident-notes']//*[text()='freed 20 GB']").await;

    // Somebody else acts: the page shows it without being loaded anew.
    sandbox.pagerduty().act("1", pagebridge_sandbox::IncidentAct::Unacknowledge, "Ben Okafor").expect("acknowledged");
    browser.find("//dd/span[@class='state triggered']").await;
    browser.click(&button("Resolve")).await;
    browser.find("//dd/span[@class='state resolved']").await;

    let before = sandbox.clock().now();
    browser.click(&button("+1 h")).await;
    browser.click("//select[@name='preset']/option[@value='garble']").await;
    browser.click(&button("Switch on")).await;
    browser.find("//*[@id='faults']//code[contains(., 'garble')]").await;
    assert!(sandbox.clock().now().duration_since(before).as_mins() >= 60);
    browser.click(&button("Switch all off")).await;
    browser.find("//*[@id='faults']//p[contains(., 'None in force')]").await;
    assert_eq!(sandbox.snapshot().faults.len(), 0);

    assert_eq!(sandbox.pagerduty().incident("1").expect("there").status, "resolved");
    assert_eq!(browser.complaints().await, Vec::<Value>::new());
    browser.close().await;
    sandbox.stop().await;
}
