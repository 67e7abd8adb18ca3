//! The sender against a real server on loopback.

#![expect(
    clippy::disallowed_methods,
    reason = "the servers here live as long as the test's runtime, there is no shutdown to wait"
)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use futures_util::stream;
use pagerduty::events::{self, Event, Severity};
use pagerduty::rest::incidents::{self, IncidentFilter, IncidentUpdate, NewIncident};
use pagerduty::rest::{abilities, notes, users, webhook_subscriptions};
use pagerduty::{Call, Class, Client, Error, IncidentId, Paging, Wait};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{builder, serve};
use crate::support::fixture;

fn client(address: SocketAddr) -> Client {
    builder(address).build().expect("valid")
}

/// Serves `response` to everything and gives the error of `call`.
async fn error_of<T>(call: &Call<T>, response: impl IntoResponse + Clone + Send + Sync + 'static) -> Error {
    let address = serve(Router::new().fallback(any(move || async move { response }))).await;
    match client(address).call(call).await {
        Ok(_) => panic!("the call succeeded"),
        Err(error) => error,
    }
}

fn create() -> Call<incidents::Incident> {
    incidents::create(&NewIncident::new("t", "PSVC001"))
}

fn trigger() -> Call<events::Enqueued> {
    let event = Event::trigger("k".repeat(32), "disk full", "db-1", Severity::Error).with_dedup_key("d");
    events::enqueue(&event).expect("valid")
}

#[tokio::test]
async fn an_answer_comes_with_its_rate_limit() {
    let headers = [
        ("ratelimit-limit", "960"),
        ("ratelimit-remaining", "959"),
        ("ratelimit-reset", "60"),
        ("x-request-id", "r-1"),
    ];
    let router = Router::new().route(
        "/incidents/Q1",
        get(move |request: Request| async move {
            assert_eq!(request.headers()[header::AUTHORIZATION], "Token token=u+t");
            assert!(
                request.headers()[header::USER_AGENT].to_str().is_ok_and(|agent| agent.starts_with("rust-pagerduty/"))
            );
            (headers, fixture!("rest/incident.json"))
        }),
    );
    let reply =
        client(serve(router).await).call(&incidents::get(&IncidentId::new("Q1"), &[])).await.expect("an incident");
    assert_eq!(reply.value.title, "Disk full");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.rate_limit.remaining, Some(959));
    assert_eq!(reply.rate_limit.reset_s(0), Some(60));
    assert_eq!(reply.request_id.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn every_kind_of_answer_is_unwrapped() {
    let router = Router::new()
        .route("/v2/enqueue", post(|body: Bytes| async move {
            assert!(body.starts_with(b"{\"routing_key\":"));
            (StatusCode::ACCEPTED, Json(json!({"status": "success", "message": "Event processed", "dedup_key": "d"})))
        }))
        .route("/incidents", get(|| async {
            Json(json!({"incidents": [{"id": "Q1"}, {"id": "Q2"}], "more": true, "limit": 2, "offset": 0, "total": null}))
        }))
        .route("/incidents/Q1/notes", get(|| async { Json(json!({"notes": [{"id": "PN", "content": "hi", "user": null}]})) }))
        .route("/users", get(|| async { Json(json!({"users": null, "more": null})) }))
        .route("/abilities", get(|| async { Json(json!({"abilities": ["teams", "sso"]})) }))
        .route("/webhook_subscriptions", get(|| async {
            Json(json!({"webhook_subscriptions": [{"id": "PW", "active": true, "delivery_method":
                {"url": "https://x", "secret": null, "temporarily_disabled": true, "custom_headers": []}}]}))
        }))
        .route("/webhook_subscriptions/PW/ping", post(|| async { StatusCode::ACCEPTED }));
    let client = client(serve(router).await);

    assert_eq!(client.call(&trigger()).await.expect("queued").value.dedup_key.as_deref(), Some("d"));
    let page = client.call(&incidents::list(&IncidentFilter::default())).await.expect("a page").value;
    assert_eq!((page.items.len(), page.next_offset(0)), (2, Some(2)));
    let notes = client.call(&notes::list(&"Q1".into())).await.expect("notes").value;
    assert_eq!(notes[0].content, "hi");
    let users = client.call(&users::list(&users::UserFilter::default())).await.expect("a page").value;
    assert!(users.items.is_empty() && users.next_offset(0).is_none());
    assert_eq!(client.call(&abilities::list()).await.expect("a list").value, ["teams", "sso"]);
    let list = webhook_subscriptions::list(None, Paging::default());
    let subscriptions = client.call(&list).await.expect("a page").value.items;
    assert!(subscriptions[0].delivery_method.as_ref().is_some_and(|method| method.temporarily_disabled));
    client.call(&webhook_subscriptions::ping(&"PW".into())).await.expect("no body to read");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let error = client(address).call(&create()).await.expect_err("nobody listens");
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert_eq!(error.class(), Class::Retry { wait: None });
    assert_eq!(error.effect(), None);
}

#[tokio::test]
async fn silence_is_unknown() {
    let router = Router::new().fallback(any(|| async { std::future::pending::<()>().await }));
    let address = serve(router).await;
    let client = builder(address).timeout(Duration::from_millis(200)).build().expect("valid");
    for (error, class) in [
        (client.call(&create()).await.expect_err("silence"), Class::ReadBack),
        (client.call(&trigger()).await.expect_err("silence"), Class::ReadBack),
        (client.call(&users::me()).await.expect_err("silence"), Class::Retry { wait: None }),
    ] {
        assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
        assert!(error.is_timeout());
        assert_eq!(error.class(), class);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.read_u8().await.expect("the request begins");
        }
    });
    let error = client(address).call(&create()).await.expect_err("broken");
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
    assert!(!error.is_timeout());
    assert_eq!(error.class(), Class::ReadBack);
}

