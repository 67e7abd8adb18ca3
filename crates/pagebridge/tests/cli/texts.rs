//! Texts and exit codes that need no running server.

use crate::world::{World, project};
use std::io::{BufRead, Write};

#[tokio::test]
async fn help_tells_every_command() {
    let world = World::new("help");
    let help = world.run(&["--help"]).await;
    assert_eq!(help.code, Some(0));
    insta::assert_snapshot!(help.out);
    let release = world.run(&["dead-letters", "release", "-h"]).await;
    insta::assert_snapshot!("help_of_release", release.out);
}

#[tokio::test]
async fn exit_codes_are_as_documented() {
    let world = World::new("codes");
    world.write("good.toml", GOOD);
    world.write("bad.toml", "lisen = 1\n");
    world.write("no.db", "this is not a database");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("an address").to_string();
    for (args, code) in [
        (&["check", "--config", "good.toml"][..], 0),
        (&["check", "--opne"], 2),
        (&["check"], 3),
        (&["check", "--config", "bad.toml"], 3),
        (&["check", "--config", "missing.toml"], 3),
        (&["serve", "--config", "good.toml", "--listen", "nowhere"], 3),
        (&["incidents", "--server", "http://127.0.0.1:1"], 4),
        (&["incidents", "--server", "not a URL"], 3),
        (&["serve", "--config", "good.toml", "--listen", "127.0.0.1:0", "--store", "sqlite:no/such/dir/x.db"], 5),
        (&["serve", "--config", "good.toml", "--listen", "127.0.0.1:0", "--store", "sqlite:no.db"], 5),
        (&["serve", "--config", "good.toml", "--listen", &taken], 6),
        (&["sandbox", "--tls-cert", "cert.pem"], 2),
        (&["sandbox", "--ca-file", "no/such/dir/ca.pem"], 3),
        (&["sandbox", "--proxy-listen", &taken], 6),
    ] {
        let ended = world.run(args).await;
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(code == 0 || (ended.out.is_empty() && !ended.err.is_empty()), "{args:?}: {ended:?}");
    }
    let told = world.run(&["incidents", "--json", "--server", "http://127.0.0.1:1"]).await;
    let error: serde_json::Value = serde_json::from_str(&told.err).expect("one JSON object");
    assert_eq!((told.out.as_str(), &error["exit_code"]), ("", &4.into()));
    let documented = std::fs::read_to_string(project().join("docs/cli.md")).expect("the page");
    for code in 0..=10 {
        assert!(documented.contains(&format!("| {code} |")), "{code} is not in docs/cli.md");
    }
}

const GOOD: &str = r#"
[systems.opsgenie]
kind = "opsgenie"
api_key = "k"
integration_id = "i"
[systems.pagerduty]
kind = "pagerduty"
api_token = "t"
from = "a@example.com"
service_id = "P"
webhook_secrets = "s"
[[bridges]]
preset = "opsgenie-proxy"
opsgenie = "opsgenie"
pagerduty = "pagerduty"
"#;

#[tokio::test]
async fn check_tells_what_would_run() {
    let world = World::new("check");
    world.write("pagebridge.toml", GOOD);
    let told = world.run(&["check"]).await;
    insta::assert_snapshot!(format!("{}---\n{}", told.out, told.err));
    let json = world.run(&["check", "--json"]).await.json();
    assert_eq!((&json["ok"], &json["findings"][0]["line"]), (&true.into(), &4.into()));
    assert_eq!(json["configuration"]["systems"][1]["paths"], serde_json::json!(["/pd-webhook", "/hooks/pagerduty"]));

    world.write("pagebridge.toml", "listen = 8080\n[sytems.x]\n");
    let json = world.run(&["check", "--json"]).await;
    assert_eq!((json.code, json.json()["ok"].as_bool()), (Some(3), Some(false)));
}

/// What a receiver of webhooks was sent: the head, as it came.
fn taken_by(receiver: std::net::TcpListener, status: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut stream, _) = receiver.accept().expect("somebody calls");
        let mut head = String::new();
        let mut lines = std::io::BufReader::new(stream.try_clone().expect("a socket"));
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).expect("text") > 0, "it ends early: {head}");
        }
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("it listens");
        head
    })
}

