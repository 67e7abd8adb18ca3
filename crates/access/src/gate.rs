//! The way of every run: is it allowed, is there room for it, do it, remember it.

use crate::account::Account;
use crate::principal::{Principal, needed};
use crate::redact;
use pagebridge_actions::{Action, ActionError, Catalogue, Effect, ErrorKind, Outcome, Surface, run};
use pagebridge_core::Timestamp;
use pagebridge_ports::{AuditEnd, AuditRow, Begun, Cap, Clock, NewAudit, Store, StoreError};
use serde_json::{Value, json};
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

/// How often the end of a run is written down at most, when the store cannot be written.
const END_TRIES_MAX: u32 = 5;

/// The wait between two of these, in milliseconds.
const END_WAIT_MS: i64 = 1_000;

/// Longest name of an unknown action that is remembered, in characters.
const NAME_LEN_MAX: usize = 80;

/// Runs actions for those who may.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
    running: TaskTracker,
}

struct Inner {
    catalogue: Arc<Catalogue>,
    account: Account,
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

    /// Runs an action if `who` may, and there is room left for it. Whatever is asked for is in the audit trail before
    /// anything is sent, and so is what became of it.
    ///
    /// What has begun ends in a task of its own, also when the future is dropped.
    pub async fn run(&self, who: &Principal, asked: Asked) -> Outcome {
        let (inner, who) = (self.inner.clone(), who.clone());
        let task = self.running.spawn(async move { inner.run(&who, asked).await });
        task.await.unwrap_or_else(|_| {
            failed(
                ErrorKind::Unknown,
                "the run hit a fault of ours, look in the log; it may have been done all the same",
            )
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
        let action = self.catalogue.get(&asked.action);
        let new = self.entry(who, &asked, action);
        if action.is_none() {
            let caller = self.account.caller(None, new.at.0, true);
            let unknown = run(&self.catalogue, &asked.action, json!({}), &caller).await;
            return self.refuse(new, unknown).await;
        }
        if let Some(refused) = self.refused(who, &asked) {
            return self.refuse(new, refused).await;
        }
        let Ok(_permit) = self.free.try_acquire() else {
            let message = "too many actions run at the same time; nothing was sent, repeat it later";
            return failed(ErrorKind::Unavailable, message);
        };
        match self.store.audit_begin(new.clone()).await {
            Ok(Begun::New(id)) => self.carry_out(id, who, asked, new.dry_run).await,
            Ok(Begun::Repeated(row)) => repeated(&new, &row),
            Ok(Begun::Full { cap, until }) => {
                let full = full(who, &new.caps[cap], until, new.at);
                self.refuse(new, full).await
            }
            Err(error) => no_trail(&error),
        }
    }

    async fn carry_out(&self, id: i64, who: &Principal, asked: Asked, dry_run: bool) -> Outcome {
        let caller = self.account.caller(who.from.as_deref(), self.clock.now().0, dry_run);
        let outcome = run(&self.catalogue, &asked.action, asked.input, &caller).await;
        let end = self.end(self.catalogue.get(&asked.action), &outcome);
        let end = AuditEnd { counts: end.counts && !dry_run, ..end };
        tracing::info!(
            who = who.name,
            action = asked.action,
            dry_run,
            ok = outcome.ok,
            audit = id,
            "an action was run"
        );
        for attempt in 1..=END_TRIES_MAX {
            match self.store.audit_end(id, end.clone()).await {
                Ok(()) => break,
                Err(error) if attempt == END_TRIES_MAX => {
                    tracing::error!(%error, audit = id, outcome = %end.outcome, "the end of a run could not be written down");
                }
                Err(_) => self.clock.sleep(END_WAIT_MS).await,
            }
        }
        outcome
    }

    /// Writes down what is not even begun.
    async fn refuse(&self, new: NewAudit, refused: Outcome) -> Outcome {
        tracing::warn!(who = new.who, action = new.action, reason = words(&refused), "an action was refused");
        let end = AuditEnd { counts: false, ..self.end(None, &refused) };
        let new = NewAudit { end: Some(end), counts: false, key: None, caps: Vec::new(), ..new };
        match self.store.audit_begin(new).await {
            Ok(_) => refused,
            Err(error) => no_trail(&error),
        }
    }

    fn end(&self, action: Option<&Action>, outcome: &Outcome) -> AuditEnd {
        let kind = outcome.error.as_ref().map(|error| error.kind);
        let unsent = matches!(kind, Some(ErrorKind::InvalidInput | ErrorKind::UnknownAction));
        let outcome_kept = redact::outcome(action, outcome);
        AuditEnd { at: self.clock.now(), ok: outcome.ok, outcome: outcome_kept, counts: !unsent }
    }

    /// What is written down before anything is done. What is only read or shown may be done again, so it has no key;
    /// what is only shown takes no room.
    fn entry(&self, who: &Principal, asked: &Asked, action: Option<&Action>) -> NewAudit {
        let dry_run = asked.dry_run || who.dry_run;
        let reads = action.is_some_and(|action| action.effect == Effect::ReadOnly);
        NewAudit {
            who: who.name.clone(),
            surface: surface_name(asked.surface).to_owned(),
            action: action.map_or_else(|| shortened(&asked.action), |action| action.name.to_owned()),
            input: action.map_or_else(|| json!({}), |action| redact::input(action, &asked.input)),
            key: asked.key.clone().filter(|_| !dry_run && !reads),
            dry_run,
            counts: !dry_run,
            at: self.clock.now(),
            caps: if dry_run { Vec::new() } else { caps(who, &asked.action) },
            end: None,
        }
    }

    fn refused(&self, who: &Principal, asked: &Asked) -> Option<Outcome> {
        let action = self.catalogue.get(&asked.action)?;
        if !action.surfaces.contains(&asked.surface) {
            return Some(failed(ErrorKind::NotAllowed, format!("`{}` is not offered here", action.name)));
        }
        if who.may(action) {
            return who.speaks_for_another(&asked.input).then(|| {
                failed(
                    ErrorKind::NotAllowed,
                    format!("{} may not run it in the name of another: leave out `from_email`", who.name),
                )
            });
        }
        let (name, role, least) = (action.name, who.role.as_str(), needed(action).as_str());
        let message = if who.role < needed(action) {
            format!("{} may not run `{name}`: it has the role {role}, and {least} is needed", who.name)
        } else {
            format!("{} may not run `{name}`: it is not among its actions", who.name)
        };
        Some(failed(ErrorKind::NotAllowed, message))
    }
}

/// The limits that an action of somebody falls under.
fn caps(who: &Principal, action: &str) -> Vec<Cap> {
    let cap = |(pattern, most): &(String, u32)| Cap { who: Some(who.name.clone()), ..Cap::new(pattern, *most) };
    who.per_hour.iter().map(cap).filter(|cap| cap.fits(action)).collect()
}

fn full(who: &Principal, cap: &Cap, until: Timestamp, now: Timestamp) -> Outcome {
    let wait_s = u64::try_from((until.0 - now.0).max(0)).unwrap_or_default().div_ceil(1_000);
    let (name, most, star) = (&who.name, cap.most, if cap.beginning { "*" } else { "" });
    let message = format!(
        "{name} may run `{}{star}` {most} times in an hour, and has; nothing was sent. There is room again in {wait_s} s",
        cap.action
    );
    let error = ActionError::new(ErrorKind::CapReached, message);
    Outcome::failed(ActionError { retry_after_s: Some(wait_s), ..error })
}

/// What was asked for before is not done again.
fn repeated(new: &NewAudit, row: &AuditRow) -> Outcome {
    if (&row.who, &row.action, &row.input) != (&new.who, &new.action, &new.input) {
        let message = "the key was used before for something else; nothing was sent: take a new key for each request";
        return failed(ErrorKind::InvalidInput, message);
    }
    let in_progress = || {
        let message =
            "the same was asked for before, and has not ended, or nobody knows how; nothing was sent this time";
        failed(ErrorKind::InProgress, message)
    };
    row.end.as_ref().and_then(|end| redact::recall(&end.outcome)).unwrap_or_else(in_progress)
}

/// Without a trail nothing is done.
fn no_trail(error: &StoreError) -> Outcome {
    tracing::error!(%error, "the audit trail cannot be written, so an action was refused");
    failed(ErrorKind::Unavailable, "the audit trail cannot be written now, so nothing was sent; repeat it later")
}

/// A name from outside, fit to be kept.
fn shortened(name: &str) -> String {
    name.escape_default().take(NAME_LEN_MAX).collect()
}

fn words(outcome: &Outcome) -> &str {
    outcome.error.as_ref().map_or("", |error| &error.message)
}

fn failed(kind: ErrorKind, message: impl Into<String>) -> Outcome {
    Outcome::failed(ActionError::new(kind, message))
}

/// The word for a way in.
#[must_use]
pub fn surface_name(surface: Surface) -> &'static str {
    match surface {
        Surface::Cli => "cli",
        Surface::Http => "http",
        Surface::Chat => "chat",
        Surface::StackStorm => "stackstorm",
        Surface::Mcp => "mcp",
    }
}
