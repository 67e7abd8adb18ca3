//! The way of every run: is it allowed, is there room for it, do it, remember it.

use crate::account::Account;
use crate::principal::{Principal, needed};
use pagebridge_actions::{ActionError, Catalogue, ErrorKind, Outcome, Surface, run};
use pagebridge_ports::{Clock, Store};
use serde_json::Value;
use std::sync::Arc;

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

/// Runs actions for those who may.
#[derive(Clone)]
pub struct Gate {
    catalogue: Arc<Catalogue>,
    account: Account,
    #[expect(dead_code, reason = "the audit trail comes next")]
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// Puts a gate together.
    pub fn new(catalogue: Arc<Catalogue>, account: Account, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { catalogue, account, store, clock }
    }

    /// The actions that there are.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Runs an action if `who` may, and there is room left for it.
    ///
    /// Whoever drops the future leaves it open whether the action was run: let it end in a task of its own.
    pub async fn run(&self, who: &Principal, asked: Asked) -> Outcome {
        if let Some(refused) = self.refused(who, &asked) {
            return refused;
        }
        let caller = self.account.caller(who.from.as_deref(), self.clock.now().0, asked.dry_run || who.dry_run);
        run(&self.catalogue, &asked.action, asked.input, &caller).await
    }

    fn refused(&self, who: &Principal, asked: &Asked) -> Option<Outcome> {
        let action = self.catalogue.get(&asked.action)?;
        if !action.surfaces.contains(&asked.surface) {
            return Some(not_allowed(format!("`{}` is not offered here", action.name)));
        }
        if who.may(action) {
            return None;
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
