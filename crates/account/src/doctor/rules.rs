//! Event orchestrations: rules that keep events from becoming incidents.

use crate::account::{Account, RulePath, Scope};
use crate::checks::RULES;
use crate::finding::{Finding, Object, count, or_ok};
use serde_json::Value;

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    if !account.has_read("event orchestrations") {
        return Vec::new();
    }
    let used = account.rules.iter().filter(|path| path.service.as_deref().is_none_or(|service| scope.has(service)));
    let found = used.clone().flat_map(judge_path).collect();
    or_ok(RULES, found, || match used.count() {
        0 => "no event orchestration is in use".to_owned(),
        paths => format!("{} let all events through", count(paths, "rule set")),
    })
}

/// What a rule does to an event that it should not make an incident of.
fn hindrance(actions: &Value) -> Option<String> {
    let is = |name: &str| actions[name] == Value::Bool(true);
    let seconds = actions["suspend"].as_u64().filter(|&seconds| seconds > 0);
    if is("drop_event") {
        Some("drops".to_owned())
    } else if is("suppress") {
        Some("suppresses".to_owned())
    } else {
        seconds.map(|seconds| format!("holds back for {seconds} s"))
    }
}

fn judge_path(path: &RulePath) -> Vec<Finding> {
    const REMEDY: &str = "if alerts are missing: switch the rule off in PagerDuty (Automation > Event Orchestration), or narrow its conditions";
    let object = |kind| Object::new(kind, &path.id, &path.name, None);
    let kind = if path.service.is_some() { "service" } else { "event orchestration" };
    let mut found = Vec::new();
    for set in path.path["sets"].as_array().into_iter().flatten() {
        let starts = set["id"] == "start";
        for (place, rule) in set["rules"].as_array().into_iter().flatten().enumerate() {
            let Some(does) = hindrance(&rule["actions"]).filter(|_| rule["disabled"] != Value::Bool(true)) else {
                continue;
            };
            let label = rule["label"].as_str().filter(|label| !label.is_empty());
            let label = label.map_or_else(|| format!("rule {}", place + 1), |label| format!("the rule `{label}`"));
            let conditions = conditions(rule);
            // Only the first rule that fits is applied, so a rule behind others need not meet every event.
            let finding = if conditions.is_empty() && starts && place == 0 {
                Finding::failed(RULES, format!("{label} {does} every event"), REMEDY)
            } else if conditions.is_empty() {
                Finding::warning(RULES, format!("{label} {does} every event that reaches it"), REMEDY)
            } else {
                Finding::warning(RULES, format!("{label} {does} events where {conditions}"), REMEDY)
            };
            found.push(finding.about(object(kind)));
        }
    }
    if let Some(does) = hindrance(&path.path["catch_all"]["actions"]) {
        let detail = format!("its catch-all {does} every event that no rule meets");
        found.push(Finding::warning(RULES, detail, REMEDY).about(object(kind)));
    }
    found
}

/// The conditions of a rule in its own words, cut short.
fn conditions(rule: &Value) -> String {
    const CHARS_MAX: usize = 120;
    let expressions = rule["conditions"].as_array().into_iter().flatten().filter_map(|one| one["expression"].as_str());
    let text = expressions.collect::<Vec<_>>().join(" or ");
    if text.chars().count() <= CHARS_MAX { text } else { text.chars().take(CHARS_MAX).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, told};
    use super::*;
    use serde_json::json;

    fn path(service: Option<&str>, rules: Value, catch_all: Value) -> RulePath {
        RulePath {
            service: service.map(str::to_owned),
            name: "Shop".to_owned(),
            id: "P1".to_owned(),
            path: json!({"sets": [{"id": "start", "rules": rules}], "catch_all": {"actions": catch_all}}),
        }
    }

    #[test]
    fn rules_that_hold_events_back_are_named() {
        let when = json!([{"expression": "event.summary matches part 'flaky'"}]);
        let rule = |actions: Value| json!([{"label": "noise", "conditions": when, "actions": actions}]);
        for (rules, catch_all, expected) in [
            (json!([]), json!({}), "Ok event rules: 1 rule set let all events through"),
            (rule(json!({"severity": "info", "suppress": false})), json!({}), "Ok"),
            (json!([{"disabled": true, "actions": {"suppress": true}}]), json!({}), "Ok"),
            (
                rule(json!({"suppress": true})),
                json!({}),
                "Warning event rules: Shop: the rule `noise` suppresses events where event.summary matches part 'flaky'",
            ),
            (
                rule(json!({"drop_event": true})),
                json!({}),
                "Warning event rules: Shop: the rule `noise` drops events where",
            ),
            (
                rule(json!({"suspend": 300})),
                json!({}),
                "Warning event rules: Shop: the rule `noise` holds back for 300 s events",
            ),
            (
                json!([{"actions": {"suppress": true}}]),
                json!({}),
                "Failed event rules: Shop: rule 1 suppresses every event",
            ),
            (
                json!([{"actions": {}}, {"actions": {"suppress": true}}]),
                json!({}),
                "Warning event rules: Shop: rule 2 suppresses every event that reaches it",
            ),
            (json!([]), json!({"suppress": true}), "Warning event rules: Shop: its catch-all suppresses"),
        ] {
            let account = Account { rules: vec![path(None, rules.clone(), catch_all)], ..noon() };
            let told = told(&judge(&account, &Scope::default()));
            assert!(told.len() == 1 && told[0].starts_with(expected), "{rules}: {told:?}");
        }
    }

    #[test]
    fn rules_of_services_that_are_not_looked_at_are_left_out() {
        let account =
            Account { rules: vec![path(Some("P1"), json!([{"actions": {"suppress": true}}]), json!({}))], ..noon() };
        let of = |id: &str| Scope { services: vec![id.to_owned()], ..Scope::default() };
        assert!(told(&judge(&account, &of("P1")))[0].starts_with("Failed"));
        assert_eq!(told(&judge(&account, &of("P2"))), ["Ok event rules: no event orchestration is in use"]);
    }
}
