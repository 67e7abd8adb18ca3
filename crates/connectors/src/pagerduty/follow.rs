//! Looks for incidents that people or other tools have made at PagerDuty, so that none is missed whose webhook was lost, or
//! where there are no webhooks at all.
//!
//! Each is handed over once, as a hint with the key that it was made with. One that we have made ourselves is known by that
//! key, even when the answer to its making has not come yet; any other begins something elsewhere and is read in full. From
//! then on its own readings and webhooks tell of it, notes included.

use super::backfill::{SKEW_MS, is_after};
use super::upkeep::Trouble;
use super::{Opens, PagerDuty, map};
use ::pagerduty::rest::incidents::{self, DateRange, Incident, IncidentFilter, IncidentStatus, Order, SortField};
use ::pagerduty::{Class, LIMIT_MAX, Page, Paging, ServiceId};
use pagebridge_core::{Input, News, Timestamp};
use pagebridge_ports::{BoxFuture, Check, Store, Upkeep, Upkept};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const NAME: &str = "new incidents";

/// Pages of a hundred that one round may read; what is left is read in the next.
const PAGES_MAX: u32 = 10;

/// Lists the open incidents of [`Settings::opens`](super::Settings::opens) and hands over those that are new.
///
/// Incidents from before its first run are left alone, unless [`Settings::backlog`](super::Settings::backlog) is set.
pub struct Follower {
    pagerduty: Arc<PagerDuty>,
    memory: Mutex<Memory>,
}

/// What the follower knows between rounds.
#[derive(Default)]
struct Memory {
    /// Incidents that were handed over, each with the number of the last walk through the list that showed it.
    seen: HashMap<String, u64>,
    walk: u64,
    /// Where in the list the walk goes on.
    offset: u32,
}

impl Follower {
    /// Follows what this connector is connected to.
    #[must_use]
    pub fn new(pagerduty: Arc<PagerDuty>) -> Self {
        Self { pagerduty, memory: Mutex::default() }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(&self, store: &dyn Store) -> Result<Check, Trouble> {
        let now = self.pagerduty.clock.now();
        let since = self.since(store, now).await?;
        let mut offset = self.memory().offset;
        if offset > 0 {
            // Whatever is new comes first.
            let newest = self.page(0).await?;
            self.hand_over(store, &newest.items, since).await?;
        }
        for _ in 0..PAGES_MAX {
            let page = self.page(offset).await?;
            let is_last = !page.items.iter().all(|incident| is_after(incident, since));
            self.hand_over(store, &page.items, since).await?;
            match page.next_offset(offset).filter(|_| !is_last) {
                Some(next) => offset = next,
                None => {
                    let count = self.memory().end_walk();
                    return Ok(self.pagerduty.ok(NAME, &format!("{count} open ones are known, {}", self.whose())));
                }
            }
        }
        self.memory().offset = offset;
        let detail = format!("more than {offset} are open, {}, and are looked through in parts", self.whose());
        Ok(self.pagerduty.ok(NAME, &detail))
    }

    /// The time from which incidents count.
    async fn since(&self, store: &dyn Store, now: Timestamp) -> Result<Timestamp, Trouble> {
        if self.pagerduty.settings.backlog {
            return Ok(Timestamp(0));
        }
        let name = format!("follow/{}/since", self.pagerduty.settings.system);
        let kept = store.kept().await?;
        let kept = kept.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.expose().parse().ok());
        if let Some(since) = kept {
            return Ok(Timestamp(since));
        }
        let since = now.plus_ms(-SKEW_MS);
        store.keep(&name, &since.0.to_string()).await?;
        Ok(since)
    }

    /// A page of open incidents, newest first.
    async fn page(&self, offset: u32) -> Result<Page<Incident>, Trouble> {
        let call = incidents::list(&IncidentFilter {
            service_ids: self.services(),
            statuses: vec![IncidentStatus::Triggered, IncidentStatus::Acknowledged],
            date_range: DateRange::All,
            sort_by: vec![(SortField::CreatedAt, Order::Descending)],
            paging: Paging { limit: Some(LIMIT_MAX), offset: Some(offset) },
            ..IncidentFilter::default()
        });
        Ok(self.pagerduty.client.call(&call).await?.value)
    }

    async fn hand_over(&self, store: &dyn Store, listed: &[Incident], since: Timestamp) -> Result<(), Trouble> {
        for incident in listed.iter().filter(|incident| is_after(incident, since)) {
            if self.memory().sees(incident.id.as_str()) {
                continue;
            }
            let hint = Input {
                keys: map::keys(&incident.id, incident.incident_key.as_deref()),
                asks: true,
                url: incident.html_url.clone(),
                ..Input::news(self.pagerduty.settings.system.clone(), incident.id.as_str(), News::Hint)
            };
            store.accept(hint, self.pagerduty.clock.now()).await?;
            self.memory().remember(incident.id.as_str());
        }
        Ok(())
    }

    fn services(&self) -> Vec<ServiceId> {
        match &self.pagerduty.settings.opens {
            Opens::These(ids) => ids.iter().map(|id| ServiceId::new(id.as_str())).collect(),
            Opens::None | Opens::All => Vec::new(),
        }
    }

    fn whose(&self) -> String {
        match &self.pagerduty.settings.opens {
            Opens::These(ids) => format!("on {} services", ids.len()),
            Opens::None | Opens::All => "on all services of the account".to_owned(),
        }
    }

    fn trouble(&self, trouble: &Trouble) -> Check {
        let remedy = match trouble {
            Trouble::Store(_) => "look at the disk's space, permissions and the database server",
            Trouble::Far(error) => match error.class() {
                Class::Unauthorized | Class::Forbidden => "let the API token read the incidents of these services",
                Class::NotFound | Class::Permanent => "correct the ids of services in the configuration",
                _ => "nothing for now: it is tried again soon",
            },
            Trouble::NoSecret => "nothing",
        };
        self.pagerduty.warning(NAME, &format!("could not be listed: {trouble}"), remedy)
    }
}

impl Memory {
    /// Whether it was handed over before; then it counts as seen on this walk too.
    fn sees(&mut self, id: &str) -> bool {
        let walk = self.walk;
        self.seen.get_mut(id).map(|seen| *seen = walk).is_some()
    }

    fn remember(&mut self, id: &str) {
        self.seen.insert(id.to_owned(), self.walk);
    }

    /// Forgets what is not open any more; gives how many are. The next walk begins at the newest.
    fn end_walk(&mut self) -> usize {
        let walk = self.walk;
        self.seen.retain(|_, seen| *seen == walk);
        self.walk += 1;
        self.offset = 0;
        self.seen.len()
    }
}

impl Upkeep for Follower {
    fn run<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Upkept> {
        Box::pin(async move {
            let check = self.follow(store).await.unwrap_or_else(|trouble| self.trouble(&trouble));
            Upkept { check, repairs: Vec::new(), again_ms: self.pagerduty.settings.list_ms.max(1) }
        })
    }

    fn look<'a>(&'a self, _: &'a dyn Store) -> BoxFuture<'a, Check> {
        Box::pin(async move {
            match self.page(0).await {
                Ok(_) => self.pagerduty.ok(NAME, &format!("open incidents can be listed, {}", self.whose())),
                Err(trouble) => self.trouble(&trouble),
            }
        })
    }
}
