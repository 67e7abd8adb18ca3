//! Webhooks on their way from the sandbox into the recipe.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pagerduty::Secret;
use pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription};
use pagerduty::webhook::SIGNATURE_HEADER;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::recipes;
use crate::world::World;

/// The signature and the body of a delivery.
type Delivery = (String, Bytes);

/// Answers 200 to everything and passes it on.
async fn receiver() -> (String, mpsc::UnboundedReceiver<Delivery>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/webhooks/pagerduty", listener.local_addr().expect("bound"));
    let (sender, arrived) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(receive(stream, sender.clone()));
        }
    });
    (url, arrived)
}

async fn receive(stream: TcpStream, sender: mpsc::UnboundedSender<Delivery>) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let sender = sender.clone();
        async move {
            let signature = request.headers().get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
            let signature = signature.unwrap_or_default().to_owned();
            let body = request.into_body().collect().await?.to_bytes();
            drop(sender.send((signature, body)));
            Ok::<_, hyper::Error>(http::Response::new(Full::new(Bytes::new())))
        }
    });
    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

#[tokio::test]
async fn deliveries_are_verified_and_understood() {
    let world = World::start().await;
    let (url, mut arrived) = receiver().await;
    let new = NewSubscription {
        url,
        description: "the recipe".to_owned(),
        events: ["triggered", "acknowledged", "resolved", "annotated"].map(|what| format!("incident.{what}")).to_vec(),
        filter: Filter::Service(world.sandbox.service_id.as_str().into()),
        custom_headers: Vec::new(),
    };
    let made = world.value(webhook_subscriptions::create(&new)).await;
    let secret = made.delivery_method.and_then(|method| method.secret).expect("told once");
    let read = world.value(webhook_subscriptions::get(&made.id)).await;
    assert!(read.delivery_method.is_some_and(|method| method.secret.is_none()));

    let service = &world.sandbox.service_id;
    let id = recipes::incidents::create(&world.sender, service, "k", "Disk full").await.expect("opened");
    recipes::incidents::acknowledge(&world.sender, &id).await.expect("taken");
    recipes::incidents::add_note(&world.sender, &id, "café").await.expect("noted");
    recipes::incidents::resolve(&world.sender, &id, "").await.expect("over");
    world.value(webhook_subscriptions::ping(&made.id)).await;

    let mut lines = Vec::new();
    while lines.len() < 5 {
        let next = tokio::time::timeout(Duration::from_secs(10), arrived.recv()).await;
        let (signature, body) = next.expect("it comes in time").expect("the receiver runs");
        let secrets = [Secret::new("the next one"), secret.clone()];
        let (status, line) = recipes::webhooks::receive(&secrets, Some(&signature), &body);
        assert_eq!(status, 200, "{line}");
        lines.push(line);
        assert_eq!(recipes::webhooks::receive(&secrets[..1], Some(&signature), &body).0, 401);
        assert_eq!(recipes::webhooks::receive(&secrets, None, &body).0, 401);
    }
    // The ping is no incident's, so its place is not fixed.
    lines.retain(|line| line != "ping");
    let note = format!("note on {id}: café");
    assert_eq!(lines, ["triggered: Disk full", "acknowledged: Disk full", note.as_str(), "resolved: Disk full"]);
}
