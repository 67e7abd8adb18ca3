//! Whether those on call can be reached, and whether their schedules keep their hours.

use crate::account::{Account, Scope};
use crate::checks::{CONTACT, ZONE};
use crate::finding::{Finding, Object, count, or_ok, some_of};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use pagerduty::rest::contact_methods::ContactMethod;
use pagerduty::rest::incidents::Urgency;
use pagerduty::rest::schedules::Schedule;
use pagerduty::rest::users::User;
use std::collections::BTreeSet;

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    if account.has_read("users") && account.has_read("on-calls") {
        let on_call = on_call(account, scope);
        let unreachable: Vec<Finding> =
            on_call.iter().filter_map(|id| account.user(id)).filter_map(|user| judge_user(user, CONTACT)).collect();
        found
            .extend(or_ok(CONTACT, unreachable, || format!("{} on call can be reached", count(on_call.len(), "user"))));
    }
    if account.has_read("users") && account.has_read("schedules") {
        let used: Vec<&Schedule> = schedules(account, scope);
        let odd = used.iter().filter_map(|schedule| judge_zone(account, schedule, ZONE)).collect();
        found.extend(or_ok(ZONE, odd, || match used.len() {
            0 => "no schedule is in use".to_owned(),
            number => format!("{} in the zones of those on them", count(number, "schedule")),
        }));
    }
    found
}

/// Ids of those on call now, at any level, for what is looked at.
fn on_call<'a>(account: &'a Account, scope: &'a Scope) -> BTreeSet<&'a str> {
    let policies = account.policies_of(scope);
    let on_calls = policies.flat_map(|policy| account.on_call_in(policy.id.as_str()));
    on_calls.filter_map(|on_call| on_call.user.as_ref()).map(|user| user.id.as_str()).collect()
}

/// The schedules of the policies that are looked at.
fn schedules<'a>(account: &'a Account, scope: &'a Scope) -> Vec<&'a Schedule> {
    let targets: BTreeSet<&str> = account
        .policies_of(scope)
        .flat_map(|policy| policy.escalation_rules.iter().flat_map(|rule| &rule.targets))
        .map(|target| target.id.as_str())
        .collect();
    account.schedules.iter().filter(|schedule| targets.contains(schedule.id.as_str())).collect()
}

pub(crate) fn user_object(user: &User) -> Object {
    Object::new("user", user.id.as_str(), &user.name, user.html_url.as_ref())
}

/// Whether a contact method reaches anybody: numbers have to be verified, and may be blocked.
pub(crate) fn works(method: &ContactMethod) -> bool {
    method.enabled != Some(false) && !method.blacklisted
}

/// Says of a user that no page of high urgency arrives.
pub(crate) fn judge_user(user: &User, check: &'static str) -> Option<Finding> {
    let working: BTreeSet<&str> =
        user.contact_methods.iter().filter(|method| works(method)).map(|method| method.id.as_str()).collect();
    // A rule that came as a reference says nothing of itself: its user is not judged by it.
    let told = |urgency: &Option<Urgency>| urgency.as_ref().is_none_or(|urgency| *urgency == Urgency::High);
    let rules: Vec<_> = user.notification_rules.iter().filter(|rule| told(&rule.urgency)).collect();
    let reaches = |id: Option<&str>| id.is_none_or(|id| working.contains(id));
    let (detail, remedy) = if working.is_empty() {
        let all = user.contact_methods.iter().map(|method| method.label.as_str());
        let detail = match user.contact_methods.len() {
            0 => "has no contact method, so no page arrives".to_owned(),
            _ => format!("has no contact method that works ({} not verified or blocked)", some_of(all)),
        };
        (detail, "let the user verify a phone number or the app under My Profile > Contact Information")
    } else if rules.is_empty() {
        let remedy = "let the user add one under My Profile > Notification Rules";
        ("has no notification rule for high urgency, so no page arrives".to_owned(), remedy)
    } else if !rules.iter().any(|rule| reaches(rule.contact_method.as_ref().map(|method| method.id.as_str()))) {
        let detail = "has notification rules for high urgency only by contact methods that do not work";
        (detail.to_owned(), "let the user verify the number, or add a rule with another contact method")
    } else {
        return None;
    };
    Some(Finding::failed(check, detail, remedy).about(user_object(user)))
}

pub(crate) fn schedule_object(schedule: &Schedule) -> Object {
    let name = if schedule.name.is_empty() { schedule.summary.as_deref().unwrap_or_default() } else { &schedule.name };
    Object::new("schedule", schedule.id.as_str(), name, schedule.html_url.as_ref())
}

