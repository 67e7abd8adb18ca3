//! Webhooks.

use super::{NOW, is_delivered, news, operator, reason, results};
use crate::support::spawned;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use pagebridge_connectors::Secret;
use pagebridge_connectors::operator::hook::Settings;
use pagebridge_ports::{CheckResult, Operator as _, OperatorNews};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

type Calls = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// Takes webhooks and always gives the same answer.
pub(super) struct Receiver {
    url: String,
    calls: Calls,
}

impl Receiver {
    pub(super) async fn answers(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/alarms/t0ken", listener.local_addr().expect("bound"));
        let calls = Calls::default();
        let (kept, elsewhere) = (calls.clone(), url.clone());
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let (kept, elsewhere) = (kept.clone(), elsewhere.clone());
            async move {
                kept.lock().expect("no test panics while it holds it").push((headers, body.to_vec()));
                (StatusCode::from_u16(status).expect("a status"), [("location", elsewhere)], "s3cret")
            }
        });
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { url, calls }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            url: Secret::new(self.url.as_str()),
            secret: Secret::new("s3cret"),
            connect_timeout_ms: 5_000,
            timeout_ms: 20_000,
            proxy: false,
        }
    }

    pub(super) fn calls(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        self.calls.lock().expect("no test panics while it holds it").clone()
    }
}

/// HMAC-SHA256 by the letter of RFC 2104, for keys of up to 64 bytes.
fn hmac_hex(key: &[u8], text: &[u8]) -> String {
    let padded = |pad: u8| -> Vec<u8> { (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ pad).collect() };
    let inner = Sha256::digest([&padded(0x36), text].concat());
    let outer = Sha256::digest([&padded(0x5c), inner.as_slice()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_tests_own_hmac_is_right() {
    // Test case 2 of RFC 4231.
    let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hmac_hex(b"Jefe", b"what do ya want for nothing?"), wanted);
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_raw_body_and_known_when_it_is_repeated() {
    let receiver = Receiver::answers(204).await;
    let operator = operator(None, vec![receiver.settings()]);
    let first = news("Größe von /var");
    let later = OperatorNews { at: NOW.plus_ms(60_000), ..first.clone() };
    for news in [&first, &later] {
        assert!(is_delivered(&operator.tell(news).await));
    }
    let calls = receiver.calls();
    let header = |call: usize, name: &str| calls[call].0[name].to_str().expect("text").to_owned();
    for (call, (_, body)) in calls.iter().enumerate() {
        assert_eq!(header(call, "x-pagebridge-signature"), format!("v1={}", hmac_hex(b"s3cret", body)));
        assert_eq!(header(call, "content-type"), "application/json");
        let json: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(json["id"], header(call, "x-pagebridge-delivery"));
    }
    assert_eq!(header(0, "x-pagebridge-delivery"), header(1, "x-pagebridge-delivery"));
    assert_eq!(
        (header(0, "x-pagebridge-timestamp"), header(1, "x-pagebridge-timestamp")),
        ("1795521600".into(), "1795521660".into())
    );
    let json: Value = serde_json::from_slice(&calls[0].1).expect("JSON");
    assert_eq!((&json["at"], &json["alarms"][0]["title"]), (&"2026-11-24T12:00:00Z".into(), &"Größe von /var".into()));
}

#[tokio::test]
async fn only_a_2xx_counts_as_taken_and_redirects_are_not_followed() {
    for (status, taken, word) in [
        (200, true, ""),
        (202, true, ""),
        (307, false, "redirects are not followed"),
        (401, false, "the same secret"),
        (404, false, "`url`"),
        (500, false, "log"),
    ] {
        let receiver = Receiver::answers(status).await;
        let operator = operator(None, vec![receiver.settings()]);
        let tested = operator.test(NOW).await;
        assert_eq!(tested[0].result == CheckResult::Ok, taken, "{status}");
        assert!(tested[0].remedy.contains(word), "{tested:?}");
        assert_eq!(receiver.calls().len(), 1, "{status}");
        let outcome = operator.tell(&news("Disk full")).await;
        assert_eq!(is_delivered(&outcome), taken, "{status}");
        let told = format!("{tested:?} {outcome:?} {operator:?}");
        assert!(!told.contains("s3cret") && !told.contains("t0ken"), "{told}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_told_without_its_address() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    let url = Secret::new(format!("http://localhost:{free}/t0ken"));
    let settings = Settings { url, ..Receiver::answers(200).await.settings() };
    let reason = reason(operator(None, vec![settings]).tell(&news("Disk full")).await);
    assert!(reason.starts_with("webhook to localhost: no answer: ") && !reason.contains("t0ken"), "{reason}");
}

#[tokio::test]
async fn a_check_calls_nobody() {
    let receiver = Receiver::answers(200).await;
    let checks = operator(None, vec![receiver.settings()]).check().await;
    let found = "address and secret are there; it was not called: `pagebridge operator test` does that";
    assert_eq!((results(&checks), receiver.calls().len()), (vec![(CheckResult::Ok, found)], 0));
}
