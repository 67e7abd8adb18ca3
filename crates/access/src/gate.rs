//! The way of every run: is it allowed, is there room for it, do it, remember it.

use crate::account::Account;
use crate::principal::{Principal, needed};
use pagebridge_actions::{ActionError, Catalogue, ErrorKind, Outcome, Surface, run};
use pagebridge_ports::{Clock, Store};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The action's name.
    pub action: String,
    /// Its input.
    pub input: Value,
    /// The way in.
    pub surface: Surface,
    /// What tells a repeat from a second request, e.g. `slack/13345224609.738474920`; unique over all ways in.
    /// A repeat is not run again: it gets the outcome of the first.
    pub key: Option<String>,
    /// Whether it is only to be shown.
    pub dry_run: bool,
}

impl Asked {
    /// Starts without a key.
    pub fn new(surface: Surface, action: impl Into<String>, input: Value) -> Self {
        Self { action: action.into(), input, surface, key: None, dry_run: false }
    }
}

/// Runs at the same time, at most: they may wait for a PagerDuty that is down.
const RUNNING_MAX: usize = 128;

/// Runs actions for those who may.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
    running: TaskTracker,
}

struct Inner {
    catalogue: Arc<Catalogue>,
    account: Account,
    #[expect(dead_code, reason = "the audit trail comes next")]
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    free: Semaphore,
}

impl Gate {
    /// Puts a gate together.
    pub fn new(catalogue: Arc<Catalogue>, account: Account, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let free = Semaphore::new(RUNNING_MAX);
        Self { inner: Arc::new(Inner { catalogue, account, store, clock, free }), running: TaskTracker::new() }
    }

    /// The actions that there are.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// Runs an action if `who` may, and there is room left for it.
    ///
    /// What has begun ends in a task of its own, also when the future is dropped.
    pub async fn run(&self, who: &Principal, asked: Asked) -> Outcome {
        let (inner, who) = (self.inner.clone(), who.clone());
        let task = self.running.spawn(async move { inner.run(&who, asked).await });
        task.await.unwrap_or_else(|_| {
            let message = "the run hit a fault of ours, look in the log; it may have been done all the same";
            Outcome::failed(ActionError::new(ErrorKind::Unknown, message))
        })
    }

    /// Waits until everything that runs has ended.
    pub async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

impl Inner {
    async fn run(&self, who: &Principal, asked: Asked) -> Outcome {
        if let Some(refused) = self.refused(who, &asked) {
            return refused;
        }
        let Ok(_permit) = self.free.try_acquire() else {
            let message = "too many actions run at the same time; nothing was sent, repeat it later";
            return Outcome::failed(ActionError::new(ErrorKind::Unavailable, message));
        };
        let caller = self.account.caller(who.from.as_deref(), self.clock.now().0, asked.dry_run || who.dry_run);
        run(&self.catalogue, &asked.action, asked.input, &caller).await
    }

    fn refused(&self, who: &Principal, asked: &Asked) -> Option<Outcome> {
        let action = self.catalogue.get(&asked.action)?;
        if !action.surfaces.contains(&asked.surface) {
            return Some(not_allowed(format!("`{}` is not offered here", action.name)));
        }
        if who.may(action) {
            return who.speaks_for_another(&asked.input).then(|| {
                not_allowed(format!("{} may not run it in the name of another: leave out `from_email`", who.name))
            });
        }
        let (name, role, least) = (action.name, who.role.as_str(), needed(action).as_str());
        let message = if who.role < needed(action) {
            format!("{} may not run `{name}`: it has the role {role}, and {least} is needed", who.name)
        } else {
            format!("{} may not run `{name}`: it is not among its actions", who.name)
        };
        Some(not_allowed(message))
    }
}

fn not_allowed(message: String) -> Outcome {
    Outcome::failed(ActionError::new(ErrorKind::NotAllowed, message))
}
