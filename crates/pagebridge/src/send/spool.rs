//! Events on disk, until a receiver has taken them.
//!
//! One file per event, numbered in the order of sending. Whoever delivers holds `.lock`, so that two programs do not interleave; whoever
//! numbers a new file holds `.order`, for a moment only. The files hold routing keys: they are their owner's alone.

use super::post::Letter;
use crate::env::Env;
use crate::exit::{CliError, Exit};
use serde_json::{Value, json};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How many events may wait.
pub(crate) const EVENTS_MAX: usize = 10_000;
/// How much those may be, in bytes.
pub(crate) const SIZE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long an event may wait, in milliseconds: seven days.
pub(crate) const AGE_MS_MAX: i64 = 7 * 24 * 3_600_000;
/// How large one file may be, in bytes; an event is 512,000 at most.
const FILE_SIZE_BYTES_MAX: u64 = 1024 * 1024;
/// Where events go that were refused for good.
const REFUSED: &str = "refused";

/// A file's name: its number and something that no other has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    fn number(&self) -> u64 {
        self.0.split('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// As people see it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A directory with events.
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
}

/// The right to deliver. It ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Turn {
    _file: File,
}

impl Spool {
    /// Finds the directory, and makes it if need be.
    ///
    /// # Errors
    /// [`Exit::Store`] when there is no place for it or it cannot be used.
    pub(crate) fn open(env: &Env) -> Result<Self, CliError> {
        let hint = "set PAGEBRIDGE_SPOOL to a directory of your own, or send with --no-spool";
        let Some(dir) = place(env) else {
            return Err(CliError::new(Exit::Store, "there is no place for the spool: HOME is not set", hint));
        };
        let spool = Self { dir };
        spool.prepare().map_err(|error| {
            let message = format!("the spool {} cannot be used: {error}", spool.dir.display());
            CliError::new(Exit::Store, message, hint)
        })?;
        Ok(spool)
    }

    fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.dir.join(REFUSED))?;
        if fs::metadata(&self.dir)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps an event, after all that are there already. It is on disk for good when this returns.
    ///
    /// # Errors
    /// [`Exit::Store`] when the spool is full or cannot be written.
    pub(crate) fn put(&self, letter: &Letter) -> Result<Name, CliError> {
        let waiting = self.list()?;
        let size = |name: &Name| fs::metadata(self.path(name)).map_or(0, |file| file.len());
        if waiting.len() >= EVENTS_MAX || waiting.iter().map(size).sum::<u64>() >= SIZE_BYTES_MAX {
            let message = format!("the spool {} is full: {} events wait", self.dir.display(), waiting.len());
            return Err(CliError::new(Exit::Store, message, "see what waits with `pagebridge send --spooled`"));
        }
        let text = serde_json::to_vec(letter).expect("an event can be written as JSON");
        self.write(&text).map_err(|error| self.broken("written", &error))
    }

    fn write(&self, text: &[u8]) -> io::Result<Name> {
        let token = super::event::token();
        let new = self.dir.join(format!(".new-{token}"));
        let written = write_whole(&new, text).and_then(|()| {
            let order = self.open_lock(".order")?;
            order.lock()?;
            let last = self.names()?.iter().map(Name::number).max().unwrap_or(0);
            let name = Name(format!("{:012}-{token}.json", last + 1));
            fs::rename(&new, self.path(&name))?;
            sync_dir(&self.dir)?;
            Ok(name)
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// What waits, in order.
    ///
    /// # Errors
    /// [`Exit::Store`] when it cannot be read.
    pub(crate) fn list(&self) -> Result<Vec<Name>, CliError> {
        self.names().map_err(|error| self.broken("read", &error))
    }

    fn names(&self) -> io::Result<Vec<Name>> {
        names_in(&self.dir)
    }

    /// Events that were refused for good, each with what is known of it.
    ///
    /// # Errors
    /// [`Exit::Store`] when they cannot be read.
    pub(crate) fn refused(&self) -> Result<Vec<(Name, Value)>, CliError> {
        let dir = self.dir.join(REFUSED);
        let names = names_in(&dir).map_err(|error| self.broken("read", &error))?;
        let read = |name: Name| {
            let text = read_whole(&dir.join(name.as_str())).ok()?;
            Some((name, serde_json::from_slice(&text).unwrap_or_default()))
        };
        Ok(names.into_iter().filter_map(read).collect())
    }

    /// Why an event was refused, if it was.
    pub(crate) fn why_refused(&self, name: &Name) -> Option<String> {
        let text = read_whole(&self.dir.join(REFUSED).join(name.as_str())).ok()?;
        let kept: Value = serde_json::from_slice(&text).ok()?;
        Some(kept["refused"].as_str().unwrap_or("it was refused").to_owned())
    }

    /// Reads an event; `None` when it has gone meanwhile, an error in words when it is damaged.
    pub(crate) fn read(&self, name: &Name) -> Option<Result<Letter, String>> {
        let text = match read_whole(&self.path(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(format!("its file cannot be read: {error}"))),
        };
        Some(match serde_json::from_slice::<Letter>(&text) {
            Ok(letter) if letter.is_known() => Ok(letter),
            Ok(_) => Err("its file is of another version of Pagebridge".to_owned()),
            Err(_) => Err("its file is damaged".to_owned()),
        })
    }

    /// Whether an event still waits.
    pub(crate) fn holds(&self, name: &Name) -> bool {
        self.path(name).exists()
    }

    /// Removes an event that was delivered.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub(crate) fn remove(&self, name: &Name) -> io::Result<()> {
        fs::remove_file(self.path(name))?;
        sync_dir(&self.dir)
    }

    /// Puts an event aside, with the reason.
    ///
    /// # Errors
    /// When it cannot be written or removed; it then waits as before.
    pub(crate) fn refuse(&self, name: &Name, why: &str) -> io::Result<()> {
        let text = read_whole(&self.path(name)).unwrap_or_default();
        let mut kept = match serde_json::from_slice::<Value>(&text) {
            Ok(Value::Object(kept)) => Value::Object(kept),
            _ => json!({"damaged": String::from_utf8_lossy(&text)}),
        };
        kept["refused"] = json!(why);
        kept["refused_at_ms"] = json!(super::now_ms());
        let dir = self.dir.join(REFUSED);
        let new = dir.join(format!(".new-{}", name.as_str()));
        let _ = fs::remove_file(&new);
        write_whole(&new, kept.to_string().as_bytes())?;
        fs::rename(&new, dir.join(name.as_str()))?;
        sync_dir(&dir)?;
        self.remove(name)
    }

    /// Takes the right to deliver, unless another program has it.
    ///
    /// # Errors
    /// When the file of the lock cannot be used.
    pub(crate) fn turn(&self) -> io::Result<Option<Turn>> {
        let file = self.open_lock(".lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn open_lock(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.dir.join(name))
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.dir.join(name.as_str())
    }

    fn broken(&self, what: &str, error: &io::Error) -> CliError {
        CliError::new(
            Exit::Store,
            format!("the spool {} cannot be {what}: {error}", self.dir.display()),
            "look at its permissions and the disk's space",
        )
    }
}

/// `$PAGEBRIDGE_SPOOL`, else `$XDG_STATE_HOME/pagebridge/spool`, else `~/.local/state/pagebridge/spool`.
fn place(env: &Env) -> Option<PathBuf> {
    if let Some(dir) = env.get("PAGEBRIDGE_SPOOL") {
        return Some(PathBuf::from(dir));
    }
    let state = env.get("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let state = state.or_else(|| Some(Path::new(env.get("HOME")?).join(".local/state")))?;
    Some(state.join("pagebridge/spool"))
}

fn names_in(dir: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        if name.ends_with(".json") && !name.starts_with('.') {
            names.push(Name(name));
        }
    }
    names.sort();
    Ok(names)
}

fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(FILE_SIZE_BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
