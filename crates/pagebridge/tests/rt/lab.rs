//! The server that the test command has started, as people and programs use it.

use crate::program::PATIENCE;
use crate::world::until;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::process::Command;
use tokio::time::timeout;

const VARIABLE: &str = "RT_URL";

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The program's own user.
    Bridge,
    /// A person with the same rights.
    Alice,
    /// May read tickets and make them, but not change one.
    Mute,
    /// May log in.
    Powerless,
    /// May everything.
    Root,
}

impl User {
    pub(crate) fn token(self) -> String {
        variable(match self {
            Self::Bridge => "RT_TOKEN",
            Self::Alice => "RT_TEST_ALICE_TOKEN",
            Self::Mute => "RT_TEST_MUTE_TOKEN",
            Self::Powerless => "RT_TEST_POWERLESS_TOKEN",
            Self::Root => "RT_TEST_ROOT_TOKEN",
        })
    }
}

/// What the test command says about its server.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{VARIABLE} is set and {name} is not: start with `cargo xtask rt`"))
}

/// A way to the server.
#[derive(Clone)]
pub(crate) struct Lab {
    /// Up to and with `/REST/2.0`.
    pub(crate) url: String,
    /// The script that starts and stops it, and runs Perl against it.
    control: PathBuf,
    client: Client,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) body: Value,
}

impl Lab {
    /// The server; without one the test is skipped in plain sight, and fails where that would be missed.
    pub(crate) fn find() -> Option<Self> {
        let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
        let Some(url) = url else {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "{VARIABLE} is not set, and CI must run these tests"
            );
            eprintln!("SKIPPED: {VARIABLE} is not set; run with `cargo xtask test --only rt`");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let control = PathBuf::from(variable("RT_TEST_CTL"));
        Some(Self { url, control, client: client.build().expect("a client") })
    }

    /// A server like this one, for a test that stops it. The test command ends it, should the test not.
    pub(crate) async fn copy(&self, name: &str) -> Self {
        let port =
            std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("it is bound");
        let dir = self.control.with_file_name("copies").join(name);
        let port = port.port().to_string();
        self.run(&["copy", dir.to_str().expect("text"), &port]).await;
        let url = format!("http://127.0.0.1:{port}/REST/2.0");
        let copy = Self { url, control: dir.join("ctl.sh"), client: self.client.clone() };
        copy.start().await;
        copy
    }

    /// Starts a server that is stopped, and waits until it answers.
    pub(crate) async fn start(&self) {
        let port = self.url.trim_end_matches("/REST/2.0").rsplit(':').next().expect("a port");
        self.run(&["start", port]).await;
        let answers = async || self.client.get(format!("{}/rt", self.url)).send().await.ok().map(drop);
        until("RT to answer", answers).await;
    }

    /// Stops the server.
    pub(crate) async fn stop(&self) {
        self.run(&["stop"]).await;
    }

