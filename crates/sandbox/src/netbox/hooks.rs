//! Event rules and the webhooks that they send: once, signed, and merged per object and request.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha512;

use super::model::Kind;
use super::state::State;
use crate::outgoing::{Care, Parcel};

/// What happened to an object, as rules and webhooks name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Deleted => "deleted",
        }
    }
}

/// Who changes something, and in which request.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) username: String,
    pub(crate) request_id: String,
    /// A person in the web pages, which alone keep what an object of the plugin was like before.
    pub(crate) web: bool,
}

/// An event rule with its webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) url: String,
    /// No header with a signature when empty.
    pub(crate) secret: String,
    /// Every type when empty.
    pub(crate) object_types: Vec<String>,
    /// `object_created`, `object_updated`, `object_deleted`; every one when empty.
    pub(crate) event_types: Vec<String>,
}

/// What one request did to one object.
#[derive(Debug, Clone)]
pub(crate) struct Touch {
    object_type: &'static str,
    id: u64,
    change: Change,
    data: Value,
    before: Value,
    after: Value,
}

impl Hook {
    fn wants(&self, touch: &Touch) -> bool {
        let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
        named(&self.object_types, touch.object_type)
            && named(&self.event_types, &format!("object_{}", touch.change.word()))
    }
}

impl State {
    /// Notes what happens to an Event or Incident: before a deletion, after anything else.
    pub(crate) fn touch_object(&mut self, kind: Kind, id: u64, change: Change, before: Value, now: Timestamp) {
        let data = self.shown(kind, id, now);
        let after = if change == Change::Deleted { Value::Null } else { self.snapshot_of(kind, id) };
        self.touch(kind.object_type(), id, change, data, (before, after));
    }

    /// Notes what happens to an object; several changes of one request are one event with the last state.
    pub(crate) fn touch(
        &mut self,
        object_type: &'static str,
        id: u64,
        change: Change,
        data: Value,
        (before, after): (Value, Value),
    ) {
        if self.hooks.is_empty() {
            return;
        }
        let known = self.touched.iter_mut().find(|touch| touch.object_type == object_type && touch.id == id);
        match known {
            Some(touch) => {
                if change == Change::Deleted {
                    touch.change = change;
                }
                touch.data = data;
                touch.after = after;
            }
            None => self.touched.push(Touch { object_type, id, change, data, before, after }),
        }
    }

    /// Makes the webhooks of a request that is over.
    pub(crate) fn send_touched(&mut self, cause: &Cause, now: Timestamp) {
        for touch in std::mem::take(&mut self.touched) {
            let body = json!({
                "event": touch.change.word(),
                "timestamp": format!("{now:.6}").replace('Z', "+00:00"),
                "object_type": touch.object_type,
                "username": cause.username,
                "request_id": cause.request_id,
                "data": touch.data,
                "snapshots": {"prechange": touch.before, "postchange": touch.after},
            });
            let body = body.to_string();
            let wanting: Vec<Hook> = self.hooks.iter().filter(|hook| hook.wants(&touch)).cloned().collect();
            for hook in wanting {
                let parcel = self.parcel(&hook, &touch, &body);
                self.outbox.push(parcel);
            }
        }
    }

    fn parcel(&mut self, hook: &Hook, touch: &Touch, body: &str) -> Parcel {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept-encoding".to_owned(), "identity".to_owned()),
            ("user-agent".to_owned(), "python-urllib3/2.8.0".to_owned()),
        ];
        if !hook.secret.is_empty() {
            headers.push(("x-hook-signature".to_owned(), sign(&hook.secret, body)));
        }
        Parcel {
            target: hook.id.clone(),
            // One worker carries them all, one after the other.
            lane: hook.id.clone(),
            url: hook.url.clone(),
            headers,
            body: body.to_owned().into(),
            label: format!("{} {}", touch.object_type, touch.change.word()),
            about: format!("{}/{}", touch.object_type, touch.id),
            webhook_id: self.random.uuid(),
            care: Care::Guaranteed,
        }
    }
}

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
