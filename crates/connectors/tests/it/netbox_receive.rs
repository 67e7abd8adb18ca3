//! What NetBox's webhooks mean: every recording, every version's shape, and everything that can be wrong with a body.

use crate::support::{NOW, netbox_settings};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use pagebridge_connectors::netbox::Settings;
use pagebridge_connectors::{NetBox, Secret};
use pagebridge_core::{Input, InputId, KeyKind, News, Status, Timestamp, What};
use pagebridge_ports::{ManualClock, Receive, Received, Refusal};
use serde_json::{Value, json};
use sha2::Sha512;
use std::path::Path;
use std::sync::Arc;

const SECRET: &str = "hook-secret";

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/netbox").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a fixture is JSON")
}

fn connector(change: impl FnOnce(&mut Settings)) -> NetBox {
    let mut settings = netbox_settings("https://nb.test");
    settings.webhook_secrets = vec![Secret::new("older"), Secret::new(SECRET)];
    change(&mut settings);
    NetBox::new(settings, Arc::new(ManualClock::at(NOW))).expect("the settings are valid")
}

fn headers(signature: &str) -> HeaderMap {
    [(http::HeaderName::from_static("x-hook-signature"), signature.parse().expect("a value"))].into_iter().collect()
}

pub(crate) fn signed(secret: &str, body: &[u8]) -> HeaderMap {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(body);
    headers(&hex::encode(mac.finalize().into_bytes()))
}

fn receive(body: &Value) -> Result<Received, Refusal> {
    let body = body.to_string();
    connector(|_| {}).receive(&signed(SECRET, body.as_bytes()), body.as_bytes())
}

fn input(body: &Value) -> Input {
    match receive(body) {
        Ok(Received::Input(input)) => *input,
        other => panic!("{body}: {other:?}"),
    }
}

fn hook(event: &str, kind: &str) -> Value {
    json!({"event": event, "timestamp": "2026-11-20T14:22:21.562877+00:00", "object_type": format!("business_application.{kind}"),
        "username": "ann", "request_id": "req-1", "data": {"id": 5, "status": "new"}, "snapshots": {}})
}

#[test]
fn every_recording_is_verified_as_it_was_sent_and_means_what_the_table_says() {
    let hint = || Some(News::Hint);
    let table = [
        ("webhook-event-created", "event/1", hint()),
        ("webhook-incident-created", "incident/1", hint()),
        ("webhook-incident-updated-investigating", "incident/1", hint()),
        ("webhook-incident-updated-resolved", "incident/1", hint()),
        ("webhook-incident-updated-from-web-ui", "incident/2", hint()),
        ("webhook-incident-deleted", "incident/1", Some(News::Status(Status::Resolved))),
        ("webhook-site-created", "", None),
    ];
    for (name, record, news) in table {
        let recorded = fixture(name);
        let body = recorded["raw_body"].as_str().expect("bytes");
        let sent = recorded["headers"].as_array().expect("headers").iter();
        let signature = sent.filter(|header| header[0] == "X-Hook-Signature").find_map(|header| header[1].as_str());
        let received = connector(|_| {}).receive(&headers(signature.expect("signed")), body.as_bytes());
        let Some(news) = news else {
            assert!(matches!(received, Ok(Received::Ignored { reason: "type", .. })), "{name}: {received:?}");
            continue;
        };
        let Ok(Received::Input(input)) = received else { panic!("{name}: {received:?}") };
        assert_eq!(input.what, What::News(news), "{name}");
        assert_eq!((input.keys[0].kind, input.keys[0].value.as_str()), (KeyKind::Record, record), "{name}");
        assert!(!input.asks, "{name}: records that are new are found by the follower");
        let by = recorded["body"]["username"].as_str();
        assert_eq!(input.actor.as_ref().map(|actor| actor.name.as_str()), by, "{name}");
        assert!(input.occurred_at.is_some() && input.id != InputId::default(), "{name}");
        let page = format!("https://nb.test/plugins/business-application/{record}/");
        assert_eq!(input.url.as_deref(), Some(page.as_str()), "{name}");
    }
}

