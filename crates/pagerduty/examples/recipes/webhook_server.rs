//! A small server for webhooks.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use pagerduty::Secret;
use pagerduty::webhook::SIGNATURE_HEADER;

use crate::webhooks::receive;

/// Receives on `http://127.0.0.1:3000/webhooks/pagerduty`. While the secret is being replaced, give both, with a comma between.
pub(crate) async fn serve(secrets: String) -> Result<(), Box<dyn Error>> {
    let secrets: Arc<[Secret]> = secrets.split(',').map(|secret| Secret::new(secret.trim())).collect();
    let router = Router::new().route("/webhooks/pagerduty", post(handle)).with_state(secrets);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, router).await?)
}

async fn handle(State(secrets): State<Arc<[Secret]>>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let signature = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
    let (status, line) = receive(&secrets, signature, &body);
    println!("{line}");
    let text = if status == 401 { "Invalid signature" } else { "OK" };
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), text)
}
