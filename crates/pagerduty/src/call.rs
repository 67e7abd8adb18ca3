//! One API operation as a value: what to send, and how to read the answer. No I/O.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::page::{CursorPage, Page};

/// Which of the two hosts a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The REST API; carries the client's credential.
    Rest,
    /// The Events API; the routing key in the body is the credential.
    Events,
}

/// What sending a call twice does, which decides how an unanswered one may be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something, but the same call again changes nothing more (an event with a dedup key).
    Repeatable,
    /// May change something again: read back before repeating.
    Once,
}

/// An API operation that answers with a `T`, made by the functions of [`rest`](crate::rest) and [`events`](crate::events) and
/// carried out by [`Client::call`](crate::Client::call).
///
/// Can be kept and sent again. `Debug` shows neither body nor query, since they may hold secrets and people's words.
pub struct Call<T> {
    pub(crate) method: Method,
    pub(crate) host: Host,
    pub(crate) segments: Vec<Cow<'static, str>>,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Bytes>,
    pub(crate) from: FromHeader,
    pub(crate) effect: Effect,
    pub(crate) success: Success,
    /// The status by which this API says that too much is sent.
    pub(crate) throttle: u16,
    pub(crate) problem: Option<&'static str>,
    decode: Decode<T>,
}

/// How the `From` header is filled.
#[derive(Clone, Debug)]
pub(crate) enum FromHeader {
    Unneeded,
    OfClient,
    Given(String),
}

/// Which statuses count as success.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Success {
    Any2xx,
    /// A proxy's friendly 200 must not pass for a queued event.
    Exactly(u16),
}

impl<T> Call<T> {
    /// Sends the call in the name of the user with this e-mail address instead of the client's.
    ///
    /// Only calls that change incidents carry the address; on others it has no effect.
    #[must_use]
    pub fn acting_as(mut self, email: impl Into<String>) -> Self {
        if !matches!(self.from, FromHeader::Unneeded) {
            self.from = FromHeader::Given(email.into());
        }
        self
    }

    /// Sends the call in nobody's name, also when the client has an address.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.from = FromHeader::Unneeded;
        self
    }

    /// Tells what sending this call twice does.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Declares that sending this call twice does no harm, for a caller who knows better than the call: a change event that shows
    /// twice, say.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        if self.effect == Effect::Once {
            self.effect = Effect::Repeatable;
        }
        self
    }

    /// Makes the call answer with the JSON inside the wrapper as it came, fields unknown to this crate included; null where the
    /// answer has no body.
    pub fn untyped(self) -> Call<Value> {
        self.read_by(read_json)
    }

    fn read_by<U>(self, read: fn(&'static str, &[u8]) -> Result<U, DecodeError>) -> Call<U> {
        Call {
            method: self.method,
            host: self.host,
            segments: self.segments,
            query: self.query,
            body: self.body,
            from: self.from,
            effect: self.effect,
            success: self.success,
            throttle: self.throttle,
            problem: self.problem,
            decode: Decode { key: self.decode.key, read },
        }
    }

    pub(crate) fn decode(&self, body: &[u8]) -> Result<T, DecodeError> {
        (self.decode.read)(self.decode.key, body)
    }

    pub(crate) fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets a parameter that is there once, whatever it was before.
    pub(crate) fn requery(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.retain(|(other, _)| other != name);
        self.query(name, value)
    }

    pub(crate) fn query_flag(self, name: &'static str, wanted: bool) -> Self {
        self.query_opt(name, wanted.then_some("true"))
    }

    pub(crate) fn query_opt(self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn query_set(mut self, name: &'static str, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let pairs = values.into_iter().map(|value| (Cow::Borrowed(name), value.to_string()));
        self.query.extend(pairs);
        self
    }

    /// Sets the body to `{"<key>": object}`, the form most requests have.
    pub(crate) fn wrapped(self, key: &'static str, object: &impl Serialize) -> Self {
        self.json(&BTreeMap::from([(key, object)]))
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(body).expect("request types have string keys and cannot fail");
        self.body = Some(Bytes::from(bytes));
        self
    }

    /// Sets one field of a body that is an object; other bodies stay as they are.
    pub(crate) fn with_body_field(self, name: &str, value: &str) -> Self {
        let object = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let Some(Value::Object(mut object)) = object else { return self };
        object.insert(name.to_owned(), Value::from(value));
        self.json(&object)
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(Bytes::from(body));
        self
    }

    pub(crate) fn on(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    pub(crate) fn sent_by_user(mut self) -> Self {
        self.from = FromHeader::OfClient;
        self
    }

    pub(crate) fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    pub(crate) fn succeeds_with(mut self, status: u16) -> Self {
        self.success = Success::Exactly(status);
        self
    }

    pub(crate) fn throttled_with(mut self, status: u16) -> Self {
        self.throttle = status;
        self
    }

    /// Marks a call that must never be sent; it fails with `problem` instead.
    pub(crate) fn refused(mut self, problem: &'static str) -> Self {
        self.problem = Some(problem);
        self
    }

    /// [`refused`](Self::refused), if `wrong`.
    pub(crate) fn refused_if(self, wrong: bool, problem: &'static str) -> Self {
        if wrong { self.refused(problem) } else { self }
    }

    fn new<'a>(method: Method, path: impl IntoIterator<Item = Segment<'a>>, decode: Decode<T>) -> Self {
        let effect = if method == Method::GET { Effect::Read } else { Effect::Once };
        Self {
            method,
            host: Host::Rest,
            segments: path.into_iter().map(Segment::into_owned).collect(),
            query: Vec::new(),
            body: None,
            from: FromHeader::Unneeded,
            effect,
            success: Success::Any2xx,
            throttle: 429,
            problem: None,
            decode,
        }
    }
}

impl<T> Call<Page<T>> {
    /// Makes the call answer with a page of JSON objects as they came.
    pub fn untyped_items(self) -> Call<Page<Value>> {
        self.read_by(read_page)
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self {
            method: self.method.clone(),
            host: self.host,
            segments: self.segments.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            from: self.from.clone(),
            effect: self.effect,
            success: self.success,
            throttle: self.throttle,
            problem: self.problem,
            decode: self.decode,
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("path", &self.segments.join("/"))
            .field("effect", &self.effect)
            .field("body_size_bytes", &self.body.as_ref().map_or(0, Bytes::len))
            .finish_non_exhaustive()
    }
}

/// One part of a path: fixed text, or an id that will be percent-encoded.
pub(crate) enum Segment<'a> {
    Fixed(&'static str),
    Id(&'a str),
}

impl Segment<'_> {
    fn into_owned(self) -> Cow<'static, str> {
        match self {
            Self::Fixed(text) => Cow::Borrowed(text),
            Self::Id(id) => Cow::Owned(id.to_owned()),
        }
    }
}

/// Why a success could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("not the expected JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("no `{0}` in the answer")]
    Missing(&'static str),
}

struct Decode<T> {
    key: &'static str,
    read: fn(&'static str, &[u8]) -> Result<T, DecodeError>,
}

impl<T> Clone for Decode<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Decode<T> {}

/// Starts a call whose answer is `{"<key>": {...}}`, a list of plain values included.
pub(crate) fn object<'a, T: DeserializeOwned>(
    method: Method,
    path: impl IntoIterator<Item = Segment<'a>>,
    key: &'static str,
) -> Call<T> {
    Call::new(method, path, Decode { key, read: read_object })
}

/// Starts a call whose answer is a classic page `{"<key>": [...], "more": ...}`.
pub(crate) fn page<'a, T: DeserializeOwned>(
    path: impl IntoIterator<Item = Segment<'a>>,
    key: &'static str,
) -> Call<Page<T>> {
    Call::new(Method::GET, path, Decode { key, read: read_page })
}

