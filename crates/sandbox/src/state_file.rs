//! The file that keeps what a sandbox holds from one start to the next.
//!
//! Saved are PagerDuty, Opsgenie, NetBox, the chats, the webhooks on their way and the clock; faults and counters start anew.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat::Chats;
use crate::netbox::NetBox;
use crate::opsgenie::Opsgenie;
use crate::outgoing::SavedQueue;
use crate::pagerduty::PagerDuty;
use crate::shell::Shared;

const FORMAT: &str = "pagebridge-sandbox-state";
const VERSION: u32 = 1;
/// Changes are gathered for this long before they are written.
const GATHER: Duration = Duration::from_millis(250);
/// Writing takes at most one part in so many of the time, so that a large state does not keep the sandbox busy.
const REST_FACTOR: u32 = 10;

/// Says why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read.
    #[error("cannot read the state file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the state file {path}; choose a place that can be written to")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path} does not hold a sandbox's state: {why}; move it away to start anew, or name another file")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is of another version.
    #[error(
        "the state file {path} has version {version}, and this program reads {VERSION}; move it away to start anew"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// What the file begins with, whatever its version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    format: String,
    version: u32,
    pub(crate) clock: SavedClock,
    pub(crate) pagerduty: Box<RawValue>,
    pub(crate) pagerduty_webhooks: SavedQueue,
    pub(crate) opsgenie: Box<RawValue>,
    pub(crate) opsgenie_webhooks: SavedQueue,
    /// Absent in the files of older programs.
    #[serde(default)]
    pub(crate) netbox: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) netbox_webhooks: SavedQueue,
    #[serde(default)]
    pub(crate) chats: Option<Box<RawValue>>,
}

/// Where the clock stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedClock {
    /// What it showed: where a clock that stands still goes on.
    pub(crate) now: Timestamp,
    /// How far it was ahead of real time: where a clock that runs goes on.
    pub(crate) ahead_ms: i64,
}

/// Reads a state file; none if there is no such file yet.
///
/// # Errors
/// [`StateError`] if it cannot be read or holds something else.
pub(crate) fn read(path: &Path) -> Result<Option<Saved>, StateError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::Read { path: path.to_owned(), source }),
    };
    let head: Head = serde_json::from_str(&text).map_err(|error| unfit(path, &error))?;
    if head.format != FORMAT {
        return Err(StateError::Format { path: path.to_owned(), why: format!("its format is `{}`", head.format) });
    }
    if head.version != VERSION {
        return Err(StateError::Version { path: path.to_owned(), version: head.version });
    }
    serde_json::from_str(&text).map(Some).map_err(|error| unfit(path, &error))
}

pub(crate) fn unfit(path: &Path, error: &serde_json::Error) -> StateError {
    StateError::Format { path: path.to_owned(), why: error.to_string() }
}

/// Keeps the file up to date.
pub(crate) struct Saver {
    path: PathBuf,
    pagerduty: Arc<PagerDuty>,
    opsgenie: Arc<Opsgenie>,
    netbox: Arc<NetBox>,
    chats: Chats,
    shared: Shared,
    /// What was written last, but for a running clock's time.
    last: Mutex<Vec<u8>>,
}

impl std::fmt::Debug for Saver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Saver").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Saver {
    /// Writes the file for the first time, so that a place that cannot be written to is told at the start.
    ///
    /// # Errors
    /// [`StateError::Write`] if it cannot be written.
    pub(crate) fn start(
        path: PathBuf,
        pagerduty: Arc<PagerDuty>,
        opsgenie: Arc<Opsgenie>,
        netbox: Arc<NetBox>,
        chats: Chats,
        shared: Shared,
    ) -> Result<Saver, StateError> {
        let saver = Saver { path, pagerduty, opsgenie, netbox, chats, shared, last: Mutex::default() };
        saver.save()?;
        Ok(saver)
    }

    /// Writes the file after changes, until the sandbox stops.
    pub(crate) async fn run(self: Arc<Saver>) {
        let mut rest = GATHER;
        loop {
            let changed = async {
                self.shared.changed.notified().await;
                tokio::time::sleep(rest).await;
            };
            tokio::select! {
                () = changed => {}
                () = self.shared.cancel.cancelled() => return,
            }
            rest = GATHER.max(self.save_or_tell() * REST_FACTOR);
        }
    }

    /// Writes the file; returns how long it took. A failure is told, and the next change tries again.
    #[expect(clippy::disallowed_methods, reason = "it measures how busy the disk is, which is real time")]
    pub(crate) fn save_or_tell(&self) -> Duration {
        let begun = Instant::now();
        if let Err(error) = self.save() {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "the sandbox's state was not saved");
        }
        begun.elapsed()
    }

    fn save(&self) -> Result<(), StateError> {
        let (pagerduty, pagerduty_webhooks) = self.pagerduty.save();
        let (opsgenie, opsgenie_webhooks) = self.opsgenie.save();
        let (netbox, netbox_webhooks) = self.netbox.save();
        let netbox = Some(netbox);
        let clock = self.shared.clock.save();
        let format = FORMAT.to_owned();
        let mut saved = Saved {
            format,
            version: VERSION,
            clock,
            pagerduty,
            pagerduty_webhooks,
            opsgenie,
            opsgenie_webhooks,
            netbox,
            netbox_webhooks,
            chats: Some(self.chats.save()),
        };
        let text = serde_json::to_vec(&saved).unwrap_or_default();
        // A clock that runs differs every time; that alone is no change.
        saved.clock.now = self.shared.clock.standing().unwrap_or(Timestamp::UNIX_EPOCH);
        let compared = serde_json::to_vec(&saved).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == compared {
            return Ok(());
        }
        let unwritable = |source| StateError::Write { path: self.path.clone(), source };
        replace(&self.path, &text).map_err(unwritable)?;
        *last = compared;
        Ok(())
    }
}

/// Puts a file in the place of another in one step, so that a crash leaves either the old or the new one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        // It holds the secrets that sign webhooks.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// Writes a map whose keys are not texts as a list of pairs.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<'a, M, K, V, S>(map: &'a M, serializer: S) -> Result<S::Ok, S::Error>
    where
        &'a M: IntoIterator<Item = (&'a K, &'a V)>,
        K: Serialize + 'a,
        V: Serialize + 'a,
        S: Serializer,
    {
        // In a fixed order, so that an unchanged map is written as it was.
        let mut pairs: Vec<String> = map
            .into_iter()
            .map(|pair| serde_json::to_string(&pair))
            .collect::<Result<_, _>>()
            .map_err(serde::ser::Error::custom)?;
        pairs.sort_unstable();
        let raw = pairs.into_iter().map(serde_json::value::RawValue::from_string);
        let raw: Vec<_> = raw.collect::<Result<_, _>>().map_err(serde::ser::Error::custom)?;
        serializer.collect_seq(raw)
    }

    pub(crate) fn deserialize<'de, M, K, V, D>(deserializer: D) -> Result<M, D::Error>
    where
        M: FromIterator<(K, V)>,
        K: Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
