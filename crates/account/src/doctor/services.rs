//! Services and who is paged for them.

use crate::account::{Account, Scope};
use crate::checks::{MAINTENANCE, POLICY, SERVICE};
use crate::finding::{Finding, Object, count, or_ok};
use pagerduty::rest::escalation_policies::EscalationPolicy;
use pagerduty::rest::services::{Service, ServiceStatus};

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    if account.has_read("services") {
        found.extend(or_ok(SERVICE, services(account, scope), || {
            let number = account.services_of(scope).count();
            format!("{} {}", count(number, "service"), if number == 1 { "is enabled" } else { "are enabled" })
        }));
        found.extend(or_ok(MAINTENANCE, maintenance(account, scope), || "no maintenance window is on".to_owned()));
    }
    if account.has_read("escalation policies") && account.has_read("on-calls") {
        found.extend(or_ok(POLICY, policies(account, scope), || {
            let number = account.policies_of(scope).count();
            format!("somebody is on call in {}", count(number, "escalation policy"))
        }));
    }
    found
}

pub(super) fn object(service: &Service) -> Object {
    Object::new("service", service.id.as_str(), &service.name, service.html_url.as_ref())
}

fn services(account: &Account, scope: &Scope) -> Vec<Finding> {
    let missing = scope.services.iter().filter(|id| account.services.iter().all(|s| s.id.as_str() != id.as_str()));
    let missing = missing.map(|id| {
        let remedy = format!("set `{id}` to the id of a service of this account, where services are configured");
        Finding::failed(SERVICE, format!("the account has no service with the id `{id}`"), remedy)
    });
    let mut found: Vec<Finding> = missing.collect();
    if account.services.is_empty() && scope.services.is_empty() {
        found.push(Finding::warning(
            SERVICE,
            "the token sees no service",
            "make a service, or use a token that sees it",
        ));
    }
    for service in account.services_of(scope).filter(|service| service.status == Some(ServiceStatus::Disabled)) {
        let detail = "it is disabled, so events for it are accepted and dropped, and no incident can be made";
        let remedy = "enable the service in PagerDuty, or send to another";
        // Whoever looks at the whole account has not said that this one is needed.
        let finding = if scope.services.is_empty() {
            Finding::warning(SERVICE, detail, remedy)
        } else {
            Finding::failed(SERVICE, detail, remedy)
        };
        found.push(finding.about(object(service)));
    }
    found
}

fn maintenance(account: &Account, scope: &Scope) -> Vec<Finding> {
    let in_maintenance = |service: &&Service| {
        service.status == Some(ServiceStatus::Maintenance) || !windows(account, service).is_empty()
    };
    let found = account.services_of(scope).filter(in_maintenance).map(|service| {
        let until = windows(account, service).into_iter().flatten().max();
        let until = until.map(|end| format!(" until {end}")).unwrap_or_default();
        let detail = format!("it is in maintenance{until}, so events for it are accepted and dropped");
        let remedy = "end the maintenance window in PagerDuty if it is not wanted";
        Finding::warning(MAINTENANCE, detail, remedy).about(object(service))
    });
    found.collect()
}

/// When the windows end that are on for a service.
fn windows<'a>(account: &'a Account, service: &Service) -> Vec<Option<&'a str>> {
    let mut windows = Vec::new();
    for window in &account.windows {
        if window.services.iter().any(|one| one.id == service.id) {
            windows.push(window.end_time.as_deref());
        }
    }
    windows
}

fn policies(account: &Account, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    for service in account.services_of(scope).filter(|service| service.escalation_policy.is_none()) {
        let detail = "it names no escalation policy, so nobody is paged";
        found.push(Finding::failed(POLICY, detail, "give the service an escalation policy").about(object(service)));
    }
    let missing = scope.policy.as_deref().filter(|id| account.policies.iter().all(|p| p.id.as_str() != *id));
    found.extend(missing.map(|id| {
        let detail = format!("the account has no escalation policy with the id `{id}`");
        Finding::failed(POLICY, detail, "set escalation_policy to the id of a policy of this account, or leave it out")
    }));
    found.extend(account.policies_of(scope).filter_map(|policy| judge_policy(account, policy)));
    found
}

pub(crate) fn policy_object(policy: &EscalationPolicy) -> Object {
    Object::new("escalation policy", policy.id.as_str(), &policy.name, policy.html_url.as_ref())
}

