//! A server on loopback that answers as it is told and remembers what it was asked.

#![expect(
    clippy::disallowed_methods,
    reason = "the servers here live as long as the test's runtime, there is no shutdown to wait"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use pagerduty::{Client, ClientBuilder};
use tokio::net::TcpListener;

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub(crate) fn builder(address: SocketAddr) -> ClientBuilder {
    let base = format!("http://{address}");
    Client::builder().token("u+t").rest_url(&base).events_url(base).no_proxy()
}

/// An answer to give.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let header = |(name, value): (&'static str, &'static str)| {
            (HeaderName::from_static(name), value.parse().expect("a header"))
        };
        let headers: HeaderMap = self.headers.into_iter().map(header).collect();
        (StatusCode::from_u16(self.status).expect("a status"), headers, self.body).into_response()
    }
}

/// What was asked, oldest first: `METHOD path?query`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics while holding it").clone()
    }
}

/// Serves what `answer` makes of the method and address of each request.
pub(crate) async fn answers(answer: impl Fn(&str) -> Answer + Clone + Send + Sync + 'static) -> (Client, Asked) {
    let asked = Asked::default();
    let remembered = asked.clone();
    let router = Router::new().fallback(any(move |request: Request| {
        let line = format!("{} {}", request.method(), request.uri());
        remembered.0.lock().expect("nobody panics while holding it").push(line.clone());
        let answer = answer(&line);
        async move { answer }
    }));
    (builder(serve(router).await).build().expect("valid"), asked)
}

/// Serves each answer once, in order, and the last one from then on.
pub(crate) async fn in_turn(turns: Vec<Answer>) -> (Client, Asked) {
    let next = Arc::new(Mutex::new(0_usize));
    answers(move |_| {
        let mut next = next.lock().expect("nobody panics while holding it");
        let answer = turns[(*next).min(turns.len() - 1)].clone();
        *next += 1;
        answer
    })
    .await
}
