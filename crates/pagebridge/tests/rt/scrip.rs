//! The scrip that `pagebridge export rt-scrip` prints, in the real server.

use crate::lab::{Lab, User};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A place that posts come to.
struct Hook {
    url: String,
    came: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Hook {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server lives as long as the test's runtime, there is no shutdown to wait"
    )]
    async fn new(status: StatusCode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks/rt", listener.local_addr().expect("bound"));
        let (sender, came) = mpsc::unbounded_channel();
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let sender = sender.clone();
            async move {
                let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                // Err means that the test has ended.
                let _ = sender.send((token.to_owned(), body));
                status
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, came }
    }

    /// The next post about a ticket.
    async fn about(&mut self, ticket: u64) -> (String, Value) {
        loop {
            let came = tokio::time::timeout(Duration::from_secs(20), self.came.recv()).await;
            let (token, body) = came.expect("a post in time").expect("the server runs");
            if body["ticket"] == ticket {
                return (token, body);
            }
        }
    }
}

/// A directory of the test's own, with a file that holds a token.
fn place(name: &str) -> (PathBuf, PathBuf) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("scrip-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let token = dir.join("token");
    std::fs::write(&token, "push-me\n").expect("a file");
    (dir, token)
}

fn export(dir: &Path, args: &[&str]) -> PathBuf {
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_pagebridge"))
        .args(["export", "rt-scrip"])
        .args(args)
        .output()
        .expect("the program runs");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let path = dir.join("rt-scrip.pl");
    std::fs::write(&path, printed.stdout).expect("a file");
    path
}

/// One test, since the scrip of a server is one.
#[tokio::test]
async fn the_scrip_is_put_in_once_brought_up_to_date_and_removed() {
    let Some(lab) = Lab::find() else { return };
    let (queue, other) = (Lab::queue(), Lab::queue());
    let (dir, token) = place("life");
    let token = token.to_str().expect("text");
    let mut first = Hook::new(StatusCode::OK).await;
    let run = async |args: &[&str]| lab.perl(&export(&dir, args)).await.trim().to_owned();

    let install = ["--url", first.url.as_str(), "--queue", &queue, "--token-file", token];
    assert_eq!(run(&install).await, "the scrip was installed");
    assert_eq!(run(&install).await, "the scrip is there already, as it should be");
    let ticket = lab.create(User::Alice, &queue, "It's full \"now\"", json!({})).await;
    let (sent, body) = first.about(ticket).await;
    assert_eq!(sent, "Bearer push-me");
    assert_eq!((&body["queue"], &body["status"]), (&json!(queue), &json!("new")));
    assert!(body["transactions"].as_array().is_some_and(|all| all.iter().any(|t| t["type"] == "Create")), "{body}");
    // Another queue is none of its business: the next post is about the first queue again.
    lab.create(User::Alice, &other, "elsewhere", json!({})).await;
    lab.put(User::Alice, ticket, json!({"Status": "open"})).await;
    let came = first.came.recv().await.expect("a post").1;
    assert_eq!((&came["ticket"], &came["status"]), (&json!(ticket), &json!("open")));

    let mut second = Hook::new(StatusCode::OK).await;
    let changed = ["--url", second.url.as_str(), "--queue", &queue, "--queue", &other, "--token-file", token];
    assert_eq!(run(&changed).await, "the scrip was brought up to date");
    let elsewhere = lab.create(User::Alice, &other, "elsewhere", json!({})).await;
    second.about(elsewhere).await;
    lab.write(User::Alice, ticket, "comment", "once").await;
    second.about(ticket).await;
    assert!(second.came.try_recv().is_err() && first.came.try_recv().is_err(), "there is one scrip");

    assert_eq!(run(&["--uninstall"]).await, "the scrip was removed");
    assert_eq!(run(&["--uninstall"]).await, "there was no scrip to remove");
    lab.write(User::Alice, ticket, "comment", "nobody hears").await;
    assert!(second.came.try_recv().is_err());

    nobody_waits_for_a_bridge_that_is_away(&lab, &dir, &queue, token).await;
}

/// A change is made however the bridge fares, and within the scrip's time.
#[expect(clippy::disallowed_methods, reason = "it measures how long a person waits")]
async fn nobody_waits_for_a_bridge_that_is_away(lab: &Lab, dir: &Path, queue: &str, token: &str) {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let silent_url = format!("http://{}/hooks/rt", silent.local_addr().expect("bound"));
    let refusing = Hook::new(StatusCode::UNAUTHORIZED).await;
    for (url, token) in [
        (refusing.url.as_str(), token),
        ("http://127.0.0.1:1/hooks/rt", token),
        (silent_url.as_str(), token),
        (silent_url.as_str(), "no/such/file"),
    ] {
        lab.perl(&export(dir, &["--url", url, "--queue", queue, "--token-file", token])).await;
        let begun = Instant::now();
        let ticket = lab.create(User::Alice, queue, "all the same", json!({})).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{url}");
        assert_eq!(lab.ticket(ticket).await["Status"], "new");
    }
    lab.perl(&export(dir, &["--uninstall"])).await;
}
