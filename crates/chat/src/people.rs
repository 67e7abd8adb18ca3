//! Who somebody in a chat is at PagerDuty, and what that one may do.

use crate::outside::{Identity, Outside};
use crate::reply::Reply;
use crate::request::Form;
use crate::settings::{KnownPerson, Settings};
use pagebridge_access::{Asked, Gate, Principal, Role};
use pagebridge_actions::Surface;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long what a chat says of a user is believed, in milliseconds.
const BELIEVED_MS: i64 = 600_000;

/// Users that are remembered; when there are more, all are asked for again.
const REMEMBERED_MAX: usize = 10_000;

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// What this one may do, and in whose name.
    pub(crate) principal: Principal,
    /// Whether this one may say in whose name, being nobody in particular.
    pub(crate) may_say_from: bool,
}

impl Person {
    /// How this one is called in messages.
    pub(crate) fn label(&self) -> &str {
        self.principal.from.as_deref().unwrap_or(&self.principal.name)
    }
}

/// The address of a user, and until when it is believed.
type Remembered = (String, i64);

/// Finds out who somebody is.
pub(crate) struct People {
    known: Vec<KnownPerson>,
    role: Role,
    strangers_look: bool,
    outside: Arc<Outside>,
    remembered: Mutex<HashMap<(&'static str, String), Remembered>>,
}

impl People {
    pub(crate) fn new(settings: &Settings, outside: Arc<Outside>) -> Self {
        Self {
            known: settings.people.clone(),
            role: settings.role,
            strangers_look: settings.strangers_look,
            outside,
            remembered: Mutex::default(),
        }
    }

    /// Who asks: by the table, else by the e-mail address that the chat vouches for, if a user at PagerDuty has it.
    pub(crate) async fn identify(&self, form: Form, id: &str, gate: &Gate, now_ms: i64) -> Result<Person, Reply> {
        let chat = form.chat();
        let person = |role: Role, from: Option<String>| {
            let principal = Principal { from, ..Principal::new(format!("{chat} {id}"), role) };
            Person { principal, may_say_from: false }
        };
        if let Some(known) = self.in_table(chat, id) {
            return Ok(person(known.role, Some(known.email.clone())));
        }
        let address = match self.remembered(chat, id, now_ms) {
            Some(address) => Some(address),
            None => {
                let address = self.ask(form, id, gate).await?;
                // Who is not known yet may be added any moment, and is asked for again.
                address.iter().for_each(|address| self.remember(chat, id, address, now_ms));
                address
            }
        };
        match address {
            Some(address) => Ok(person(self.role, Some(address))),
            None if self.strangers_look => Ok(person(Role::Viewer, None)),
            None => Err(Reply::refused(format!(
                "nobody knows who you are at PagerDuty: ask the operator to add `[[chat.people]]` with `{chat} = \"{id}\"`, \
                 or use the same e-mail address here and there"
            ))),
        }
    }

    /// The e-mail address of somebody who is spoken of; `None` if the chat does not say.
    pub(crate) async fn address_of(&self, form: Form, name: &str) -> Option<String> {
        let chat = form.chat();
        if let Some(known) = self.in_table(chat, name) {
            return Some(known.email.clone());
        }
        let asked = match chat {
            "slack" if is_slack_id(name) => self.outside.slack_user(name).await,
            "mattermost" => self.outside.mattermost_user(&["username", name]).await,
            _ => return None,
        };
        match asked {
            Ok(Identity::Address(address)) => Some(address),
            Ok(Identity::Nobody) => None,
            Err(error) => {
                tracing::warn!(chat, error, "a chat does not say who a user is");
                None
            }
        }
    }

    fn in_table(&self, chat: &str, id: &str) -> Option<&KnownPerson> {
        self.known.iter().find(|known| known.id_at(chat) == Some(id))
    }

    /// The address of a user, if it is that of a user at PagerDuty.
    async fn ask(&self, form: Form, id: &str, gate: &Gate) -> Result<Option<String>, Reply> {
        let chat = form.chat();
        let asked = match chat {
            "slack" => self.outside.slack_user(id).await,
            "mattermost" => self.outside.mattermost_user(&[id]).await,
            _ => Ok(Identity::Nobody),
        };
        let address = match asked {
            Ok(Identity::Address(address)) => address,
            Ok(Identity::Nobody) => return Ok(None),
            Err(error) => {
                tracing::warn!(chat, error, "a chat does not say who a user is");
                let why = format!("Pagebridge cannot find out who you are: {error}; nothing was done");
                return Err(Reply::refused(why));
            }
        };
        let ours = Principal::new(format!("{chat} people"), Role::Viewer);
        let input = json!({"query": address, "maximum": 25});
        let outcome = gate.run(&ours, Asked::new(Surface::Chat, "user.find", input)).await;
        if let Some(error) = &outcome.error {
            return Err(Reply::failed(error).after("Pagebridge cannot find out who you are; nothing was done"));
        }
        let users = outcome.result.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        let own = |user: &Value| {
            user["email"].as_str().filter(|email| email.eq_ignore_ascii_case(&address)).map(str::to_owned)
        };
        Ok(users.iter().find_map(own))
    }

    fn remembered(&self, chat: &'static str, id: &str, now_ms: i64) -> Option<String> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (address, until_ms) = remembered.get(&(chat, id.to_owned()))?;
        (*until_ms > now_ms).then(|| address.clone())
    }

    fn remember(&self, chat: &'static str, id: &str, address: &str, now_ms: i64) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert((chat, id.to_owned()), (address.to_owned(), now_ms.saturating_add(BELIEVED_MS)));
    }
}

fn is_slack_id(name: &str) -> bool {
    name.len() >= 8
        && name.starts_with(['U', 'W'])
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
