//! TLS, and the proxy that leads PagerDuty's own hosts to the sandbox.

use std::path::PathBuf;

use pagebridge_sandbox::{
    Certificate, Config, Effect, Fault, PagerDutyConfig, Sandbox, StartError, System, TlsConfig, TlsError,
};
use reqwest::{Client, ClientBuilder, Method, Proxy};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, PATIENCE, World};

/// A client that trusts nothing but the sandbox's CA file.
fn trusting(world: &World) -> ClientBuilder {
    let pem = std::fs::read(&world.sandbox.ca_file).expect("the CA file");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("a PEM certificate");
    Client::builder().tls_certs_only([certificate]).timeout(PATIENCE)
}

/// A client that is built for PagerDuty's hosts and has a proxy setting.
fn through_the_proxy(world: &World) -> Client {
    let proxy = Proxy::all(&world.sandbox.proxy_url).expect("a proxy address");
    trusting(world).proxy(proxy).build().expect("a client")
}

async fn get(client: &Client, world: &World, url: &str) -> Answer {
    let request = client.get(url).header("Authorization", format!("Token token={}", world.sandbox.user_token));
    Answer::read(request.send().await.expect("an answer")).await
}

fn tls(tls: TlsConfig) -> Config {
    Config { tls, ..Config::default() }
}

#[tokio::test]
async fn the_look_alike_answers_over_tls_and_links_lead_back_the_way_the_client_came() {
    let world = World::start().await;
    let client = trusting(&world).no_proxy().build().expect("a client");
    let port = world.sandbox.tls_url.rsplit_once(':').expect("a port").1;
    for base in [world.sandbox.tls_url.clone(), format!("https://localhost:{port}")] {
        let me = get(&client, &world, &format!("{base}/users/me")).await;
        assert_eq!(me.body["user"]["self"], format!("{base}/users/{}", world.sandbox.from_id));
        let web = me.body["user"]["html_url"].as_str().expect("a link");
        assert!(web.starts_with("https://sandbox.pagerduty.com/"), "{web}");
    }
    let plain = world.pd("GET", "/users", None).await;
    let link = plain.body["users"][0]["self"].as_str().expect("a link");
    assert!(link.starts_with(&format!("{}/users/", world.sandbox.pagerduty_url)), "{link}");
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_is_not_served() {
    let world = World::start().await;
    let strange = World::start().await;
    let client = trusting(&strange).no_proxy().build().expect("a client");
    let refused = client.get(format!("{}/users", world.sandbox.tls_url)).send().await;
    assert!(refused.expect_err("another authority").is_connect());
}

#[tokio::test]
async fn clients_built_for_pagerdutys_hosts_arrive_through_the_proxy() {
    let world = World::start().await;
    let client = through_the_proxy(&world);
    for host in ["api.pagerduty.com", "api.eu.pagerduty.com", "events.pagerduty.com:8443"] {
        let me = get(&client, &world, &format!("https://{host}/users/me")).await;
        assert_eq!(me.status, 200, "{host}: {}", me.text);
        assert_eq!(me.body["user"]["self"], format!("https://{host}/users/{}", world.sandbox.from_id));
    }
    let event = json!({
        "routing_key": world.sandbox.routing_key, "event_action": "trigger", "dedup_key": "k",
        "payload": {"summary": "disk full", "source": "db-07", "severity": "critical"},
    });
    let sent = client.post("https://events.pagerduty.com/v2/enqueue").json(&event).send().await.expect("an answer");
    assert_eq!(sent.status(), 202);
    assert_eq!(world.sandbox.pagerduty().incident("k").expect("made").status, "triggered");
}

#[tokio::test]
async fn the_proxy_leads_nowhere_else_and_says_so() {
    let world = World::start().await;
    let client = through_the_proxy(&world);
    let elsewhere = client.get("https://example.test/").send().await.expect_err("refused");
    assert!(elsewhere.is_connect());
    let raw = async |request: &str| {
        let address = world.sandbox.proxy_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer and the end");
        answer
    };
    let refused = raw("CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\nConnection: close\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    assert!(refused.contains("`example.test` is not one of its names"), "{refused}");
    assert!(refused.contains("events.eu.pagerduty.com"), "{refused}");
    let plain =
        raw("GET http://api.pagerduty.com/users HTTP/1.1\r\nHost: api.pagerduty.com\r\nConnection: close\r\n\r\n")
            .await;
    assert!(plain.starts_with("HTTP/1.1 405") && plain.contains("CONNECT only"), "{plain}");
}

#[tokio::test]
async fn faults_reach_through_tls_and_proxy() {
    let world = World::start().await;
    let client = through_the_proxy(&world);
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::ApplyThenReset).count(1));
    let request = client.request(Method::POST, "https://api.pagerduty.com/incidents");
    let request = request
        .header("Authorization", format!("Token token={}", world.sandbox.user_token))
        .json(&world.incident_body("x", Some("k")));
    let error = format!("{:?}", request.send().await.expect_err("reset"));
    assert!(error.contains("ConnectionReset"), "{error}");
    assert!(world.sandbox.pagerduty().incident("k").is_ok());
}

