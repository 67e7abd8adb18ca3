//! A call made concrete: absolute address, headers, body. Still no I/O.

use std::fmt;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, FROM, HeaderMap, HeaderValue};
use reqwest::Url;

use crate::call::{Call, FromHeader, Host};
use crate::error::Error;

/// An HTTP request ready to be sent.
///
/// `Debug` shows the credential as `Sensitive` and only the size of the body.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute address with the encoded query.
    pub url: Url,
    /// Headers; the credential is marked sensitive.
    pub headers: HeaderMap,
    /// Body, JSON if there is one.
    pub body: Option<Bytes>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("headers", &self.headers)
            .field("body_size_bytes", &self.body.as_ref().map_or(0, Bytes::len))
            .finish_non_exhaustive()
    }
}

/// What a client adds to every call.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) rest_url: Url,
    pub(crate) events_url: Url,
    /// `Authorization`, marked sensitive.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) from: Option<HeaderValue>,
}

const ACCEPT_V2: HeaderValue = HeaderValue::from_static("application/vnd.pagerduty+json;version=2");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Context {
    pub(crate) fn request<T>(&self, call: &Call<T>) -> Result<Request, Error> {
        if let Some(problem) = call.problem {
            return Err(invalid(problem));
        }
        Ok(Request {
            method: call.method.clone(),
            url: self.url(call)?,
            headers: self.headers(call)?,
            body: call.body.clone(),
        })
    }

    fn url<T>(&self, call: &Call<T>) -> Result<Url, Error> {
        // An empty or dotted id would silently address another endpoint (`PUT /incidents/` is the bulk update).
        if call.segments.iter().any(|segment| matches!(segment.trim(), "" | "." | "..")) {
            return Err(invalid("an id in the path is empty or made of dots"));
        }
        let mut url = match call.host {
            Host::Rest => self.rest_url.clone(),
            Host::Events => self.events_url.clone(),
        };
        url.path_segments_mut()
            .expect("base addresses are checked to be http(s) by the builder")
            .pop_if_empty()
            .extend(&call.segments);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(url)
    }

    fn headers<T>(&self, call: &Call<T>) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        if call.host == Host::Rest {
            headers.insert(ACCEPT, ACCEPT_V2);
            let authorization = self.authorization.clone();
            let authorization = authorization.ok_or_else(|| invalid("the client has no API token"))?;
            headers.insert(AUTHORIZATION, authorization);
        }
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        if let Some(from) = self.from(&call.from)? {
            headers.insert(FROM, from);
        }
        Ok(headers)
    }

    fn from(&self, from: &FromHeader) -> Result<Option<HeaderValue>, Error> {
        match from {
            FromHeader::Unneeded => Ok(None),
            // Without one a user's own token still works, so its absence is not our error.
            FromHeader::OfClient => Ok(self.from.clone()),
            FromHeader::Given(email) => HeaderValue::from_str(email)
                .map(Some)
                .map_err(|_| invalid("the e-mail address of the acting user is not one")),
        }
    }
}

fn invalid(problem: &str) -> Error {
    Error::Invalid { problem: problem.to_owned() }
}