/// Starts a call whose answer is a page `{"<key>": [...], "next_cursor": ...}`.
pub(crate) fn cursor_page<'a, T: DeserializeOwned>(
    path: impl IntoIterator<Item = Segment<'a>>,
    key: &'static str,
) -> Call<CursorPage<T>> {
    Call::new(Method::GET, path, Decode { key, read: read_cursor_page })
}

/// Starts a call whose answer is the body as a whole.
pub(crate) fn whole<'a, T: DeserializeOwned>(method: Method, path: impl IntoIterator<Item = Segment<'a>>) -> Call<T> {
    let read = |_, body: &[u8]| Ok(serde_json::from_slice(body)?);
    Call::new(method, path, Decode { key: "", read })
}

/// Starts a call whose answer has nothing to read, whatever the body.
pub(crate) fn nothing<'a>(method: Method, path: impl IntoIterator<Item = Segment<'a>>) -> Call<()> {
    Call::new(method, path, Decode { key: "", read: |_, _| Ok(()) })
}

/// Starts a `DELETE`: what is gone cannot go again, it is only no longer found.
pub(crate) fn delete<'a>(path: impl IntoIterator<Item = Segment<'a>>) -> Call<()> {
    nothing(Method::DELETE, path).with_effect(Effect::Repeatable)
}

type Fields = HashMap<String, Box<RawValue>>;

fn read_object<T: DeserializeOwned>(key: &'static str, body: &[u8]) -> Result<T, DecodeError> {
    let fields: Fields = serde_json::from_slice(body)?;
    let raw = fields.get(key).ok_or(DecodeError::Missing(key))?;
    Ok(serde_json::from_str(raw.get())?)
}

/// Unwraps where there is the wrapper.
fn read_json(key: &'static str, body: &[u8]) -> Result<Value, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    let mut value: Value = serde_json::from_slice(body)?;
    Ok(match value.get_mut(key) {
        Some(inner) => inner.take(),
        None => value,
    })
}

fn read_page<T: DeserializeOwned>(key: &'static str, body: &[u8]) -> Result<Page<T>, DecodeError> {
    let fields: Fields = serde_json::from_slice(body)?;
    let raw = fields.get(key).ok_or(DecodeError::Missing(key))?;
    let items: Option<Vec<T>> = serde_json::from_str(raw.get())?;
    Ok(Page {
        items: items.unwrap_or_default(),
        more: field::<bool>(&fields, "more").unwrap_or(false),
        offset: field(&fields, "offset").unwrap_or(0),
        total: field(&fields, "total"),
    })
}

fn read_cursor_page<T: DeserializeOwned>(key: &'static str, body: &[u8]) -> Result<CursorPage<T>, DecodeError> {
    let fields: Fields = serde_json::from_slice(body)?;
    let raw = fields.get(key).ok_or(DecodeError::Missing(key))?;
    let items: Option<Vec<T>> = serde_json::from_str(raw.get())?;
    Ok(CursorPage { items: items.unwrap_or_default(), next_cursor: field(&fields, "next_cursor") })
}

fn field<T: DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}
