//! What a sender hears.

use crate::world::{BODY_MAX, World, answer};
use serde_json::json;
use std::sync::atomic::Ordering;

const ALERT: &str = r#"{"id": "a-1", "title": "Disk full"}"#;

#[tokio::test]
async fn what_is_accepted_is_stored_and_a_repeat_changes_nothing() {
    let world = World::start().await;
    let first = world.post("/ops-webhook", ALERT).await;
    assert_eq!((first.status, first.json()), (202, json!({"status": "accepted", "incident": 1})));
    let again = world.post("/hooks/opsgenie", ALERT).await;
    assert_eq!((again.status, again.json()), (200, json!({"status": "repeated", "incident": 1})));
    let slash = world.post("/ops-webhook/", ALERT).await;
    assert_eq!((slash.status, slash.json()["status"].as_str()), (200, Some("repeated")));
    let ping = world.post("/ops-webhook", r#"{"id": "a-1"}"#).await;
    assert_eq!((ping.status, ping.json()), (200, json!({"status": "ignored", "reason": "ping"})));
    let other = world.post("/ops-webhook", r#"{"id": "never-heard", "note": "hm"}"#).await;
    assert_eq!((other.status, other.json()), (200, json!({"status": "ignored", "reason": "unknown_record"})));
}

#[tokio::test]
async fn bad_input_is_refused_with_the_reason_and_the_server_goes_on() {
    let world = World::start().await;
    let large = "x".repeat(2 * 1024 * 1024);
    let cases: [(&str, Vec<u8>, u16, &str, &str); 8] = [
        ("empty", vec![], 400, "malformed", "not JSON"),
        ("not JSON", b"action=Create".to_vec(), 400, "malformed", "not JSON"),
        ("cut off", b"{\"id\": \"a".to_vec(), 400, "malformed", "not JSON"),
        ("not UTF-8", b"{\"id\": \"\xff\xfe\"}".to_vec(), 400, "malformed", "not JSON"),
        ("an array", b"[]".to_vec(), 400, "malformed", "a text is expected"),
        ("wrong type", b"{\"id\": 7}".to_vec(), 400, "malformed", "a text is expected"),
        ("2 MB", large.into_bytes(), 413, "too_large", "larger than 1048576 bytes"),
        ("panic", b"panic".to_vec(), 500, "internal", "fault of ours"),
    ];
    for (name, body, status, code, words) in cases {
        let got = world.post("/ops-webhook", body).await;
        assert_eq!(got.status, status, "{name}: {}", got.text);
        assert_eq!(got.headers["content-type"], "application/problem+json", "{name}");
        let problem = got.json();
        assert_eq!(problem["code"], code, "{name}");
        assert_eq!(problem["status"], status, "{name}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.contains(words)), "{name}: {problem}");
        assert_eq!(world.post("/ops-webhook", r#"{"id": "p"}"#).await.status, 200, "after {name}");
    }
    assert_eq!(world.get("/api/v1/counts").await.json()["entries"], 0, "nothing half done");
    let typed = world.post("/ops-webhook", r#"{"id": 7}"#).await.json();
    assert_eq!(typed["field"], "id");
}

#[tokio::test]
async fn a_wrong_signature_is_401() {
    let world = World::start().await;
    let request = world.client.post(world.url("/ops-webhook")).header("x-wrong-secret", "1").body(ALERT);
    let got = answer(request).await;
    assert_eq!((got.status, got.json()["code"].as_str()), (401, Some("unauthorized")));
    assert_eq!(world.get("/api/v1/counts").await.json()["incidents"], 0);
}

#[tokio::test]
async fn what_cannot_be_judged_yet_is_to_be_repeated() {
    let world = World::start().await;
    let request = world.client.post(world.url("/ops-webhook")).header("x-secret-unknown-yet", "1").body(ALERT);
    let got = answer(request).await;
    assert_eq!((got.status, got.json()["code"].as_str()), (503, Some("not_yet")));
    assert!(got.headers.contains_key("retry-after"));
    assert_eq!(world.get("/readyz").await.status, 200, "the store is well");
    assert_eq!(world.get("/api/v1/upkeep").await.json()["upkeep"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn large_bodies_are_refused_however_they_come() {
    let world = World::start().await;
    // Told beforehand, and the sender waits for our word: it never sends the body.
    let expects = format!(
        "POST /ops-webhook HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        BODY_MAX + 1
    );
    let text = world.raw(expects.as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    // Not told beforehand.
    let mut chunked =
        b"POST /ops-webhook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..17 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let text = world.raw(&chunked).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    // The largest that is taken, in pieces.
    let padding = " ".repeat(BODY_MAX - ALERT.len());
    assert_eq!(world.post("/ops-webhook", format!("{ALERT}{padding}")).await.status, 202);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let world = World::start().await;
    let request = "POST /ops-webhook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
        7\r\n{\"id\": \r\n1\r\n\"\r\n1a\r\na-1\", \"title\": \"Disk full\"\r\n1\r\n}\r\n0\r\n\r\n";
    let text = world.raw(request.as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
    let cut = "POST /ops-webhook HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
    let text = world.raw(cut.as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
}

#[tokio::test]
async fn only_post_is_taken() {
    let world = World::start().await;
    let got = world.get("/ops-webhook").await;
    assert_eq!((got.status, got.headers["allow"].to_str().ok()), (405, Some("POST")));
    let got = world.post("/hooks/nobody", ALERT).await;
    assert_eq!((got.status, got.json()["code"].as_str()), (404, Some("not_found")));
}

#[tokio::test]
async fn a_store_that_cannot_commit_is_503_and_readyz_says_why() {
    let world = World::start().await;
    assert_eq!(world.get("/readyz").await.status, 200);
    world.store.broken.store(true, Ordering::SeqCst);
    let got = world.post("/ops-webhook", ALERT).await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().ok()), (503, Some("5")));
    assert_eq!(got.json()["code"], "store_unavailable");
    // The good answer of a moment ago does not stand any more.
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["part"].as_str()), (503, Some("store")));
    assert_eq!(ready.json()["reason"], "could not commit: disk full");
    assert_eq!(world.get("/healthz").await.status, 200);

    world.store.broken.store(false, Ordering::SeqCst);
    world.clock.advance(1_000);
    assert_eq!(world.get("/readyz").await.status, 200);
    assert_eq!(world.post("/ops-webhook", ALERT).await.status, 202);
}