/// Says of a schedule that people on it live by other hours.
pub(crate) fn judge_zone(account: &Account, schedule: &Schedule, check: &'static str) -> Option<Finding> {
    let zone = schedule.time_zone.as_deref()?;
    let users = schedule.users.iter().filter_map(|one| account.user(one.id.as_str()));
    let others: Vec<&User> = users
        .filter(|user| user.time_zone.as_deref().is_some_and(|theirs| keeps_other_hours(zone, theirs, account.now)))
        .collect();
    if others.is_empty() {
        return None;
    }
    let named: Vec<String> = others
        .iter()
        .map(|user| format!("{} ({})", user.name, user.time_zone.as_deref().unwrap_or_default()))
        .collect();
    let people = count(schedule.users.len(), "user");
    let detail = format!(
        "is in {zone}, and {} of its {people} in another zone: {}",
        others.len(),
        some_of(named.iter().map(String::as_str))
    );
    let remedy = "set the schedule's zone, or the users' (My Profile), so that shifts change when people think they do";
    Some(Finding::warning(check, detail, remedy).about(schedule_object(schedule)))
}

/// Whether the clocks of two zones differ now or half a year on. A zone that is not known differs from nothing.
fn keeps_other_hours(one: &str, other: &str, now: Timestamp) -> bool {
    let (Ok(one), Ok(other)) = (TimeZone::get(one), TimeZone::get(other)) else { return false };
    let later = now.checked_add((182 * 24).hours()).unwrap_or(now);
    [now, later].into_iter().any(|at| one.to_offset(at) != other.to_offset(at))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, read, told};
    use super::*;
    use serde_json::{Value, json};

    fn user(contact_methods: Value, rules: Value) -> Value {
        json!({"id": "PU1", "name": "Ann", "time_zone": "Europe/Berlin", "contact_methods": contact_methods, "notification_rules": rules})
    }

    fn account(users: Value) -> Account {
        Account {
            services: read(json!([{"id": "P1", "name": "Shop", "escalation_policy": {"id": "PP1"}}])),
            policies: read(json!([{"id": "PP1", "escalation_rules": [{"targets": [{"id": "PS1"}]}]}])),
            on_calls: read(json!([{"user": {"id": "PU1"}, "escalation_policy": {"id": "PP1"}}])),
            schedules: read(
                json!([{"id": "PS1", "name": "Nights", "time_zone": "Europe/Paris", "users": [{"id": "PU1"}]}]),
            ),
            users: read(users),
            ..noon()
        }
    }

    #[test]
    fn a_user_on_call_is_reached_by_a_rule_with_a_method_that_works() {
        let mail = json!({"id": "C1", "type": "email_contact_method", "label": "Work"});
        let phone =
            |enabled| json!({"id": "C2", "type": "phone_contact_method", "label": "Mobile", "enabled": enabled});
        let blocked =
            json!({"id": "C2", "type": "sms_contact_method", "label": "Mobile", "enabled": true, "blacklisted": true});
        let rule =
            |urgency: &str, method: &str| json!({"id": "R1", "urgency": urgency, "contact_method": {"id": method}});
        for (methods, rules, expected) in [
            (json!([mail]), json!([rule("high", "C1")]), "Ok contact methods: 1 user on call can be reached"),
            (json!([phone(true)]), json!([rule("high", "C2")]), "Ok"),
            (json!([]), json!([]), "Failed contact methods: Ann: has no contact method, so"),
            (
                json!([phone(false)]),
                json!([rule("high", "C2")]),
                "Failed contact methods: Ann: has no contact method that works (Mobile",
            ),
            (
                json!([blocked]),
                json!([rule("high", "C2")]),
                "Failed contact methods: Ann: has no contact method that works",
            ),
            (
                json!([mail]),
                json!([rule("low", "C1")]),
                "Failed contact methods: Ann: has no notification rule for high",
            ),
            (
                json!([mail, phone(false)]),
                json!([rule("high", "C2")]),
                "Failed contact methods: Ann: has notification rules for high urgency only by",
            ),
            // References only: nothing is known of them.
            (json!([mail]), json!([{"id": "R1", "type": "assignment_notification_rule_reference"}]), "Ok"),
        ] {
            let told = told(&judge(&account(json!([user(methods.clone(), rules)])), &Scope::default()));
            assert!(told[0].starts_with(expected), "{methods}: {told:?}");
        }
    }

    #[test]
    fn zones_differ_when_their_clocks_do() {
        for (zone, expected) in [
            ("Europe/Berlin", "Ok time zones: 1 schedule in the zones"),
            ("Not/AZone", "Ok"),
            (
                "America/New_York",
                "Warning time zones: Nights: is in Europe/Paris, and 1 of its 1 user in another zone: Ann (America/New_York)",
            ),
            // The same in winter, and another in summer.
            ("Africa/Algiers", "Warning"),
        ] {
            let mut ann = user(json!([]), json!([]));
            ann["time_zone"] = zone.into();
            let found = judge(&account(json!([ann])), &Scope::default());
            let told = told(&found);
            assert!(told[1].starts_with(expected), "{zone}: {told:?}");
        }
    }
}
