//! Commands in chats: Slack, Mattermost, Microsoft Teams, and any bot that can post.
//!
//! A request takes this way: who sent it is proven over the raw bytes (`proof`), each chat's form becomes one [`Request`](request::Request)
//! (`slack`, `mattermost`, `teams`), the request is made durable, and only then a task carries it out (`desk`, `job`): who asks
//! (`people`), what is asked (`parse`), the actions of the catalogue behind the gate (`carry`, `look`), and the answer in the chat's own
//! markup (`reply`). What ends in time is the answer itself; what does not is answered later, where the chat takes later answers
//! (`outside`). A crash loses nothing: see `kept`.
//!
//! There is deliberately no knowledge of how incidents are posted in channels: that is a system like any other. The two share the
//! names of the buttons, and [`button_mac`].

mod carry;
mod check;
mod command;
mod desk;
mod doors;
mod job;
mod kept;
mod look;
mod mattermost;
mod outside;
mod parse;
mod people;
mod plain;
mod proof;
mod reply;
mod request;
mod settings;
mod slack;
mod teams;
mod times;
mod words;

pub use check::check;
pub use desk::Chat;
pub use doors::{BODY_SIZE_BYTES_MAX, CHAT_PATH, Doors, TIMEOUT_MS};
pub use plain::{PLAIN_PATH, router};
pub use proof::{CLOCK_WINDOW_S, button_mac};
pub use settings::{KnownPerson, Mattermost, SLACK_API_URL, SLACK_HOOKS_URL, Settings, Slack, Teams};
