//! The only place that waits: sends one request and reads its answer up to a limit.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use crate::call::{Call, Effect, Success};
use crate::error::{Error, ResponseError};
use crate::problem::Problem;
use crate::rate_limit::{self, RateLimit};
use crate::request::Request;

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    /// What the call is about.
    pub value: T,
    /// HTTP status.
    pub status: u16,
    /// The rate limit of the credential at that time; empty for the Events API.
    pub rate_limit: RateLimit,
    /// PagerDuty's name for this request, for its support.
    pub request_id: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) response_size_bytes_max: usize,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Whole(Bytes),
    /// Longer than the limit; what was read of it.
    TooLarge(Bytes),
    /// The connection broke off; what was read before.
    Broken(Bytes, reqwest::Error),
}

impl Transport {
    pub(crate) async fn send<T>(&self, request: Request, call: &Call<T>) -> Result<Reply<T>, Error> {
        let Request { method, url, headers, body } = request;
        let mut builder = self.http.request(method, url).headers(headers);
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(|error| sending(error, call.effect))?;
        self.read(response).await.into_reply(call)
    }

    async fn read(&self, mut response: reqwest::Response) -> Answer {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut read = BytesMut::new();
        let body = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if read.len() + chunk.len() > self.response_size_bytes_max => {
                    break Body::TooLarge(read.freeze());
                }
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) => break Body::Whole(read.freeze()),
                Err(error) => break Body::Broken(read.freeze(), error),
            }
        };
        Answer { status, headers, body }
    }
}

/// Tells a call that never left from one that may have arrived. When in doubt it errs on the side of "may have".
fn sending(error: reqwest::Error, effect: Effect) -> Error {
    let source = error.without_url();
    if source.is_connect() || source.is_builder() {
        Error::NotSent { source }
    } else {
        Error::Unknown { effect, source }
    }
}

impl Answer {
    fn into_reply<T>(self, call: &Call<T>) -> Result<Reply<T>, Error> {
        if !self.status.is_success() {
            return Err(Error::Response(Box::new(self.response_error(call.effect, call.throttle))));
        }
        let request_id = request_id(&self.headers);
        let status = self.status.as_u16();
        let undecodable = |problem: String| Error::Undecodable {
            status,
            problem,
            effect: call.effect,
            request_id: request_id.clone(),
        };
        let body = match self.body {
            Body::Whole(body) => body,
            Body::TooLarge(read) => {
                return Err(undecodable(format!("it is too large, gave up after {} bytes", read.len())));
            }
            Body::Broken(_, error) => {
                return Err(Error::Unknown { effect: call.effect, source: error.without_url() });
            }
        };
        if let Success::Exactly(expected) = call.success
            && status != expected
        {
            return Err(undecodable(format!("status {expected} was expected, perhaps a proxy answered")));
        }
        let value = call.decode(&body).map_err(|error| undecodable(error.to_string()))?;
        Ok(Reply { value, status, rate_limit: RateLimit::from_headers(&self.headers), request_id })
    }

    /// The status counts even when the body is cut off or too large.
    fn response_error(self, effect: Effect, throttle: u16) -> ResponseError {
        let body = match &self.body {
            Body::Whole(body) | Body::TooLarge(body) | Body::Broken(body, _) => body,
        };
        let problem = Problem::parse(body);
        let rate_limit = RateLimit::from_headers(&self.headers);
        let mut retry_after = rate_limit::retry_after(&self.headers);
        // The reset comes with every answer; it asks to wait only when the limit is what was hit.
        let throttled = self.status.as_u16() == throttle;
        if throttled || self.status == StatusCode::TOO_MANY_REQUESTS || problem.code == Some(2020) {
            retry_after = retry_after.or(rate_limit.reset);
        }
        ResponseError {
            status: self.status.as_u16(),
            code: problem.code,
            message: problem.message,
            errors: problem.errors,
            retry_after,
            rate_limit,
            request_id: request_id(&self.headers),
            effect,
            throttled,
        }
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("x-request-id")?.to_str().ok()?.to_owned())
}
