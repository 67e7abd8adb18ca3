//! What a running bridge says of itself, or its store when none runs.

use crate::config::{Config, StoreAddress};
use crate::wiring::Connected;
use crate::{api, wiring};
use futures_util::future::join_all;
use pagebridge_core::SystemName;
use pagebridge_ports::{Check, CheckResult, MemoryStore, Store};
use std::sync::Arc;

/// Whether what had to page has paged.
pub(super) fn check_pages(alarms: u64) -> Check {
    let (result, detail, remedy) = match alarms {
        0 => (
            CheckResult::Ok,
            "nothing is past its deadline without a page, and no delivery waits for you".to_owned(),
            "",
        ),
        n => (
            CheckResult::Failed,
            format!("{n} incidents are not known to have paged in time, or have a delivery that cannot be made"),
            "run `pagebridge incidents --not-paged`; what the other checks of this list say is often the reason",
        ),
    };
    Check { system: SystemName::new("pagebridge"), name: "pages".to_owned(), result, detail, remedy: remedy.to_owned() }
}

/// Asks the running server, also for its alarms; when none runs, tries the store itself. What is looked after at the
/// systems is told by the server that does it, or else looked at with what the store keeps.
pub(super) async fn check_store(config: &Config, connected: &[Connected]) -> (Check, Option<u64>, Vec<Check>) {
    let check = store_check;
    if let Some(answer) = api::ready(config.listen).await {
        let told = told_by_server(config, connected).await;
        return match answer {
            Ok(alarms) => {
                let detail = format!("the running server commits to {}", config.store.shown());
                (check(CheckResult::Ok, detail, ""), Some(alarms), told)
            }
            Err(reason) => {
                let remedy = "look at the disk's space, permissions and the database server";
                (check(CheckResult::Failed, reason, remedy), None, told)
            }
        };
    }
    let (check, upkeep) = check_closed_store(config, connected).await;
    (check, None, upkeep)
}

fn store_check(result: CheckResult, detail: String, remedy: &str) -> Check {
    Check { system: SystemName::new("pagebridge"), name: "store".to_owned(), result, detail, remedy: remedy.to_owned() }
}

async fn check_closed_store(config: &Config, connected: &[Connected]) -> (Check, Vec<Check>) {
    let check = store_check;
    if let StoreAddress::Sqlite(path) = &config.store
        && !path.exists()
    {
        let empty = MemoryStore::new(Arc::new(wiring::bridges(config)));
        let check = check(CheckResult::Ok, format!("{} will be made at the first start", config.store.shown()), "");
        return (check, looked_at(connected, &empty).await);
    }
    match wiring::open(&config.store, wiring::bridges(config)).await {
        Ok(open) => {
            let probed = open.store.probe().await;
            let upkeep = looked_at(connected, &*open.store).await;
            open.close().await;
            let check = match probed {
                Ok(()) => check(CheckResult::Ok, format!("{} commits; no server runs", config.store.shown()), ""),
                Err(error) => check(CheckResult::Failed, error.to_string(), "look at the disk's space and permissions"),
            };
            (check, upkeep)
        }
        Err(error) => (check(CheckResult::Failed, error.message, &error.hint), Vec::new()),
    }
}

async fn looked_at(connected: &[Connected], store: &dyn Store) -> Vec<Check> {
    join_all(connected.iter().flat_map(|c| &c.upkeeps).map(|upkeep| upkeep.look(store))).await
}

async fn told_by_server(config: &Config, connected: &[Connected]) -> Vec<Check> {
    if connected.iter().all(|c| c.upkeeps.is_empty()) {
        return Vec::new();
    }
    match api::upkeep(config.listen, config.api_token.as_ref()).await {
        Ok(checks) if !checks.is_empty() => checks,
        Ok(_) => {
            vec![upkeep_warning("the running server has not looked after its systems yet", "ask again in a moment")]
        }
        Err(error) => {
            let detail = format!("the running server does not tell how it looks after its systems: {}", error.message);
            vec![upkeep_warning(&detail, &error.hint)]
        }
    }
}

fn upkeep_warning(detail: &str, remedy: &str) -> Check {
    Check::new(&SystemName::new("pagebridge"), "upkeep", CheckResult::Warning, detail, remedy)
}
