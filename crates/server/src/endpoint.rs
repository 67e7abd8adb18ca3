//! The way of a request to an endpoint: read, let it answer, and keep to the limits for it.

use crate::app::{Endpoint, Mounted, Server};
use crate::intake::{BODY_TIMEOUT, Reply, own_form, read};
use futures_util::FutureExt;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use pagebridge_ports::{Answer, Asked};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::timeout;

/// Requests that one endpoint answers at the same time. They may wait for a far side that is down, and webhooks must always
/// find a connection.
pub(crate) const ANSWERING_MAX: usize = 128;

impl Server {
    /// The endpoint for a path, and what of the path is below it.
    pub(crate) fn endpoint<'p>(&self, path: &'p str) -> Option<(&Mounted, &'p str)> {
        self.endpoints.iter().find_map(|mounted| {
            let below = path.strip_prefix(mounted.endpoint.prefix.as_str())?;
            (below.is_empty() || below.starts_with('/')).then(|| (mounted, below.trim_matches('/')))
        })
    }

    pub(crate) async fn handle_endpoint(&self, mounted: &Mounted, path: &str, request: Request<Incoming>) -> Reply {
        let endpoint = &mounted.endpoint;
        let answering = async {
            let Ok(_permit) = mounted.free.try_acquire() else {
                let detail = "too many requests wait for their answers; nothing was done, repeat it later";
                return endpoint.answers.refuse(StatusCode::SERVICE_UNAVAILABLE.as_u16(), detail);
            };
            self.ask(endpoint, path, request).await
        };
        let answer = AssertUnwindSafe(answering).catch_unwind().await.unwrap_or_else(|_| {
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
