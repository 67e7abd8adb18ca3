//! Webhooks: one per object and request, sent once, signed with HMAC-SHA512.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha512;

use super::model::Kind;
use super::state::State;
use super::view;
use crate::outgoing::{Care, Parcel};

/// Where webhooks go: an event rule for all changes of events and incidents, with its webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Empty: no signature.
    pub(crate) secret: String,
}

/// What a request did to one object.
#[derive(Debug)]
pub(crate) struct Told {
    kind: Kind,
    id: u64,
    event: &'static str,
    before: Option<Value>,
    /// The object as it was, when it is gone.
    gone: Option<Value>,
}

impl State {
    pub(crate) fn note_created(&mut self, kind: Kind, id: u64) {
        self.told.push(Told { kind, id, event: "created", before: None, gone: None });
    }

    /// Several changes in one request are one event, with the last state.
    pub(crate) fn note_updated(&mut self, kind: Kind, id: u64, before: Option<Value>) {
        if !self.told.iter().any(|told| told.kind == kind && told.id == id) {
            self.told.push(Told { kind, id, event: "updated", before: before.map(view::before), gone: None });
        }
    }

    pub(crate) fn note_deleted(&mut self, kind: Kind, id: u64, now: Timestamp) {
        let (gone, before) = (self.shown(kind, id, now), self.flat(kind, id).map(view::before));
        self.told.push(Told { kind, id, event: "deleted", before, gone });
    }

    /// Makes the webhooks of a request that is over.
    pub(crate) fn tell(&mut self, who: &str, request_id: &str, now: Timestamp) {
        for told in std::mem::take(&mut self.told) {
            let data = told.gone.clone().or_else(|| self.shown(told.kind, told.id, now));
            let Some(data) = data else { continue };
            let after = if told.gone.is_some() { None } else { self.flat(told.kind, told.id) };
            let body = json!({
                "event": told.event,
                "timestamp": format!("{}+00:00", view::micros(now).trim_end_matches('Z')),
                "object_type": format!("business_application.{}", told.kind.word()),
                "username": who,
                "request_id": request_id,
                "data": data,
                "snapshots": {"prechange": told.before, "postchange": after},
            });
            self.post(&told, &body);
        }
    }

    fn post(&mut self, told: &Told, body: &Value) {
        let text = body.to_string();
        let about = format!("{}/{}", told.kind.word(), told.id);
        for hook in &self.hooks {
            let mut headers = vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("user-agent".to_owned(), "python-urllib3/2.8.0".to_owned()),
            ];
            if !hook.secret.is_empty() {
                headers.push(("x-hook-signature".to_owned(), sign(&hook.secret, text.as_bytes())));
            }
            self.outbox.push(Parcel {
                target: hook.id.clone(),
                lane: format!("{}/{about}", hook.id),
                url: hook.url.clone(),
                headers,
                body: text.clone().into(),
                label: format!("{} {}", told.kind.word(), told.event),
                about: about.clone(),
                webhook_id: self.random.uuid(),
                care: Care::BestEffort,
            });
        }
    }
}

/// The lower-case hex of HMAC-SHA512 over the raw body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("a key of any length fits");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