    /// A queue that no other test uses.
    pub(crate) fn queue() -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let names = variable("RT_TEST_QUEUES");
        let name = names.split(',').nth(NEXT.fetch_add(1, Ordering::Relaxed));
        name.expect("xtask/rt/provision.pl makes a queue for each test").to_owned()
    }

    pub(crate) async fn call(&self, user: User, method: Method, path: &str, body: Value) -> Said {
        self.call_if(user, method, path, body, "").await
    }

    /// A call that is done only if the ticket is as this tag says.
    pub(crate) async fn call_if(&self, user: User, method: Method, path: &str, body: Value, etag: &str) -> Said {
        let mut request = self.client.request(method, format!("{}/{path}", self.url));
        request = request.header("authorization", format!("token {}", user.token()));
        if !etag.is_empty() {
            request = request.header("if-match", etag);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        said(request.send().await.expect("an answer")).await
    }

    /// A call without our credentials.
    pub(crate) async fn call_as(&self, headers: &[(&str, &str)], path: &str) -> Said {
        let mut request = self.client.get(format!("{}/{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        said(request.send().await.expect("an answer")).await
    }

    /// Reads a path that must be there.
    pub(crate) async fn get(&self, user: User, path: &str) -> Value {
        let said = self.call(user, Method::GET, path, Value::Null).await;
        assert_eq!(said.status, 200, "{path}: {said:?}");
        said.body
    }

    /// A search; gives the whole page.
    pub(crate) async fn search(&self, user: User, collection: &str, parameters: &[(&str, &str)]) -> Value {
        let request = self.client.get(format!("{}/{collection}", self.url)).query(parameters);
        let sent = request.header("authorization", format!("token {}", user.token())).send().await.expect("an answer");
        let said = said(sent).await;
        assert_eq!(said.status, 200, "{collection} {parameters:?}: {said:?}");
        said.body
    }

    /// A new ticket; gives its number.
    pub(crate) async fn create(&self, user: User, queue: &str, subject: &str, more: Value) -> u64 {
        let mut body = json!({"Queue": queue, "Subject": subject});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let said = self.call(user, Method::POST, "ticket", body).await;
        assert_eq!(said.status, 201, "{said:?}");
        number(&said.body["id"])
    }

    pub(crate) async fn ticket(&self, id: u64) -> Value {
        self.get(User::Root, &format!("ticket/{id}")).await
    }

    /// Changes a ticket; gives the sentences that the server said about it.
    pub(crate) async fn put(&self, user: User, id: u64, body: Value) -> Value {
        let said = self.call(user, Method::PUT, &format!("ticket/{id}"), body).await;
        assert_eq!(said.status, 200, "{said:?}");
        said.body
    }

    /// A `comment` or a `correspond`.
    pub(crate) async fn write(&self, user: User, id: u64, kind: &str, text: &str) {
        let body = json!({"Content": text, "ContentType": "text/plain"});
        let said = self.call(user, Method::POST, &format!("ticket/{id}/{kind}"), body).await;
        assert_eq!(said.status, 201, "{said:?}");
    }

    /// All transactions of a ticket, oldest first, as a user who may see everything.
    pub(crate) async fn history(&self, id: u64) -> Vec<Value> {
        let fields = "Type,Field,OldValue,NewValue,Creator,Created";
        let path = format!("ticket/{id}/history");
        let page = self.search(User::Root, &path, &[("per_page", "100"), ("fields", fields)]).await;
        page["items"].as_array().expect("a list").clone()
    }

    /// What was written on a ticket, oldest first.
    pub(crate) async fn messages(&self, id: u64) -> Vec<String> {
        let mut messages = Vec::new();
        for row in self.history(id).await {
            if !["Create", "Comment", "Correspond"].iter().any(|kind| row["Type"] == *kind) {
                continue;
            }
            let path = format!("transaction/{}/attachments", number(&row["id"]));
            let page = self.search(User::Root, &path, &[("fields", "Content,ContentType")]).await;
            let texts = page["items"].as_array().expect("a list").iter().filter_map(|part| part["Content"].as_str());
            messages.extend(texts.filter(|text| !text.is_empty()).map(str::to_owned));
        }
        messages
    }

    /// Runs a program in Perl against the server's database.
    pub(crate) async fn perl(&self, script: &Path) -> String {
        self.run(&["perl", script.to_str().expect("text")]).await
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("sh");
        command.arg(&self.control).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

async fn said(sent: Response) -> Said {
    let header = |name| sent.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (status, etag) = (sent.status().as_u16(), header("etag"));
    let text = sent.text().await.expect("text");
    Said { status, etag, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// A number that may come as a text.
pub(crate) fn number(value: &Value) -> u64 {
    let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.unwrap_or_else(|| panic!("{value} is no number"))
}

/// The value of a custom field of a ticket.
pub(crate) fn field<'a>(ticket: &'a Value, name: &str) -> &'a str {
    let fields = ticket["CustomFields"].as_array().expect("a list");
    let found = fields.iter().find(|field| field["name"] == name);
    found.and_then(|field| field["values"][0].as_str()).unwrap_or_default()
}
