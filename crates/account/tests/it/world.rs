//! A sandbox and a client of it.

use pagebridge_account::{Access, Account, Finding, Scope, Severity, doctor, read_access, read_account, read_rules};
use pagebridge_sandbox::{Config, Running, Sandbox, SeedFile};
use pagerduty::{Client, RetryPolicy, Retrying};
use reqwest::Method;
use serde_json::Value;

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(Config::default()).await
    }

    pub(crate) async fn seeded(seed: &Value) -> World {
        let seed_file = Some(SeedFile::parse(&seed.to_string()).expect("a seed"));
        World::with(Config { seed_file, ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> World {
        let sandbox = Sandbox::start(config).await.expect("free ports");
        World { sandbox, http: reqwest::Client::builder().no_proxy().build().expect("a client") }
    }

    /// A caller with the account's token.
    pub(crate) fn caller(&self) -> Retrying {
        self.caller_with(&self.sandbox.account_token)
    }

    pub(crate) fn caller_with(&self, token: &str) -> Retrying {
        let client = Client::builder().rest_url(&self.sandbox.pagerduty_url).events_url(&self.sandbox.pagerduty_url);
        let client = client.token(token).from(&self.sandbox.from).no_proxy().build().expect("valid settings");
        Retrying::new(client, RetryPolicy { attempts_max: 1, ..RetryPolicy::default() })
    }

    /// Calls the REST API, and gives the body of the answer.
    pub(crate) async fn pd(&self, method: &str, path: &str, body: Value) -> Value {
        self.send(method, &format!("{}{path}", self.sandbox.pagerduty_url), body).await
    }

    /// Calls the control API.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        self.send("POST", &format!("{}{path}", self.sandbox.control_url), body).await
    }

    async fn send(&self, method: &str, url: &str, body: Value) -> Value {
        let request = self.http.request(method.parse::<Method>().expect("a method"), url);
        let request = request.header("Authorization", format!("Token token={}", self.sandbox.account_token));
        let answer = request.header("From", &self.sandbox.from).json(&body).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{method} {url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) async fn read(&self, scope: &Scope) -> (Access, Account) {
        let now = self.sandbox.clock().now();
        let caller = self.caller();
        let access = read_access(&caller, Some(&self.sandbox.from)).await;
        let mut account = read_account(&caller, scope, now).await;
        read_rules(&caller, scope, &mut account).await;
        (access, account)
    }

    /// What `doctor` says beyond that all is well.
    pub(crate) async fn troubles(&self, scope: &Scope) -> Vec<Finding> {
        let (access, account) = self.read(scope).await;
        let mut found = doctor(&access, Some(&account), scope);
        found.retain(|one| one.severity != Severity::Ok || !one.remedy.is_empty());
        found
    }
}