#[tokio::test]
async fn configured_names_are_in_the_certificate_and_lead_through_the_proxy() {
    let names = vec!["pagerduty.example.test".to_owned(), "192.0.2.7".to_owned()];
    let world = World::with(tls(TlsConfig { names, ..TlsConfig::default() })).await;
    let client = through_the_proxy(&world);
    for host in ["pagerduty.example.test", "192.0.2.7:444"] {
        assert_eq!(get(&client, &world, &format!("https://{host}/users/me")).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn links_can_be_given_a_public_address() {
    let pagerduty = PagerDutyConfig {
        public_url: Some("https://pd.example.test".to_owned()),
        web_base: "https://web.example.test".to_owned(),
        ..PagerDutyConfig::default()
    };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    let me = world.pd("GET", &format!("/users/{}", world.sandbox.from_id), None).await.body["user"].clone();
    assert_eq!(me["self"], format!("https://pd.example.test/users/{}", world.sandbox.from_id));
    assert_eq!(me["html_url"], format!("https://web.example.test/users/{}", world.sandbox.from_id));
}

#[tokio::test]
async fn the_ca_file_goes_with_the_sandbox_unless_a_place_was_chosen() {
    let world = World::start().await;
    let own = world.sandbox.ca_file.clone();
    let ready: Value = world.sandbox.ready_json();
    assert_eq!(ready["pagerduty"]["ca_file"], own.to_str().expect("plain text"));
    assert!(own.exists());
    world.sandbox.stop().await;
    assert!(!own.exists() && !own.parent().expect("a directory").exists());

    let directory = tempfile::tempdir().expect("a directory");
    let chosen = directory.path().join("ca.pem");
    let certificate = Certificate::Made { ca_file: Some(chosen.clone()) };
    let world = World::with(tls(TlsConfig { certificate, ..TlsConfig::default() })).await;
    assert_eq!(world.sandbox.ca_file, chosen);
    world.sandbox.stop().await;
    assert!(chosen.exists());
}

/// Writes a self-signed certificate for this machine and returns the files' paths.
fn own_files(directory: &std::path::Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let (cert_file, key_file) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&cert_file, made.cert.pem()).expect("written");
    std::fs::write(&key_file, made.signing_key.serialize_pem()).expect("written");
    (cert_file, key_file)
}

#[tokio::test]
async fn a_certificate_of_ones_own_stays_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let (cert_file, key_file) = own_files(directory.path());
    let certificate = Certificate::Files { ca_file: cert_file.clone(), cert_file: cert_file.clone(), key_file };
    let config = tls(TlsConfig { certificate, ..TlsConfig::default() });
    let first = World::with(config.clone()).await;
    let client = trusting(&first).no_proxy().build().expect("a client");
    let second = World::with(config).await;
    for world in [&first, &second] {
        assert_eq!(world.sandbox.ca_file, cert_file);
        let url = format!("{}/users/me", world.sandbox.tls_url);
        assert_eq!(get(&client, world, &url).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_wrong_with_files_and_names_is_told_before_anything_starts() {
    let directory = tempfile::tempdir().expect("a directory");
    let (cert_file, key_file) = own_files(directory.path());
    let nowhere = directory.path().join("no/such/ca.pem");
    let refused = async |certificate: Certificate, names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let started = Sandbox::start(tls(TlsConfig { names, certificate, ..TlsConfig::default() })).await;
        match started.expect_err("refused") {
            StartError::Tls(error) => error,
            other => panic!("{other}"),
        }
    };
    let error = refused(Certificate::Made { ca_file: Some(nowhere.clone()) }, &[]).await;
    assert!(matches!(&error, TlsError::Write { path, .. } if *path == nowhere), "{error}");
    let error = refused(Certificate::Made { ca_file: None }, &["not ä name"]).await;
    assert!(error.to_string().contains("not ä name"), "{error}");
    let files = |cert_file: &PathBuf, key_file: &PathBuf, ca_file: &PathBuf| Certificate::Files {
        cert_file: cert_file.clone(),
        key_file: key_file.clone(),
        ca_file: ca_file.clone(),
    };
    let error = refused(files(&nowhere, &key_file, &cert_file), &[]).await;
    assert!(error.to_string().contains("cannot read the certificate"), "{error}");
    let error = refused(files(&cert_file, &cert_file, &cert_file), &[]).await;
    assert!(error.to_string().contains("cannot read the private key"), "{error}");
    let error = refused(files(&cert_file, &key_file, &key_file), &[]).await;
    assert!(error.to_string().contains("cannot read the CA certificate"), "{error}");
    let stranger = tempfile::tempdir().expect("a directory");
    let (_, other_key) = own_files(stranger.path());
    let error = refused(files(&cert_file, &other_key, &cert_file), &[]).await;
    assert!(matches!(error, TlsError::Unusable(_)), "{error}");
}
