//! A small world for the sandbox's tests: a running sandbox, a client, and a receiver of webhooks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pagebridge_sandbox::{Config, Running, Sandbox};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Nothing in these tests takes longer unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> World {
        let sandbox = Sandbox::start(config).await.expect("free ports");
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        World { sandbox, http }
    }

    /// Calls PagerDuty's REST API with the account token and the automation user's `From`.
    pub(crate) async fn pd(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .http
            .request(method.parse::<Method>().expect("a method"), format!("{}{path}", self.sandbox.pagerduty_url))
            .header("Authorization", format!("Token token={}", self.sandbox.account_token))
            .header("Accept", "application/vnd.pagerduty+json;version=2")
            .header("From", &self.sandbox.from);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn og(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .http
            .request(method.parse::<Method>().expect("a method"), format!("{}{path}", self.sandbox.opsgenie_url))
            .header("Authorization", format!("GenieKey {}", self.sandbox.opsgenie_api_key));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.sandbox.control_url);
        let mut request = self.http.request(method.parse::<Method>().expect("a method"), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub(crate) fn incident_body(&self, title: &str, key: Option<&str>) -> Value {
        let service = json!({"id": self.sandbox.service_id, "type": "service_reference"});
        let mut incident = json!({"type": "incident", "title": title, "service": service});
        if let Some(key) = key {
            incident["incident_key"] = key.into();
        }
        json!({"incident": incident})
    }

    /// Creates an incident and returns its id.
    pub(crate) async fn incident(&self, title: &str, key: Option<&str>) -> String {
        let answer = self.pd("POST", "/incidents", Some(self.incident_body(title, key))).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["incident"]["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn put_status(&self, id: &str, status: &str) -> Answer {
        let body = json!({"incident": {"type": "incident_reference", "status": status}});
        self.pd("PUT", &format!("/incidents/{id}"), Some(body)).await
    }

    /// Waits until the request is processed and returns its result.
    pub(crate) async fn og_result(&self, request_id: &str) -> Value {
        let path = format!("/v2/alerts/requests/{request_id}");
        let begun = Instant::now();
        loop {
            let answer = self.og("GET", &path, None).await;
            if answer.status == 200 {
                return answer.body["data"].clone();
            }
            assert_eq!(answer.status, 404);
            assert!(begun.elapsed() < PATIENCE, "request {request_id} was never processed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Answer {
        let status = response.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, body, text }
    }
}

/// One webhook as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
}

/// Receives webhooks and answers as told: first the given statuses, then 202.
pub(crate) struct Receiver {
    pub(crate) url: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Receiver {
    pub(crate) async fn start(statuses: &[u16]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (sender, arrived) = mpsc::unbounded_channel();
        let mut left: Vec<u16> = statuses.to_vec();
        left.reverse();
        let left = Arc::new(Mutex::new(left));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, sender.clone(), left.clone()));
            }
        });
        Receiver { url, arrived }
    }

    pub(crate) async fn next(&mut self) -> Arrived {
        let next = tokio::time::timeout(PATIENCE, self.arrived.recv()).await;
        next.expect("no webhook came in time").expect("the receiver runs")
    }

    /// Returns what has arrived so far and was not taken.
    pub(crate) fn drain(&mut self) -> Vec<Arrived> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }
}

/// Waits for something that happens right after an answer was sent, and has no event of its own.
pub(crate) async fn wait_until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it happens");
}

async fn receive(stream: tokio::net::TcpStream, sender: mpsc::UnboundedSender<Arrived>, left: Arc<Mutex<Vec<u16>>>) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (sender, left) = (sender.clone(), left.clone());
        async move {
            let (head, body) = request.into_parts();
            let raw = body.collect().await?.to_bytes();
            let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
            let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
            let status = left.lock().expect("no panic").pop().unwrap_or(202);
            drop(sender.send(Arrived { headers, raw, body }));
            let mut response = http::Response::new(Full::new(Bytes::new()));
            *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
            Ok::<_, hyper::Error>(response)
        }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    drop(served.await);
}
