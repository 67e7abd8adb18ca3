//! The way of a webhook: read, understand, accept, answer. Nothing is answered 2xx before it is durable.

use crate::app::{Hook, Server};
use crate::problem::{PROBLEM_JSON, Problem};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body as _, Incoming};
use pagebridge_core::{Disposition, IgnoreReason};
use pagebridge_ports::{Accepted, Answer, Received, Refusal, StoreError};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::timeout;
use tower::ServiceExt;

/// How long a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a commit may take before the sender is told to come again.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read before the answer; a sender that is cut off while it still
/// writes never sees the answer.
const DRAIN_SIZE_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(crate) type Reply = Response<Either<Full<Bytes>, axum::body::Body>>;

impl Server {
    /// Answers one request. Never panics and never fails.
    pub(crate) async fn handle(&self, request: Request<Incoming>) -> Reply {
        if let Some(hook) = self.hook(request.uri().path()) {
            let handled = AssertUnwindSafe(self.handle_hook(hook, request)).catch_unwind().await;
            return handled.unwrap_or_else(|_| self.refuse(hook, Problem::bug()));
        }
        let path = request.uri().path().to_owned();
        match self.endpoint(&path) {
            Some((endpoint, below)) => self.handle_endpoint(endpoint, below, request).await,
            None => self.handle_other(request).await,
        }
    }

    fn hook(&self, path: &str) -> Option<&Hook> {
        // Some senders' consoles add a slash.
        self.hooks.get(path).or_else(|| self.hooks.get(path.strip_suffix('/')?))
    }

    async fn handle_other(&self, request: Request<Incoming>) -> Reply {
        let request = request.map(axum::body::Body::new);
        let answer = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind().await;
        match answer {
            Ok(Ok(response)) => response.map(Either::Right),
            Err(_) => problem(&Problem::bug()),
        }
    }

    async fn handle_hook(&self, hook: &Hook, request: Request<Incoming>) -> Reply {
        if request.method() != Method::POST {
            return not_allowed();
        }
        let (head, body) = request.into_parts();
        let body = match timeout(BODY_TIMEOUT, read(&head.headers, body, hook.body_size_bytes_max)).await {
            Ok(Ok(body)) => body,
            Ok(Err(refused)) => {
                let reply = self.refuse(hook, refused);
                let own = hook.receive.too_large(hook.body_size_bytes_max);
                return own.filter(|_| reply.status() == StatusCode::PAYLOAD_TOO_LARGE).map_or(reply, own_form);
            }
            Err(_) => return self.refuse(hook, Problem::too_slow()),
        };
        let (input, own) = match hook.receive.receive(&head.headers, &body) {
            Ok(Received::Input(input)) => (input, None),
            Ok(Received::Taken { input, answer, sender: None }) => (input, Some(answer)),
            Ok(Received::Taken { input, answer, sender: Some(sender) }) => {
                if let Err(error) = self.shared.intake.learn(sender).await {
                    return self.refuse_unstored(hook, &error);
                }
                (input, Some(answer))
            }
            Ok(Received::Ignored { reason, detail }) => {
                hook.metrics.ignored.inc();
                tracing::debug!(system = %hook.system, reason, detail, "ignored");
                return ignored(reason);
            }
            Err(Refusal::Answered { answer, detail }) => {
                let told = Refusal::Answered { answer: answer.clone(), detail };
                drop(self.refuse(hook, told.into()));
                return own_form(answer);
            }
            Err(refusal) => return self.refuse(hook, refusal.into()),
        };
        // From here on neither is needed. Both are parts of the connection's buffer, which is used again only when nobody
        // holds one.
        drop((head, body));
        match timeout(COMMIT_TIMEOUT, self.shared.intake.accept(*input)).await {
            Ok(Ok(accepted)) => {
                hook.metrics.count(accepted.disposition);
                match own {
                    // A sender that is told "success" never repeats: what has no bridge must not look like one.
                    Some(_) if matches!(accepted.disposition, Disposition::Ignored(_)) => {
                        self.refuse(hook, Problem::unavailable("what the key leads to is not set up"))
                    }
                    Some(own) => own_form(own),
                    None => answer(&accepted),
                }
            }
            Ok(Err(error)) => self.refuse_unstored(hook, &error),
            Err(_) => self.refuse(hook, Problem::unavailable("the store did not commit in time")),
        }
    }

