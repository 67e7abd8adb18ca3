//! One run under way: sends in the right name, or writes down what would be sent.

use std::sync::{Mutex, PoisonError};

use pagerduty::rest::raw;
use pagerduty::{Call, Error, LIMIT_MAX, Reply};
use serde::Serialize;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::outcome::ActionError;
use crate::request::Built;

pub(crate) struct Session<'a> {
    pub(crate) caller: &'a Caller,
    /// In whose name; `None` if the action needs nobody's.
    pub(crate) from: Option<String>,
    planned: Mutex<Vec<Planned>>,
}

/// A request of a dry run. The credential is not shown, and neither are other secrets.
#[derive(Serialize)]
struct Planned {
    method: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

/// Why something ended early.
pub(crate) enum Stop {
    Failed(ActionError),
    /// PagerDuty refused, and the caller of the function may know better.
    Said(Box<Error>),
    /// It is a dry run.
    Planned,
}

impl From<ActionError> for Stop {
    fn from(error: ActionError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Session<'a> {
    pub(crate) fn new(caller: &'a Caller, from: Option<String>) -> Self {
        Self { caller, from, planned: Mutex::new(Vec::new()) }
    }

    /// Sends what the run is about; in a dry run it is written down instead.
    pub(crate) async fn send<T>(&self, call: Call<T>) -> Result<Reply<T>, Stop> {
        let call = self.named(call);
        if self.caller.dry_run {
            self.plan(&call)?;
            return Err(Stop::Planned);
        }
        self.caller.sender.call(&call).await.map_err(|error| Stop::Said(Box::new(error)))
    }

    /// Reads what is needed to make other requests, also in a dry run.
    pub(crate) async fn look<T>(&self, call: Call<T>) -> Result<Reply<T>, Stop> {
        self.caller.sender.call(&call.anonymous()).await.map_err(|error| Stop::Said(Box::new(error)))
    }

    /// Reads a list up to `maximum`, and tells whether there is more. `sent` says whether that is what the run is about.
    pub(crate) async fn list(
        &self,
        built: &Built,
        key: &'static str,
        maximum: usize,
        sent: bool,
    ) -> Result<(Vec<Value>, bool), Stop> {
        let path = built.path();
        let mut items = Vec::new();
        loop {
            let limit = (maximum - items.len()).min(LIMIT_MAX as usize);
            let mut query = built.query.clone();
            query.push(("limit".to_owned(), limit.to_string()));
            if !items.is_empty() {
                query.push(("offset".to_owned(), items.len().to_string()));
            }
            let call = raw::page(&path, key, &query);
            let page = if sent { self.send(call).await?.value } else { self.look(call).await?.value };
            let (received, more) = (page.items.len(), page.more || page.items.len() > limit);
            items.extend(page.items.into_iter().take(limit));
            self.caller.tell(items.len(), maximum);
            if received == 0 || !more || items.len() >= maximum {
                return Ok((items, more && received > 0));
            }
        }
    }

    /// Gives the requests of a dry run.
    pub(crate) fn into_plan(self) -> Value {
        let planned = self.planned.into_inner().unwrap_or_else(PoisonError::into_inner);
        json!({"dry_run": true, "requests": planned})
    }

    fn named<T>(&self, call: Call<T>) -> Call<T> {
        match &self.from {
            Some(from) => call.acting_as(from),
            None => call.anonymous(),
        }
    }

    fn plan<T>(&self, call: &Call<T>) -> Result<(), Stop> {
        let request = self.caller.sender.client().request(call).map_err(|error| Stop::Said(Box::new(error)))?;
        let mut body = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        if let Some(body) = &mut body {
            mask(body);
        }
        let from = request.headers.get("from").and_then(|from| from.to_str().ok()).map(str::to_owned);
        let planned = Planned { method: request.method.to_string(), url: request.url.to_string(), from, body };
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
        Ok(())
    }
}

/// Hides what is a secret in any body that is sent.
fn mask(body: &mut Value) {
    let hide = |value: &mut Value| {
        if !value.is_null() {
            *value = json!("***");
        }
    };
    for name in ["routing_key", "service_key"] {
        if let Some(key) = body.get_mut(name) {
            hide(key);
        }
    }
    let headers = body.pointer_mut("/webhook_subscription/delivery_method/custom_headers");
    for header in headers.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(value) = header.get_mut("value") {
            hide(value);
        }
    }
}
