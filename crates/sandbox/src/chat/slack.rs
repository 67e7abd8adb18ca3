//! The Slack look-alike: what it holds, and what people do there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::response::{Responded, ResponseUrls};
use super::{ChatError, ChatUser, PEOPLE};
use crate::config::Credentials;
use crate::counters::EndpointCount;
use crate::faults::System;
use crate::random::Random;
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Reply};

/// The Slack look-alike.
#[derive(Debug)]
pub struct Slack {
    url: String,
    shared: Shared,
    state: Mutex<State>,
}

/// Everything that Slack holds.
#[derive(Debug, Clone, Serialize)]
pub struct SlackSnapshot {
    /// The messages, oldest first.
    pub messages: Vec<SlackMessage>,
    /// What came to response addresses.
    pub responses: Vec<Responded>,
    /// The people.
    pub users: Vec<ChatUser>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlackMessage {
    /// The channel's id.
    pub channel: String,
    /// Its time, which is its id within the channel.
    pub ts: String,
    /// The message that it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<String>,
    /// Who wrote it.
    pub user: String,
    /// The text, or what is shown where blocks are not.
    pub text: String,
    /// The blocks; null without any.
    pub blocks: Value,
    /// The attachments; null without any.
    pub attachments: Value,
    /// What only programs see; null without any.
    pub metadata: Value,
    /// How often it was updated.
    pub edits: u32,
}

/// A channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_member: bool,
    pub(super) is_archived: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) bot_token: String,
    pub(super) signing_secret: String,
    pub(super) bot_user: String,
    /// The first is the one that the sandbox names; the bot is in no other.
    pub(super) channels: Vec<Channel>,
    pub(super) users: Vec<ChatUser>,
    pub(super) messages: Vec<SlackMessage>,
    pub(super) response_urls: ResponseUrls,
    pub(super) random: Random,
    last_us: i64,
}

impl State {
    fn new(given: &Credentials, mut random: Random) -> State {
        let mut id = |prefix: &str| random.long_id(prefix)[..11].to_owned();
        let channel =
            |id: String, name: &str, is_member| Channel { id, name: name.to_owned(), is_member, is_archived: false };
        let channels = vec![
            channel(given.slack_channel.clone().unwrap_or_else(|| id("C")), "incidents", true),
            channel(id("C"), "general", false),
        ];
        let bot_user = id("U");
        let person = |(name, email): (&str, &str)| ChatUser {
            id: id("U"),
            name: name.to_owned(),
            email: Some(email.to_owned()),
        };
        let users = PEOPLE.into_iter().map(person).collect();
        let drawn = random.hex32();
        State {
            bot_token: given.slack_bot_token.clone().unwrap_or_else(|| random.token("xoxb-")),
            signing_secret: given.slack_signing_secret.clone().unwrap_or(drawn),
            bot_user,
            channels,
            users,
            messages: Vec::new(),
            response_urls: ResponseUrls::default(),
            random,
            last_us: 0,
        }
    }

    /// Makes the time of a new message, later than that of every other.
    pub(super) fn next_ts(&mut self, now: Timestamp) -> String {
        self.last_us = now.as_microsecond().max(self.last_us + 1);
        format!("{}.{:06}", self.last_us / 1_000_000, self.last_us % 1_000_000)
    }

    pub(super) fn message(&mut self, channel: &str, ts: &str) -> Option<&mut SlackMessage> {
        self.messages.iter_mut().find(|message| message.channel == channel && message.ts == ts)
    }
}

impl Slack {
    pub(super) fn new(given: &Credentials, random: Random, url: &str, shared: Shared) -> Slack {
        Slack { url: url.to_owned(), shared, state: Mutex::new(State::new(given, random)) }
    }

    /// Shows everything that Slack holds.
    pub fn snapshot(&self) -> SlackSnapshot {
        let state = self.lock();
        SlackSnapshot {
            messages: state.messages.clone(),
            responses: state.response_urls.responded.clone(),
            users: state.users.clone(),
            calls: self.shared.counters.of(System::Slack),
        }
    }

    /// Hands out an address for answers, as a command or a click does: five of them within half an hour.
    pub fn response_url(&self) -> String {
        let mut state = self.lock();
        let id = state.random.hex32();
        state.response_urls.make(id.clone(), self.shared.clock.now());
        format!("{}/response/{id}", self.url)
    }

    /// Adds a person; returns the id.
    pub fn add_user(&self, name: &str, email: Option<&str>) -> String {
        let mut state = self.lock();
        let id = state.random.long_id("U")[..11].to_owned();
        state.users.push(ChatUser { id: id.clone(), name: name.to_owned(), email: email.map(str::to_owned) });
        id
    }

    /// Takes the bot into the channel, or out of it.
    pub fn set_member(&self, is_member: bool) {
        self.lock().channels[0].is_member = is_member;
    }

    /// Archives the channel, or opens it again.
    pub fn set_archived(&self, is_archived: bool) {
        self.lock().channels[0].is_archived = is_archived;
    }

    /// Has the first person write into the channel; returns the message's time.
    pub fn say(&self, text: &str) -> String {
        let mut state = self.lock();
        let ts = state.next_ts(self.shared.clock.now());
        let (channel, user) = (state.channels[0].id.clone(), state.users[0].id.clone());
        state.messages.push(SlackMessage {
            channel,
            ts: ts.clone(),
            thread_ts: None,
            user,
            text: text.to_owned(),
            blocks: Value::Null,
            attachments: Value::Null,
            metadata: Value::Null,
            edits: 0,
        });
        ts
    }

    /// Deletes a message, as a person can.
    ///
    /// # Errors
    /// [`ChatError::NoMessage`] if there is none of that time.
    pub fn delete(&self, ts: &str) -> Result<(), ChatError> {
        let mut state = self.lock();
        let place = state.messages.iter().position(|message| message.ts == ts);
        state.messages.remove(place.ok_or_else(|| ChatError::NoMessage(ts.to_owned()))?);
        Ok(())
    }

    /// Returns the bot's token, the signing secret and the id of the channel.
    pub(crate) fn credentials(&self) -> [String; 3] {
        let state = self.lock();
        [state.bot_token.clone(), state.signing_secret.clone(), state.channels[0].id.clone()]
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookAlike for Slack {
    const SYSTEM: System = System::Slack;

    fn label(call: &Call) -> String {
        match call.parts().as_slice() {
            ["response", _] => format!("{} /response/{{id}}", call.method),
            parts => format!("{} /{}", call.method, parts.join("/")),
        }
    }

    fn handle(&self, call: &Call, now: Timestamp) -> Reply {
        let reply = self.lock().answer(call, now);
        self.shared.changed.notify_one();
        reply
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        super::slack_api::refusal(status)
    }
}
