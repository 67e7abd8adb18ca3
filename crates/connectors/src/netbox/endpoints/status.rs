//! What `status/` tells: the settings, as the old module told them, and what is wrong if anything is.

use super::Endpoints;
use super::answer::ok;
use super::send::time;
use crate::netbox::wire::{Kind, Object, PLUGIN, Page};
use ::pagerduty::events::{KeyKind, key_kind};
use pagebridge_core::{Change, SystemName, Timestamp};
use pagebridge_ports::{Answer, Desk, EntryFilter, JournalRow, StoreError};
use serde_json::{Value, json};

/// The last entries of the journal, where successes and errors are looked for.
const ENTRIES_MAX: usize = 500;

/// Open Events that are looked at.
const EVENTS_MAX: usize = 1_000;

/// What was found wrong in general, with the remedy.
type Problems = Vec<String>;

impl Endpoints {
    pub(super) async fn status(&self, desk: &Desk) -> Result<Answer, StoreError> {
        let settings = &self.netbox.settings;
        let rows = self.last_entries(desk).await?;
        let (success, error) = (last_success(&rows, &self.alerts()), last_error(&rows, &self.alerts()));
        let mut problems = Problems::new();
        let unnamed = self.unnamed_events(&mut problems).await;
        let key = self.routing_key(&mut problems);
        if !self.settings.enabled {
            problems.push("nothing is sent: set `enabled = true` (PAGERDUTY_ENABLED)".to_owned());
        }
        let links = settings.base_url.as_deref().is_some_and(|url| !url.trim().is_empty());
        if !links {
            problems.push("alerts carry no link to NetBox: set `base_url` (BASE_URL) to NetBox's address".to_owned());
        }
        if let Some((at, text)) = error.as_ref().filter(|(at, _)| success.is_none_or(|success| success < *at)) {
            problems.push(format!("the last delivery failed at {}: {text}", shown(*at)));
        }
        Ok(ok(&json!({
            "enabled": self.settings.enabled,
            "configured": self.settings.custom.is_some(),
            "send_on_event_create": settings.send_on_event_create,
            "send_on_incident_create": settings.send_on_incident_create,
            "send_on_incident_update": settings.send_on_incident_update,
            "auto_resolve": settings.auto_resolve,
            "source": settings.source,
            "component": settings.component,
            "group": settings.group,
            "diagnosis": {
                "problems": problems,
                "routing_key": key,
                "last_success": success.map(shown),
                "last_error": error.map(|(at, text)| json!({ "at": shown(at), "error": text })),
                "links": links,
                "events_without_dedup_id": unnamed,
                "way_back": self.settings.way_back,
            },
        })))
    }

    /// The last delivery of this NetBox's alerts that failed, not long ago.
    pub(super) async fn last_error(&self, desk: &Desk) -> Result<Option<(Timestamp, String)>, StoreError> {
        Ok(last_error(&self.last_entries(desk).await?, &self.alerts()))
    }

    async fn last_entries(&self, desk: &Desk) -> Result<Vec<JournalRow>, StoreError> {
        desk.store.entries(EntryFilter { limit: ENTRIES_MAX, ..EntryFilter::default() }).await
    }

    /// The shape of the routing key, never the key.
    fn routing_key(&self, problems: &mut Problems) -> String {
        let Some(custom) = &self.settings.custom else {
            problems.push(
                "there is no routing key: set it in a system of kind pagerduty-events (PAGERDUTY_ROUTING_KEY)"
                    .to_owned(),
            );
            return "missing".to_owned();
        };
        match key_kind(&custom.routing_key) {
            Ok(KeyKind::Integration) => "32 characters, of an integration".to_owned(),
            Ok(KeyKind::Ruleset) => "32 characters, of a ruleset".to_owned(),
            Err(wrong) => {
                problems.push(wrong.to_string());
                wrong.to_string()
            }
        }
    }

    /// How many of the open Events have no `dedup_id`; they are told apart by their ids.
    async fn unnamed_events(&self, problems: &mut Problems) -> Option<usize> {
        let limit = EVENTS_MAX.to_string();
        let query = [("status", "triggered"), ("ordering", "-id"), ("limit", limit.as_str())];
        let page = self.netbox.client.get::<Page>(&[PLUGIN[0], PLUGIN[1], Kind::Event.list()], &query).await;
        match page {
            Ok(page) => {
                let unnamed = count_unnamed(&page.results);
                if unnamed > 0 {
                    problems.push(format!(
                        "{unnamed} open Events have no dedup_id: each pages by itself; have their source fill it"
                    ));
                }
                Some(unnamed)
            }
            Err(failure) => {
                problems.push(format!("NetBox cannot be read: {failure}"));
                None
            }
        }
    }
}

fn count_unnamed(events: &[Value]) -> usize {
    let unnamed = |event: &&Value| matches!(Object::read(Kind::Event, event), Some(Object::Event(event)) if event.dedup_id.is_none());
    events.iter().filter(unnamed).count()
}

fn last_success(rows: &[JournalRow], alerts: &[&SystemName]) -> Option<Timestamp> {
    let is_success = |change: &Change| matches!(change, Change::Delivered { system, .. } if alerts.contains(&system));
    rows.iter().rev().find(|row| row.entry.changes.iter().any(is_success)).map(|row| row.entry.at)
}

fn last_error(rows: &[JournalRow], alerts: &[&SystemName]) -> Option<(Timestamp, String)> {
    let told = |change: &Change| match change {
        Change::Deferred { system, reason, .. } if alerts.contains(&system) => Some(reason.clone()),
        Change::DeadLettered { system, park, .. } if alerts.contains(&system) => Some(park.reason.clone()),
        _ => None,
    };
    rows.iter().rev().find_map(|row| Some((row.entry.at, row.entry.changes.iter().find_map(told)?)))
}

fn shown(at: Timestamp) -> String {
    time(at.0).unwrap_or_else(|| at.0.to_string())
}