/// Sends `head` and the start of a longer body to the next caller, then hangs up.
async fn breaks_off(head: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        // An answer before the request would count as a connection that broke before it was used.
        stream.read_u8().await.expect("the request begins");
        let text = format!("HTTP/1.1 {head}\r\ncontent-length: 100\r\n\r\n{{\"err");
        stream.write_all(text.as_bytes()).await.expect("the caller listens");
        stream.shutdown().await.expect("the caller listens");
        // Closing with unread data would reset the connection and lose what was just written.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    address
}

#[tokio::test]
async fn a_success_that_breaks_off_is_unknown() {
    let client = client(breaks_off("201 Created").await);
    let error = client.call(&create()).await.expect_err("broken");
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn the_status_of_an_error_that_breaks_off_counts() {
    let client = client(breaks_off("404 Not Found").await);
    let error = client.call(&users::me()).await.expect_err("not found");
    assert_eq!(error.class(), Class::NotFound);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let router = Router::new().fallback(any(|| async {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 4096]))))
    }));
    let address = serve(router).await;
    let client = builder(address).response_size_bytes_max(64 * 1024).build().expect("valid");
    let error = client.call(&users::me()).await.expect_err("endless");
    assert!(matches!(&error, Error::Undecodable { problem, .. } if problem.contains("too large")), "{error:?}");
    let error = client.call(&create()).await.expect_err("endless");
    assert_eq!(error.class(), Class::ReadBack);
}

#[tokio::test]
async fn an_unreadable_success_was_applied() {
    for body in ["<html>", "", "{}", r#"{"incident":{"id":null}}"#] {
        let error = error_of(&create(), (StatusCode::CREATED, body)).await;
        assert!(matches!(error, Error::Undecodable { status: 201, .. }), "{error:?}");
        assert_eq!(error.class(), Class::ReadBack);
    }
}

#[tokio::test]
async fn only_202_with_json_queues_an_event() {
    let body = r#"{"status":"success"}"#;
    let error = error_of(&trigger(), (StatusCode::OK, body)).await;
    assert!(matches!(error, Error::Undecodable { status: 200, .. }), "{error:?}");
    let error = error_of(&trigger(), (StatusCode::ACCEPTED, "hello")).await;
    assert!(matches!(error, Error::Undecodable { status: 202, .. }), "{error:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let error = error_of(&create(), (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")])).await;
    let response = error.response().expect("an answer");
    assert_eq!((response.status, error.class()), (302, Class::Permanent));
}

#[tokio::test]
async fn a_duplicate_is_told_from_other_refusals() {
    let body = r#"{"error":{"message":"Arguments Caused Error","code":2002,"errors":["Open incident with matching dedup key already exists on this service"]}}"#;
    let error = error_of(&create(), (StatusCode::BAD_REQUEST, body)).await;
    assert_eq!(error.class(), Class::Duplicate);
    assert_eq!(error.response().expect("an answer").code, Some(2002));
}

#[tokio::test]
async fn throttling_says_how_long() {
    let limited = |pairs: &'static [(&str, &str)]| async move {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a header"));
        }
        error_of(&create(), (StatusCode::TOO_MANY_REQUESTS, headers)).await.class()
    };
    let for_s = |s: u64| Class::RateLimited { wait: Some(Wait::For { ms: s * 1000 }) };
    assert_eq!(limited(&[]).await, Class::RateLimited { wait: None });
    assert_eq!(limited(&[("ratelimit-reset", "7")]).await, for_s(7));
    assert_eq!(limited(&[("ratelimit-reset", "7"), ("retry-after", "9")]).await, for_s(9));
    assert_eq!(
        limited(&[("x-ratelimit-reset", "1767323045")]).await,
        Class::RateLimited { wait: Some(Wait::Until { unix_ms: 1_767_323_045_000 }) }
    );
}

#[tokio::test]
async fn the_reset_of_the_window_is_no_reason_to_wait_after_other_errors() {
    let call = users::me();
    let error = error_of(&call, (StatusCode::BAD_GATEWAY, [("ratelimit-reset", "50")], "<html>")).await;
    assert_eq!(error.class(), Class::Retry { wait: None });
    assert_eq!(error.to_string(), "PagerDuty answered 502: an HTML page instead of JSON");
}

#[tokio::test]
async fn updates_report_the_state_they_meet() {
    let update = incidents::update(&"Q1".into(), &IncidentUpdate::acknowledge());
    let body = |code| Json(json!({"error": {"message": "m", "code": code}}));
    let error = error_of(&update, (StatusCode::BAD_REQUEST, body(1001))).await;
    assert_eq!(error.class(), Class::AlreadyResolved);
    let error = error_of(&update, (StatusCode::BAD_REQUEST, body(1002))).await;
    assert_eq!(error.class(), Class::AlreadyAcknowledged);
}