/// Says of a policy that it pages nobody now.
fn judge_policy(account: &Account, policy: &EscalationPolicy) -> Option<Finding> {
    let finding = if policy.escalation_rules.iter().all(|rule| rule.targets.is_empty()) {
        let remedy = "add a user or a schedule to the escalation policy in PagerDuty";
        Finding::failed(POLICY, "it names nobody, so its services page nobody", remedy)
    } else if account.on_call_in(policy.id.as_str()).next().is_none() {
        let detail = "nobody is on call in it now, so events for its services are accepted and dropped without a word";
        let remedy = "put somebody on call: add a user to the escalation policy, or close the gap in its schedule";
        Finding::failed(POLICY, detail, remedy)
    } else {
        return None;
    };
    Some(finding.about(policy_object(policy)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, read, told};
    use super::*;
    use serde_json::{Value, json};

    fn service(id: &str, status: &str) -> Value {
        json!({"id": id, "name": format!("Service {id}"), "status": status, "escalation_policy": {"id": "PP1"}})
    }

    fn account(services: Value) -> Account {
        let targets = json!([{"targets": [{"id": "PSCHED", "type": "schedule_reference"}]}]);
        Account {
            services: read(services),
            policies: read(json!([{"id": "PP1", "name": "Default", "escalation_rules": targets},
                {"id": "PP2", "name": "Unused", "escalation_rules": targets}])),
            on_calls: read(json!([{"user": {"id": "PU1"}, "escalation_policy": {"id": "PP1"}}])),
            ..noon()
        }
    }

    fn of(ids: &[&str]) -> Scope {
        Scope { services: ids.iter().map(|&id| id.to_owned()).collect(), ..Scope::default() }
    }

    #[test]
    fn services_that_work_are_told_in_one_line_each_check() {
        let found = judge(&account(json!([service("P1", "active"), service("P2", "critical")])), &Scope::default());
        let expected = [
            "Ok service: 2 services are enabled",
            "Ok maintenance: no maintenance window is on",
            "Ok escalation policy: somebody is on call in 1 escalation policy",
        ];
        assert_eq!(told(&found), expected);
    }

    #[test]
    fn a_disabled_service_fails_what_needs_it() {
        let account = account(json!([service("P1", "active"), service("P2", "disabled")]));
        for (scope, expected) in [
            (of(&[]), Some("Warning service: Service P2: it is disabled")),
            (of(&["P2"]), Some("Failed service: Service P2: it is disabled")),
            (of(&["P9"]), Some("Failed service: the account has no service with the id `P9`")),
            (of(&["P1"]), None),
        ] {
            let told = told(&judge(&account, &scope));
            assert_eq!(expected.is_none(), told[0].starts_with("Ok"), "{told:?}");
            assert!(expected.is_none_or(|expected| told[0].starts_with(expected)), "{told:?}");
        }
    }

    #[test]
    fn maintenance_is_known_by_the_window_and_by_the_status() {
        let window = json!([{"id": "PW1", "end_time": "2026-11-20T14:00:00Z", "services": [{"id": "P1"}]}]);
        let by_window = Account { windows: read(window), ..account(json!([service("P1", "active")])) };
        let says = "Warning maintenance: Service P1: it is in maintenance until 2026-11-20T14:00:00Z";
        assert!(told(&judge(&by_window, &Scope::default()))[1].starts_with(says));
        let by_status = account(json!([service("P1", "maintenance")]));
        assert!(told(&judge(&by_status, &Scope::default()))[1].contains("it is in maintenance, so"));
        assert!(told(&judge(&by_window, &of(&["P9"])))[1].starts_with("Ok"), "not one of ours");
    }

    #[test]
    fn a_policy_without_anybody_is_found_where_it_is_used() {
        let healthy = account(json!([service("P1", "active")]));
        let nobody = Account { on_calls: Vec::new(), ..healthy.clone() };
        let empty = Account { policies: read(json!([{"id": "PP1", "name": "Default"}])), ..healthy.clone() };
        let unread = Account {
            on_calls: Vec::new(),
            unread: vec![crate::Unread { what: "on-calls", reason: "403".to_owned() }],
            ..healthy.clone()
        };
        let none = account(json!([{"id": "P1", "name": "Bare"}]));
        for (account, scope, expected) in [
            (&nobody, of(&[]), Some("Failed escalation policy: Default: nobody is on call")),
            (&empty, of(&[]), Some("Failed escalation policy: Default: it names nobody")),
            (&none, of(&[]), Some("Failed escalation policy: Bare: it names no escalation policy")),
            (
                &healthy,
                Scope { policy: Some("PP2".to_owned()), ..of(&[]) },
                Some("Failed escalation policy: Unused: nobody"),
            ),
            (
                &healthy,
                Scope { policy: Some("PP9".to_owned()), ..of(&[]) },
                Some("Failed escalation policy: the account has no"),
            ),
            (&unread, of(&[]), None),
        ] {
            let told = told(&judge(account, &scope));
            assert_eq!(told.get(2).is_some(), expected.is_some(), "{told:?}");
            assert!(expected.is_none_or(|expected| told[2].starts_with(expected)), "{told:?}");
        }
    }
}
