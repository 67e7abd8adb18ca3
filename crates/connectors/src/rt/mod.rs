//! Request Tracker 5: tickets by REST 2, followed by listings.
//!
//! Nothing has to be installed in RT. What changes is read from its list of transactions (`follow.rs`); a scrip that posts
//! to us only makes that sooner. Two habits of the far side shape the rest of the folder. A change is answered 200 whether
//! or not anything was changed, so each is read back. And there is no key that would make the making of a ticket safe to
//! repeat, so it is always looked for first, by a custom field.

mod check;
mod client;
mod deliver;
mod follow;
mod html;
mod lists;
mod map;
mod outcome;
mod poll;
mod receive;
mod settings;
mod wire;

use crate::SetupError;
use client::Client;
use lists::{Lists, QueueNames};
use map::Words;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Clock, Connector};
pub use settings::{ANY, Closing, NotesAs, Priority, Queue, Service, Settings};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use wire::User;

/// Wait after an attempt to learn our user's name before the next, in milliseconds.
const LEARN_WAIT_MS: i64 = 60_000;

/// The connector to one RT.
pub struct Rt {
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
    rtname: String,
    web_url: String,
    /// The name of the user that writes in our name, once it is known.
    user: OnceLock<String>,
    /// No attempt to learn it before this time.
    learn_after: AtomicI64,
    queues: QueueNames,
    follow: follow::Memory,
}

impl Rt {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        let client = Client::new(&settings).map_err(problem)?;
        wrong_settings(&settings).map_or(Ok(()), |words| Err(problem(words)))?;
        let base = client.base();
        let host = base.host_str().unwrap_or_default().to_owned();
        let own = base.as_str().trim_end_matches('/').trim_end_matches("/REST/2.0").to_owned();
        let web_url = settings.web_url.as_deref().map_or(own, |url| url.trim().trim_end_matches('/').to_owned());
        let rtname = settings.rtname.clone().unwrap_or(host);
        Ok(Self {
            settings,
            client,
            clock,
            rtname,
            web_url,
            user: OnceLock::new(),
            learn_after: AtomicI64::new(i64::MIN),
            queues: QueueNames::default(),
            follow: follow::Memory::default(),
        })
    }

    /// Asks RT who writes in our name, unless that is known or was tried a short time ago. Nothing waits for the answer:
    /// without it our own changes count as a person's, which only means that their name is shown.
    async fn learn_user(&self) {
        let now = self.clock.now();
        if self.user.get().is_some() || now.0 < self.learn_after.load(Ordering::Relaxed) {
            return;
        }
        self.learn_after.store(now.plus_ms(LEARN_WAIT_MS).0, Ordering::Relaxed);
        // A failure shows elsewhere: every other call would meet the same.
        if let Some(id) = self.user_number()
            && let Ok(answer) = self.client.get::<User>(&["user", id], &[]).await
        {
            let _ = self.user.set(answer.body.name);
        }
    }

    /// The number of the user that the token is of, which is the token's second part: `1-31-0123..`.
    fn user_number(&self) -> Option<&str> {
        let number = self.settings.token.expose().trim().split('-').nth(1)?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    }

    fn words(&self) -> Words<'_> {
        Words {
            settings: &self.settings,
            rtname: &self.rtname,
            web_url: &self.web_url,
            user: self.user.get().map(String::as_str),
        }
    }

    fn lists(&self) -> Lists<'_> {
        Lists::new(&self.client, &self.queues, self.clock.now())
    }
}

/// Says which setting makes no sense.
fn wrong_settings(settings: &Settings) -> Option<String> {
    for (name, field) in [("id_field", &settings.id_field), ("url_field", &settings.url_field)] {
        if field.trim().is_empty() || field.contains(['{', '}']) {
            return Some(format!(
                "{name} `{field}` cannot be the name of a custom field; set it to one like PagerDuty ID"
            ));
        }
    }
    if settings.queues.is_empty() {
        return Some("queues is empty; name the queues whose tickets are to be carried on, or set `*`".to_owned());
    }
    for (name, queue) in &settings.queues {
        if queue.initial.is_empty() || queue.inactive.is_empty() {
            return Some(format!(
                "queues.{name}: initial and inactive must each name a status of the queue's lifecycle"
            ));
        }
    }
    None
}

impl std::fmt::Debug for Rt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rt").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for Rt {
    fn system(&self) -> &SystemName {
        &self.settings.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.carry_out(delivery))
    }

    fn read<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(self.read_back(record))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.look_around())
    }
}
