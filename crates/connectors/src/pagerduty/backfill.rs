//! After a time without webhooks: which records are to be read.

use super::PagerDuty;
use super::upkeep::Trouble;
use ::pagerduty::rest::incidents::{self, DateRange, Incident, IncidentFilter, IncidentStatus, Order, SortField};
use ::pagerduty::{LIMIT_MAX, Paging, time};
use pagebridge_core::{IncidentId, Input, News, Timestamp};
use pagebridge_ports::{IncidentFilter as StoredFilter, Store};
use std::collections::BTreeSet;

/// Pages of incidents that are looked through for each question. What is beyond is found by the usual readings.
const PAGES_MAX: u32 = 10;
/// Open incidents of ours that are looked through at a time.
const STORED_MAX: usize = 500;
/// By how much PagerDuty's clock and ours may differ, in milliseconds.
pub(super) const SKEW_MS: i64 = 2 * 60_000;

impl PagerDuty {
    /// Has every record read that may have changed since a time: incidents of the service that are open there, or were
    /// made since then, and those that are open here. Durable when it returns.
    ///
    /// The news is only "look at this"; what the look finds is an input as always. Records that are none of ours are
    /// ignored as their webhooks would be.
    pub(super) async fn backfill(&self, store: &dyn Store, since: Timestamp, now: Timestamp) -> Result<(), Trouble> {
        use IncidentStatus::{Acknowledged, Resolved, Triggered};
        let mut ids = self.stored(store).await?;
        let open = self.listed(vec![Triggered, Acknowledged], DateRange::All, Timestamp(0));
        let since_then = since.plus_ms(-SKEW_MS);
        let made = self.listed(vec![Triggered, Acknowledged, Resolved], DateRange::Recent, since_then);
        ids.extend(open.await?);
        ids.extend(made.await?);
        tracing::info!(
            system = %self.settings.system,
            records = ids.len(),
            away_ms = now.ms_since(since),
            "webhooks may have been missed; these records are read"
        );
        for id in ids {
            let hint = Input::news(self.settings.system.clone(), &id, News::Hint);
            store.accept(hint, now).await?;
        }
        Ok(())
    }

    /// Ids of the records of incidents that are open here.
    async fn stored(&self, store: &dyn Store) -> Result<BTreeSet<String>, Trouble> {
        let mut ids = BTreeSet::new();
        let mut before: Option<IncidentId> = None;
        loop {
            let filter = StoredFilter { open: Some(true), before, limit: STORED_MAX, ..StoredFilter::default() };
            let incidents = store.incidents(filter).await?;
            let links = incidents.iter().filter_map(|incident| incident.link(self.settings.system.as_str()));
            ids.extend(links.filter_map(|link| link.record_id()).map(|id| id.0.clone()));
            match incidents.last() {
                Some(last) if incidents.len() == STORED_MAX => before = Some(last.id),
                _ => return Ok(ids),
            }
        }
    }

    /// Ids of the services' incidents, newest first, as far back as `since`.
    async fn listed(
        &self,
        statuses: Vec<IncidentStatus>,
        date_range: DateRange,
        since: Timestamp,
    ) -> Result<Vec<String>, Trouble> {
        let (mut ids, mut offset) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let call = incidents::list(&IncidentFilter {
                service_ids: self.services(),
                statuses: statuses.clone(),
                date_range: date_range.clone(),
                sort_by: vec![(SortField::CreatedAt, Order::Descending)],
                paging: Paging { limit: Some(LIMIT_MAX), offset: Some(offset) },
                ..IncidentFilter::default()
            });
            let page = self.client.call(&call).await?.value;
            let next = page.next_offset(offset);
            let is_last = !page.items.iter().all(|incident| is_after(incident, since));
            ids.extend(page.items.into_iter().filter(|i| is_after(i, since)).map(|i| i.id.to_string()));
            match next {
                Some(next) if !is_last => offset = next,
                _ => return Ok(ids),
            }
        }
        tracing::warn!(system = %self.settings.system, "too many incidents to look at all; the usual readings find the rest");
        Ok(ids)
    }
}

pub(super) fn is_after(incident: &Incident, since: Timestamp) -> bool {
    let made = incident.created_at.as_deref().and_then(time::unix_ms);
    made.is_none_or(|made| made >= since.0)
}
