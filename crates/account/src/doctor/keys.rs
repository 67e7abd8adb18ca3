//! Routing keys: whether they can be right, without sending anything.

use crate::account::{Account, Scope};
use crate::checks::KEY;
use crate::finding::{Finding, count};
use pagerduty::Secret;
use pagerduty::events::{KeyKind, key_kind};
use pagerduty::rest::services::Service;

const REMEDY: &str = "copy the integration key of the service's Events API v2 integration";

/// Judges keys by their shape alone.
pub(super) fn judge_shape(scope: &Scope) -> Vec<Finding> {
    scope.keys.iter().filter_map(|(name, key)| misshapen(name, key)).collect()
}

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    scope.keys.iter().map(|(name, key)| judge_key(account, name, key)).collect()
}

fn misshapen(name: &str, key: &Secret) -> Option<Finding> {
    let error = key_kind(key).err()?;
    Some(Finding::failed(KEY, format!("{name} cannot be a routing key: {error}"), REMEDY))
}

fn judge_key(account: &Account, name: &str, key: &Secret) -> Finding {
    if let Some(finding) = misshapen(name, key) {
        return finding;
    }
    if let Some((service, integration)) = owner(account, key) {
        return Finding::ok(KEY, format!("{name} leads to the service `{}` by `{integration}`", service.name));
    }
    if account.orchestration_keys.iter().any(|known| known.expose() == key.expose()) {
        return Finding::ok(KEY, format!("{name} leads to an event orchestration"));
    }
    let of_rules = key_kind(key) == Ok(KeyKind::Ruleset);
    if !account.has_read("services")
        || of_rules && (account.orchestration_keys.is_empty() || !account.has_read("event orchestrations"))
    {
        return Finding::ok(
            KEY,
            format!("{name} has the shape of one; whether PagerDuty knows it shows with the first event"),
        );
    }
    let looked = count(account.services.len(), "service");
    Finding::failed(KEY, format!("{name} is the key of no integration of the {looked} that the token sees"), REMEDY)
}

fn owner<'a>(account: &'a Account, key: &Secret) -> Option<(&'a Service, &'a str)> {
    account.services.iter().find_map(|service| {
        let mut integrations = service.integrations.iter();
        let found =
            integrations.find(|one| one.integration_key.as_ref().is_some_and(|k| k.expose() == key.expose()))?;
        let name =
            if found.name.is_empty() { found.summary.as_deref().unwrap_or("an integration") } else { &found.name };
        Some((service, name))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, read, told};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_looked_for_among_the_integrations() {
        let known = "0123456789abcdef0123456789abcdef";
        let integration = json!({"id": "PI1", "name": "Events", "integration_key": known});
        let account = Account {
            services: read(json!([{"id": "PS1", "name": "Shop", "integrations": [integration]}])),
            orchestration_keys: vec!["R123456789abcdef0123456789abcdef".into()],
            ..noon()
        };
        for (key, expected) in [
            (known, "Ok routing key: MINE leads to the service `Shop` by `Events`"),
            ("R123456789abcdef0123456789abcdef", "Ok routing key: MINE leads to an event orchestration"),
            (
                "fedcba9876543210fedcba9876543210",
                "Failed routing key: MINE is the key of no integration of the 1 service that the token sees",
            ),
            (
                "R999456789abcdef0123456789abcdef",
                "Failed routing key: MINE is the key of no integration of the 1 service that the token sees",
            ),
            ("u+abcdefghijklmnopqr", "Failed routing key: MINE cannot be a routing key"),
        ] {
            let scope = Scope { keys: vec![("MINE".to_owned(), key.into())], ..Scope::default() };
            let told = told(&judge(&account, &scope));
            assert!(told.len() == 1 && told[0].starts_with(expected), "{key}: {told:?}");
            assert!(!told[0].contains(key), "a key is a secret");
        }
        let scope = Scope { keys: vec![("MINE".to_owned(), "short".into())], ..Scope::default() };
        assert_eq!(judge_shape(&scope).len(), 1);
    }
}
