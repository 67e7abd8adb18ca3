//! Events on their way: what is kept of one, and one attempt to deliver it.

use super::answer::{Answer, judged};
use super::drain::Deadline;
use super::place::{Place, is_local};
use pagerduty::events::raw;
use pagerduty::{Client, Error};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// The form of what is kept.
const VERSION: u8 = 1;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often an event of this command is tried.
const ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; before the third it is twice as long.
const PAUSE: Duration = Duration::from_millis(300);

/// Which API an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Events of version 2.
    Alert,
    /// Change events.
    Change,
}

/// One event with where it goes. Holds a routing key, so that there is no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Letter {
    version: u8,
    pub(crate) way: Way,
    /// The receiver's address before `/v2/enqueue`.
    pub(crate) to: String,
    /// When it was written, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) body: Map<String, Value>,
}

impl Letter {
    pub(crate) fn new(way: Way, place: &Place, body: Map<String, Value>) -> Self {
        Self { version: VERSION, way, to: place.url.clone(), at_ms: super::now_ms(), body }
    }

    /// Whether this program knows its form.
    pub(crate) fn is_known(&self) -> bool {
        self.version == VERSION
    }

    /// A text at the top of the event.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is about, in words.
    pub(crate) fn summary(&self) -> &str {
        self.body.get("payload").and_then(|payload| payload.get("summary")).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it asks for: `trigger`, `acknowledge`, `resolve` or `change`.
    pub(crate) fn asks(&self) -> &str {
        if self.way == Way::Change { "change" } else { self.text("event_action") }
    }
}

/// Delivers events.
pub(crate) struct Post {
    direct: bool,
}

impl Post {
    /// With `direct` no proxy is used at all.
    pub(crate) fn new(direct: bool) -> Self {
        Self { direct }
    }

    /// Makes one attempt.
    pub(crate) async fn attempt(&self, letter: &Letter, url: &str, deadline: &Deadline) -> Answer {
        let left = deadline.left();
        if left.is_zero() {
            return Answer::Later { why: "no time was left to send it".to_owned(), throttled: false };
        }
        let limit = left.min(TIMEOUT);
        let client = match self.client(url, limit) {
            Ok(client) => client,
            Err(why) => return Answer::Refused(why),
        };
        let sent = async {
            match letter.way {
                Way::Alert => Ok(client.call(&raw::enqueue(&letter.body)?).await.map(drop)),
                Way::Change => Ok(client.call(&raw::change(&letter.body)?).await.map(drop)),
            }
        };
        let ended: Result<Result<(), Error>, pagerduty::events::EventError> = sent.await;
        match ended {
            Ok(Ok(())) => Answer::Delivered,
            Ok(Err(error)) => judged(&error, url),
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    /// Makes a few attempts, for an event whose sender waits.
    pub(crate) async fn insist(&self, letter: &Letter, deadline: &Deadline) -> Answer {
        self.insist_at(letter, &letter.to, deadline).await
    }

    /// The same at another address.
    pub(crate) async fn insist_at(&self, letter: &Letter, url: &str, deadline: &Deadline) -> Answer {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.attempt(letter, url, deadline).await {
                Answer::Later { throttled: false, .. } if deadline.left() > pause => {}
                answer => return answer,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.attempt(letter, url, deadline).await
    }

    fn client(&self, url: &str, limit: Duration) -> Result<Client, String> {
        let parsed = Url::parse(url).map_err(|error| format!("`{url}` is not an address: {error}"))?;
        let mut client = Client::builder()
            .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
            .events_url(url)
            .connect_timeout(CONNECT_TIMEOUT.min(limit))
            .timeout(limit);
        if self.direct || is_local(&parsed) {
            client = client.no_proxy();
        }
        client.build().map_err(|error| error.to_string())
    }
}