#[test]
fn the_shape_of_every_version_is_understood() {
    let whole = hook("updated", "incident");
    let shapes = [
        // 4.1 to 4.3: the model without its app.
        ("model", json!({"object_type": null, "model": "incident"})),
        // 4.4: both.
        ("both", json!({"model": "incident"})),
        ("4.5", json!({})),
        // 4.6: both ways of naming the request.
        ("4.6", json!({"request": {"id": "req-1", "method": "PATCH", "path": "/x/", "user": "ann"}})),
        // 4.7: only the new one.
        ("4.7", json!({"username": null, "request_id": null, "request": {"id": "req-1", "user": "ann"}})),
        (
            "nested",
            json!({"username": null, "request_id": null, "request": {"id": "req-1", "user": {"username": "ann"}}}),
        ),
    ];
    for (name, changes) in shapes {
        let mut body = whole.clone();
        body.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
        let mut expected = input(&whole);
        let found = input(&body);
        expected.occurred_at = Some(Timestamp(1_795_184_541_562));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_repeat_has_the_same_identity_and_another_object_of_the_same_request_has_not() {
    let id = |body: &Value| input(body).id;
    let first = hook("updated", "incident");
    assert_eq!(id(&first), id(&first));
    let mut others: Vec<Value> = vec![hook("created", "incident"), hook("updated", "event")];
    for (field, value) in [("request_id", json!("req-2")), ("data", json!({"id": 6}))] {
        let mut other = first.clone();
        other[field] = value;
        others.push(other);
    }
    for other in others {
        assert_ne!(id(&first), id(&other), "{other}");
    }
    let mut nameless = first.clone();
    nameless["request_id"] = Value::Null;
    let mut later = nameless.clone();
    later["timestamp"] = json!("2026-11-20T14:22:22+00:00");
    assert_ne!(id(&nameless), id(&later));
    later["timestamp"] = Value::Null;
    assert_eq!(id(&later), InputId::default());
}

#[test]
fn what_is_not_followed_is_answered_well() {
    for kind in ["dcim.site", "business_application.technicalservice", "other_plugin.incident", ""] {
        let mut body = hook("created", "incident");
        body["object_type"] = json!(kind);
        assert!(matches!(receive(&body), Ok(Received::Ignored { reason: "type", .. })), "{kind}");
    }
    let mut body = hook("job_started", "incident");
    assert!(matches!(receive(&body), Ok(Received::Ignored { reason: "event", .. })));
    body["object_type"] = Value::Null;
    assert!(matches!(receive(&body), Ok(Received::Ignored { reason: "type", .. })));
}

#[test]
fn only_what_is_signed_with_a_secret_is_taken() {
    let body = hook("updated", "incident").to_string();
    let bytes = body.as_bytes();
    let refused = |connector: &NetBox, headers: &HeaderMap, body: &[u8]| match connector.receive(headers, body) {
        Err(Refusal::Unauthorized(text)) => text,
        other => panic!("{other:?}"),
    };
    let own = connector(|_| {});
    assert!(own.receive(&signed("older", bytes), bytes).is_ok(), "an older secret counts while it is being replaced");
    let upper = headers(&signed(SECRET, bytes)["x-hook-signature"].to_str().expect("text").to_uppercase());
    assert!(own.receive(&upper, bytes).is_ok());
    for wrong in [signed("other", bytes), signed(SECRET, b"{}"), headers(""), headers("zz"), headers("abcd")] {
        let text = refused(&own, &wrong, bytes);
        assert!(text.contains("X-Hook-Signature") && !text.contains(SECRET), "{text}");
    }
    assert!(refused(&own, &HeaderMap::new(), bytes).contains("missing"));
    let changed = body.replace("new", "old");
    refused(&own, &signed(SECRET, bytes), changed.as_bytes());
    // An empty secret would let everybody sign.
    let empty = connector(|s| s.webhook_secrets = vec![Secret::new("")]);
    refused(&empty, &signed("", bytes), bytes);
    let none = connector(|s| s.webhook_secrets = Vec::new());
    assert!(refused(&none, &signed("", bytes), bytes).contains("webhook_secrets"));
    let open = connector(|s| (s.webhook_secrets, s.insecure) = (Vec::new(), true));
    assert!(open.receive(&HeaderMap::new(), bytes).is_ok());
}

#[test]
fn a_body_that_is_not_netboxs_is_refused_with_a_remedy() {
    let own = connector(|s| (s.webhook_secrets, s.insecure) = (Vec::new(), true));
    let table = [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        (r#"{"event": "created", "object_type": "business_application.event"}"#, "data"),
        (r#"{"object_type": "business_application.event", "data": {}}"#, "event"),
        (r#"{"event": "created", "object_type": "business_application.event", "data": {"id": "5"}}"#, "data.id"),
        (r#"{"event": "created", "object_type": "business_application.event", "data": null}"#, "data.id"),
    ];
    for (body, wrong) in table {
        let refusal = own.receive(&HeaderMap::new(), body.as_bytes());
        let Err(Refusal::Malformed { field, detail }) = refusal else { panic!("{body}: {refusal:?}") };
        assert_eq!(field, wrong, "{body}: {detail}");
        assert!(detail.contains("body template"), "{detail}");
    }
}