#[tokio::test]
async fn the_operator_is_told_of_a_test_and_the_exit_code_says_whether() {
    let world = World::new("operator");
    for (status, code, word) in [("204 No Content", 0, "ok"), ("500 Oops", 1, "FAILED")] {
        let receiver = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/t0ken", receiver.local_addr().expect("bound"));
        let hook = format!("[[operator.webhooks]]\nurl = \"{url}\"\nsecret = \"s3cret\"\n");
        world.write("pagebridge.toml", &format!("{GOOD}{hook}"));
        let taken = taken_by(receiver, status);
        let told = world.run(&["operator", "test"]).await;
        let head = taken.join().expect("a call");
        assert!(head.starts_with("POST /t0ken ") && head.contains("x-pagebridge-signature: v1="), "{head}");
        assert_eq!((told.code, told.out.contains(word)), (Some(code), true), "{told:?}");
        assert!(told.out.contains("webhook to 127.0.0.1") && !told.out.contains("t0ken"), "{told:?}");
        assert!(!format!("{told:?}").contains("s3cret"), "{told:?}");
    }
    world.write("pagebridge.toml", GOOD);
    let nobody = world.run(&["operator", "test"]).await;
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("there is no channel") && nobody.err.contains("[operator.smtp]"), "{nobody:?}");
}

/// The keys of the configuration.
const KEYS: &[&str] = &[
    "listen",
    "store",
    "instance",
    "api_token",
    "kind",
    "label",
    "api_url",
    "paths",
    "webhook_secrets",
    "concurrency",
    "calls_per_minute",
    "lease_s",
    "connect_timeout_s",
    "timeout_s",
    "proxy",
    "from",
    "service_id",
    "user",
    "insecure_webhooks",
    "api_key",
    "integration_id",
    "webhook_header",
    "source",
    "name",
    "preset",
    "opsgenie",
    "pagerduty",
    "created",
    "acknowledged",
    "unacknowledged",
    "noted",
    "resolved",
    "reopened",
    "interval_s",
    "quiet_s",
    "linger_s",
    "first_wait_s",
    "longest_wait_s",
    "unanswered_wait_s",
    "stop_s",
    "confirm_within_s",
    "remind_s",
    "server",
    "security",
    "port",
    "password",
    "to",
    "ca",
    "insecure",
    "url",
    "secret",
    "token",
    "enabled",
    "base_url",
    "component",
    "group",
    "send_on_event_create",
    "send_on_incident_create",
    "send_on_incident_update",
    "auto_resolve",
    "answer_within_s",
    "status_map",
    "statuses",
    "severities",
    "services",
    "applications",
    "tokens",
    "back",
    "event_resolved",
    "notes",
    "netbox",
    "events",
    "confirm",
    "webhook_tokens",
    "webhook_url",
    "rt",
    "updated",
    "web_url",
    "rtname",
    "id_field",
    "url_field",
    "rejected",
    "deleted",
    "auto_open",
    "owner_acknowledges",
    "set_owner",
    "backlog",
    "sweep_s",
    "calls_per_round",
    "queues",
    "priorities",
    "service",
    "create_queue",
    "id",
    "initial",
    "active",
    "inactive",
    "subject_tag",
    "triggered",
    "region",
    "routing_key",
    "change_routing_key",
    "service_key",
    "events_url",
];

#[tokio::test]
async fn every_key_is_documented() {
    let documented = std::fs::read_to_string(project().join("docs/configuration.md")).expect("the page");
    for key in KEYS {
        assert!(documented.contains(&format!("| `{key}` |")), "`{key}` is not in docs/configuration.md");
    }
}

#[tokio::test]
async fn manual_and_completions_are_written() {
    let world = World::new("man");
    let man = world.run(&["man"]).await;
    assert!(man.out.contains(".TH pagebridge 1"), "{man:?}");
    assert_eq!(world.run(&["man", "--dir", "pages"]).await.code, Some(0));
    assert!(world.dir.join("pages/pagebridge-dead-letters-release.1").exists());
    for shell in ["bash", "zsh", "fish"] {
        let script = world.run(&["completions", shell]).await;
        assert!(script.out.contains("dead-letters"), "{shell}");
    }
}