    fn refuse_unstored(&self, hook: &Hook, error: &StoreError) -> Reply {
        tracing::error!(system = %hook.system, %error, "an input was not accepted; its sender is told to repeat it");
        self.shared.health.note(error);
        self.refuse(hook, error.into())
    }

    fn refuse(&self, hook: &Hook, refused: Problem) -> Reply {
        self.shared.metrics.refused(&hook.system, refused.code);
        let (status, detail) = (refused.status.as_u16(), refused.detail.as_str());
        tracing::warn!(system = %hook.system, status, code = refused.code, detail, "a request was refused");
        problem(&refused)
    }
}

/// Reads a body up to `limit` bytes. A body that comes in one piece is not copied.
pub(crate) async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    let told = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        // A sender that waits for our word before it sends gets the answer instead.
        if !headers.contains_key(EXPECT) {
            drain(&mut body).await;
        }
        return Err(Problem::too_large(limit));
    }
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(piece) = next(&mut body).await? {
        if first.len().max(more.len()) + piece.len() > limit {
            drain(&mut body).await;
            return Err(Problem::too_large(limit));
        }
        if first.is_empty() && more.is_empty() {
            first = piece;
            continue;
        }
        if more.is_empty() {
            more.reserve(told.unwrap_or(first.len() * 2));
            more.extend_from_slice(&first);
            first = Bytes::new();
        }
        more.extend_from_slice(&piece);
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Problem> {
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(_trailers) => continue,
            },
            Some(Err(_)) => {
                let detail = "the body ended too soon or is not well framed";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "broken_body", detail));
            }
        }
    }
}

async fn drain(body: &mut Incoming) {
    let mut read = 0;
    while let Ok(Some(piece)) = next(body).await {
        read += piece.len();
        if read > DRAIN_SIZE_BYTES_MAX {
            return;
        }
    }
}

fn answer(accepted: &Accepted) -> Reply {
    let (status, word) = match accepted.disposition {
        Disposition::Opened | Disposition::Applied => (StatusCode::ACCEPTED, "accepted"),
        Disposition::Held => (StatusCode::ACCEPTED, "held"),
        Disposition::Repeated => (StatusCode::OK, "repeated"),
        Disposition::Unchanged => (StatusCode::OK, "unchanged"),
        Disposition::Ignored(IgnoreReason::UnknownRecord) => return ignored("unknown_record"),
        Disposition::Ignored(IgnoreReason::NoBridge) => return ignored("no_bridge"),
    };
    let body = match accepted.incident {
        Some(incident) => format!("{{\"status\":\"{word}\",\"incident\":{incident}}}"),
        None => format!("{{\"status\":\"{word}\"}}"),
    };
    json(status, body)
}

/// An answer in the form that the sender expects.
pub(crate) fn own_form(answer: Answer) -> Reply {
    json(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK), answer.body)
}

fn ignored(reason: &'static str) -> Reply {
    json(StatusCode::OK, format!("{{\"status\":\"ignored\",\"reason\":\"{reason}\"}}"))
}

fn json(status: StatusCode, body: String) -> Reply {
    let mut reply = Response::new(Either::Left(Full::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

fn problem(refused: &Problem) -> Reply {
    let mut reply = Response::new(Either::Left(Full::from(refused.json())));
    *reply.status_mut() = refused.status;
    reply.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
    if let Some((name, value)) = refused.header() {
        reply.headers_mut().insert(name, value);
    }
    reply
}

fn not_allowed() -> Reply {
    let detail = "this path takes webhooks, which are sent by POST";
    let mut reply = problem(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail).remedy("use POST"));
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    reply
}
