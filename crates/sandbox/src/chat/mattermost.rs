//! The Mattermost look-alike: what it holds, and what people do there.

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

/// The Mattermost look-alike.
#[derive(Debug)]
pub struct Mattermost {
    url: String,
    shared: Shared,
    state: Mutex<State>,
}

/// Everything that Mattermost holds.
#[derive(Debug, Clone, Serialize)]
pub struct MattermostSnapshot {
    /// The posts, oldest first.
    pub posts: Vec<MattermostPost>,
    /// What came to response addresses.
    pub responses: Vec<Responded>,
    /// The people.
    pub users: Vec<ChatUser>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

/// One post, with all that the server keeps of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MattermostPost {
    /// Its id.
    pub id: String,
    /// When it was made, in milliseconds.
    pub create_at: i64,
    /// When it was last changed, in milliseconds.
    pub update_at: i64,
    /// When it was deleted, in milliseconds; 0 when it is there.
    pub delete_at: i64,
    /// Who wrote it.
    pub user_id: String,
    /// Its channel.
    pub channel_id: String,
    /// The post that it replies to; empty when it is none.
    pub root_id: String,
    /// The text.
    pub message: String,
    /// Attachments and marks, the integrations of buttons included, which clients never see.
    pub props: Value,
    /// How often it was updated.
    pub edits: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) bot_token: String,
    pub(super) command_token: String,
    pub(super) bot_user: String,
    pub(super) channel_id: String,
    pub(super) is_member: bool,
    pub(super) is_archived: bool,
    pub(super) users: Vec<ChatUser>,
    pub(super) posts: Vec<MattermostPost>,
    pub(super) response_urls: ResponseUrls,
    pub(super) random: Random,
}

impl State {
    fn new(given: &Credentials, mut random: Random) -> State {
        let channel_id = given.mattermost_channel_id.clone().unwrap_or_else(|| id(&mut random));
        let bot_user = id(&mut random);
        let mut person = |(name, email): (&str, &str)| ChatUser {
            id: id(&mut random),
            name: name.to_owned(),
            email: Some(email.to_owned()),
        };
        let users = PEOPLE.into_iter().map(&mut person).collect();
        State {
            bot_token: given.mattermost_bot_token.clone().unwrap_or_else(|| id(&mut random)),
            command_token: given.mattermost_command_token.clone().unwrap_or_else(|| id(&mut random)),
            bot_user,
            channel_id,
            is_member: true,
            is_archived: false,
            users,
            posts: Vec::new(),
            response_urls: ResponseUrls::default(),
            random,
        }
    }

    pub(super) fn post(&mut self, id: &str) -> Option<&mut MattermostPost> {
        self.posts.iter_mut().find(|post| post.id == id && post.delete_at == 0)
    }

    /// Adds a post of the channel.
    pub(super) fn add(
        &mut self,
        user_id: String,
        root_id: String,
        message: String,
        props: Value,
        now: Timestamp,
    ) -> MattermostPost {
        let at = now.as_millisecond();
        let post = MattermostPost {
            id: id(&mut self.random),
            create_at: at,
            update_at: at,
            delete_at: 0,
            user_id,
            channel_id: self.channel_id.clone(),
            root_id,
            message,
            props,
            edits: 0,
        };
        self.posts.push(post.clone());
        post
    }
}

/// Draws an id as Mattermost's are: 26 small letters and digits.
fn id(random: &mut Random) -> String {
    random.ulid(0x1_0000_0000_0000 - 1).to_lowercase().replace("0", "y")
}

impl Mattermost {
    pub(super) fn new(given: &Credentials, random: Random, url: &str, shared: Shared) -> Mattermost {
        Mattermost { url: url.to_owned(), shared, state: Mutex::new(State::new(given, random)) }
    }

    /// Shows everything that Mattermost holds.
    pub fn snapshot(&self) -> MattermostSnapshot {
        let state = self.lock();
        MattermostSnapshot {
            posts: state.posts.clone(),
            responses: state.response_urls.responded.clone(),
            users: state.users.clone(),
            calls: self.shared.counters.of(System::Mattermost),
        }
    }

    /// Hands out an address for answers, as a command does: five of them within half an hour.
    pub fn response_url(&self) -> String {
        let mut state = self.lock();
        let id = id(&mut state.random);
        state.response_urls.make(id.clone(), self.shared.clock.now());
        format!("{}/hooks/commands/{id}", self.url)
    }

    /// Adds a person; returns the id.
    pub fn add_user(&self, name: &str, email: Option<&str>) -> String {
        let mut state = self.lock();
        let id = id(&mut state.random);
        state.users.push(ChatUser { id: id.clone(), name: name.to_owned(), email: email.map(str::to_owned) });
        id
    }

    /// Takes the bot into the channel, or out of it.
    pub fn set_member(&self, is_member: bool) {
        self.lock().is_member = is_member;
    }

    /// Archives the channel, or opens it again.
    pub fn set_archived(&self, is_archived: bool) {
        self.lock().is_archived = is_archived;
    }

    /// Has the first person write into the channel; returns the post's id.
    pub fn say(&self, text: &str) -> String {
        let mut state = self.lock();
        let user = state.users[0].id.clone();
        let now = self.shared.clock.now();
        state.add(user, String::new(), text.to_owned(), Value::Null, now).id
    }

    /// Deletes a post, as a person can.
    ///
    /// # Errors
    /// [`ChatError::NoMessage`] if there is none of that id.
    pub fn delete(&self, id: &str) -> Result<(), ChatError> {
        let now = self.shared.clock.now();
        let mut state = self.lock();
        state.post(id).ok_or_else(|| ChatError::NoMessage(id.to_owned()))?.delete_at = now.as_millisecond();
        Ok(())
    }

    /// Returns the bot's token, the command's token and the id of the channel.
    pub(crate) fn credentials(&self) -> [String; 3] {
        let state = self.lock();
        [state.bot_token.clone(), state.command_token.clone(), state.channel_id.clone()]
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookAlike for Mattermost {
    const SYSTEM: System = System::Mattermost;

    fn label(call: &Call) -> String {
        let is_id = |part: &str| part.len() == 26;
        let shown = call.parts().into_iter().map(|part| if is_id(part) { "{id}" } else { part });
        format!("{} /{}", call.method, shown.collect::<Vec<_>>().join("/"))
    }

    fn handle(&self, call: &Call, now: Timestamp) -> Reply {
        let reply = self.lock().answer(call, now);
        self.shared.changed.notify_one();
        reply
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        super::mattermost_api::Refusal::of_status(status).reply()
    }
}
