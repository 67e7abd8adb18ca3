//! The way of a request to an endpoint: read, let it answer, and keep to the limits for it.

use crate::app::{Endpoint, Server};
use crate::intake::{BODY_TIMEOUT, Reply, own_form, read};
use futures_util::FutureExt;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use pagebridge_ports::{Answer, Asked};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::timeout;

impl Server {
    /// The endpoint for a path, and what of the path is below it.
    pub(crate) fn endpoint<'p>(&self, path: &'p str) -> Option<(&Endpoint, &'p str)> {
        self.endpoints.iter().find_map(|endpoint| {
            let below = path.strip_prefix(endpoint.prefix.as_str())?;
            (below.is_empty() || below.starts_with('/')).then(|| (endpoint, below.trim_matches('/')))
        })
    }

    pub(crate) async fn handle_endpoint(&self, endpoint: &Endpoint, path: &str, request: Request<Incoming>) -> Reply {
        let answering = AssertUnwindSafe(self.ask(endpoint, path, request)).catch_unwind().await;
        let answer = answering.unwrap_or_else(|_| {
            let refused = StatusCode::INTERNAL_SERVER_ERROR;
            endpoint.answers.refuse(refused.as_u16(), "the request hit a fault of ours; look in Pagebridge's log")
        });
        self.shared.metrics.answered(&endpoint.system, answer.status);
        if answer.status >= 400 {
            let status = answer.status;
            tracing::warn!(system = %endpoint.system, status, path, "a request was refused");
        }
        own_form(answer)
    }

    async fn ask(&self, endpoint: &Endpoint, path: &str, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let refuse = |status: StatusCode, detail: &str| endpoint.answers.refuse(status.as_u16(), detail);
        let body = match timeout(BODY_TIMEOUT, read(&head.headers, body, endpoint.body_size_bytes_max)).await {
            Ok(Ok(body)) => body,
            Ok(Err(problem)) => return refuse(problem.status, &problem.detail),
            Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time; nothing was done"),
        };
        let asked = Asked { method: &head.method, path, headers: &head.headers, body: &body };
        let limit = Duration::from_millis(endpoint.timeout_ms);
        match timeout(limit, endpoint.answers.answer(&asked, &self.shared.desk)).await {
            Ok(answer) => answer,
            Err(_) => {
                refuse(StatusCode::GATEWAY_TIMEOUT, "it took too long; what was handed in is kept and carried on")
            }
        }
    }
}
