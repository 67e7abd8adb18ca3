//! What the last day's incidents tell: dedup keys that are missing, and noise.

use crate::account::{Account, Scope};
use crate::checks::{DUPLICATES, NOISE};
use crate::doctor::services::object;
use crate::finding::{Finding, or_ok};
use pagerduty::rest::incidents::{Incident, IncidentStatus};
use std::collections::BTreeMap;

/// So many open incidents of one title on one service are no accident.
const SAME_MIN: usize = 3;
/// So many incidents in a day are noise.
const NOISY_MIN: usize = 25;

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    if !account.has_read("incidents") || !account.has_read("services") {
        return Vec::new();
    }
    let mut found = or_ok(DUPLICATES, duplicates(account, scope), || "no incident is open several times".to_owned());
    found.extend(or_ok(NOISE, noise(account, scope), || "no service is noisy".to_owned()));
    found
}

fn of_service<'a>(account: &'a Account, id: &'a str) -> impl Iterator<Item = &'a Incident> {
    account.incidents.iter().filter(move |one| one.service.as_ref().is_some_and(|service| service.id.as_str() == id))
}

fn duplicates(account: &Account, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    for service in account.services_of(scope) {
        let mut by_title: BTreeMap<&str, usize> = BTreeMap::new();
        let open = of_service(account, service.id.as_str()).filter(|one| one.status != Some(IncidentStatus::Resolved));
        for incident in open {
            *by_title.entry(incident.title.as_str()).or_default() += 1;
        }
        for (title, count) in by_title.into_iter().filter(|(_, count)| *count >= SAME_MIN) {
            let detail =
                format!("{count} incidents `{}` are open, so their events have no dedup key in common", brief(title));
            let remedy = "send the same dedup_key with every event of one problem, made of the host and the check and of nothing that changes";
            found.push(Finding::warning(DUPLICATES, detail, remedy).about(object(service)));
        }
    }
    found
}

/// Hints, which are no warnings: grouping is a matter of taste.
fn noise(account: &Account, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    for service in account.services_of(scope) {
        let count = of_service(account, service.id.as_str()).count();
        let grouped = service
            .alert_grouping_parameters
            .as_ref()
            .is_some_and(|one| one.get("type").is_some_and(|kind| !kind.is_null()));
        if count >= NOISY_MIN && !grouped {
            let detail = format!("{count} incidents in the last day, and its alerts are not grouped");
            let mut hint = Finding::ok(NOISE, detail).about(object(service));
            hint.remedy = "a hint: switch alert grouping on for the service, or add event rules".to_owned();
            found.push(hint);
        }
    }
    found
}

fn brief(title: &str) -> String {
    const CHARS_MAX: usize = 60;
    if title.chars().count() <= CHARS_MAX {
        title.to_owned()
    } else {
        title.chars().take(CHARS_MAX).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, read, told};
    use super::*;
    use serde_json::{Value, json};

    fn account(incidents: Vec<Value>, grouping: Value) -> Account {
        Account {
            services: read(json!([{"id": "P1", "name": "Shop", "alert_grouping_parameters": grouping}])),
            incidents: read(incidents.into()),
            ..noon()
        }
    }

    fn incident(n: usize, title: &str, status: &str) -> Value {
        json!({"id": format!("Q{n}"), "title": title, "status": status, "service": {"id": "P1"}})
    }

    #[test]
    fn the_same_incident_over_and_over_has_no_dedup_key() {
        let same = |count, status: &str| (0..count).map(|n| incident(n, "disk full", status)).collect::<Vec<_>>();
        let cases = [
            (2, "triggered", 1, "Ok"),
            (3, "triggered", 1, "Warning dedup keys: Shop: 3 incidents `disk full` are open"),
            (3, "resolved", 1, "Ok"),
        ];
        for (count, status, rows, expected) in cases {
            let told = told(&judge(&account(same(count, status), Value::Null), &Scope::default()));
            assert!(told[0].starts_with(expected) && told.len() == rows + 1, "{told:?}");
        }
    }

    #[test]
    fn noise_is_a_hint_and_no_warning() {
        let many: Vec<_> = (0..NOISY_MIN).map(|n| incident(n, &format!("no {n}"), "resolved")).collect();
        let found = judge(&account(many.clone(), Value::Null), &Scope::default());
        assert!(told(&found)[1].starts_with("Ok noise: Shop: 25 incidents") && !found[1].remedy.is_empty());
        let grouped = judge(&account(many, json!({"type": "time", "config": {}})), &Scope::default());
        assert_eq!(told(&grouped)[1], "Ok noise: no service is noisy");
    }
}
