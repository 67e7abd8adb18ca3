//! Webhook subscriptions, and whether their addresses can be reached.

use crate::account::{Account, Scope, Webhooks};
use crate::checks::{ADDRESS, SUBSCRIPTION};
use crate::finding::{Finding, Object, count, or_ok, some_of};
use pagerduty::rest::webhook_subscriptions::Subscription;
use std::net::IpAddr;

const ENABLE: &str = "enable it in PagerDuty; it rests for a day when three deliveries in a row are refused, and what happens meanwhile is lost";

pub(super) fn judge(account: &Account, scope: &Scope) -> Vec<Finding> {
    if scope.webhooks == Webhooks::Ignored || !account.has_read("webhook subscriptions") {
        return Vec::new();
    }
    let covering = covering(account, scope);
    let mut found: Vec<Finding> = covering.iter().filter_map(|one| judge_state(one)).collect();
    if let Webhooks::Expected(events) = &scope.webhooks {
        found.extend(judge_expected(scope, &covering, events));
    }
    or_ok(SUBSCRIPTION, found, || match (&scope.webhooks, covering.len()) {
        (Webhooks::Any, 0) => {
            "there is none, and none is expected (PD_WEBHOOK_SECRET or a configuration says that one is)".to_owned()
        }
        (Webhooks::Expected(_), _) => "all event types that matter are sent".to_owned(),
        (_, number) => format!("{} switched on", count(number, "subscription")),
    })
}

/// The subscriptions that tell of what is looked at.
fn covering<'a>(account: &'a Account, scope: &Scope) -> Vec<&'a Subscription> {
    let covers = |one: &&Subscription| match one.filter.as_ref() {
        None => true,
        Some(filter) if filter.kind == "service_reference" => filter.id.as_deref().is_some_and(|id| scope.has(id)),
        Some(_) => true,
    };
    account.subscriptions.iter().filter(covers).collect()
}

fn object(one: &Subscription) -> Object {
    let url = one.delivery_method.as_ref().map(|method| method.url.as_str()).unwrap_or_default();
    let name = one.description.as_deref().filter(|text| !text.is_empty()).unwrap_or(host_of(url));
    Object::new("webhook subscription", one.id.as_str(), name, None)
}

/// The part of an address that is no secret.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn rests(one: &Subscription) -> bool {
    one.delivery_method.as_ref().is_some_and(|method| method.temporarily_disabled)
}

fn judge_state(one: &Subscription) -> Option<Finding> {
    let detail = if rests(one) {
        "PagerDuty switched it off for a day, since three deliveries in a row were refused"
    } else if !one.active {
        "it is switched off, so nothing is sent"
    } else {
        return None;
    };
    Some(Finding::warning(SUBSCRIPTION, detail, ENABLE).about(object(one)))
}

fn judge_expected(scope: &Scope, covering: &[&Subscription], events: &[String]) -> Vec<Finding> {
    let add =
        "add a webhook subscription (v3) for the services, or one for the account, that posts to whoever waits for it";
    let working: Vec<&&Subscription> = covering.iter().filter(|one| one.active && !rests(one)).collect();
    if covering.is_empty() {
        let detail = "there is none: what people do in PagerDuty is told to nobody, and seen by polling at best";
        return vec![Finding::warning(SUBSCRIPTION, detail, add)];
    }
    if working.is_empty() {
        return Vec::new();
    }
    let covers = |one: &Subscription, id: &str| {
        one.filter.as_ref().is_none_or(|filter| filter.kind != "service_reference" || filter.id.as_deref() == Some(id))
    };
    let bare: Vec<&str> =
        scope.services.iter().filter(|id| !working.iter().any(|one| covers(one, id))).map(String::as_str).collect();
    let mut found = Vec::new();
    if !bare.is_empty() {
        let detail = format!(
            "{} of the services have none that works ({}): what people do there is only seen by polling",
            bare.len(),
            some_of(bare.iter().copied())
        );
        found.push(Finding::warning(SUBSCRIPTION, detail, add));
    }
    // PagerDuty makes none without a type, so an empty list was not told.
    let sends = |one: &Subscription, event: &str| one.events.is_empty() || one.events.iter().any(|has| has == event);
    let missing: Vec<&str> =
        events.iter().map(String::as_str).filter(|event| !working.iter().any(|one| sends(one, event))).collect();
    if !missing.is_empty() {
        let detail = format!("{} not sent, so this is only seen by polling", missing.join(", "));
        found.push(Finding::warning(SUBSCRIPTION, detail, "add these event types to the webhook subscription"));
    }
    found
}

/// What came of asking an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Something answers.
    Answers,
    /// Nothing does, for this reason.
    Silent(String),
}

/// The addresses of subscriptions that are switched on, each once, with what names it: to be asked whether anything answers there.
pub fn addresses(account: &Account, scope: &Scope) -> Vec<(Object, String)> {
    const ADDRESSES_MAX: usize = 20;
    let mut all: Vec<(Object, String)> = Vec::new();
    if scope.webhooks == Webhooks::Ignored {
        return all;
    }
    for one in covering(account, scope).into_iter().filter(|one| one.active) {
        let Some(url) = one.delivery_method.as_ref().map(|method| method.url.clone()).filter(|url| !url.is_empty())
        else {
            continue;
        };
        if all.len() < ADDRESSES_MAX && all.iter().all(|(_, known)| *known != url) {
            all.push((object(one), url));
        }
    }
    all
}

/// Judges what came of asking the addresses. An account that is itself on this machine reaches this machine.
pub fn judge_addresses(asked: Vec<(Object, String, Reach)>, account_is_local: bool) -> Vec<Finding> {
    if asked.is_empty() {
        return Vec::new();
    }
    let number = asked.len();
    let found = asked.into_iter().filter_map(|(object, url, reach)| {
        let host = host_of(&url).to_owned();
        let finding = match reach {
            Reach::Silent(reason) => {
                let remedy = "start what listens there, or correct the name, the certificate or the firewall; what cannot be delivered in 48 h is lost";
                Finding::warning(ADDRESS, format!("nothing answers at {host} from here: {reason}"), remedy)
            }
            Reach::Answers if is_private(&host) && !account_is_local => {
                let remedy = "give the subscription an address that the internet reaches, for instance that of a reverse proxy";
                Finding::warning(ADDRESS, format!("{host} is an address of a private network, which PagerDuty cannot reach"), remedy)
            }
            Reach::Answers => return None,
        };
        Some(finding.about(object))
    });
    or_ok(ADDRESS, found.collect(), || {
        format!("{} from here", if number == 1 { "it answers".to_owned() } else { format!("all {number} answer") })
    })
}

/// Whether a host, perhaps with a port, is surely not on the internet.
fn is_private(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    match bare.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => bare == "localhost" || !bare.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{noon, read, told};
    use super::*;
    use serde_json::{Value, json};

    const EVENTS: [&str; 2] = ["incident.acknowledged", "incident.resolved"];

    fn subscription(more: Value) -> Value {
        let method = json!({"url": "https://u:secret@hooks.example.test/x?token=hush", "temporarily_disabled": false});
        let mut one = json!({"id": "PW1", "active": true, "events": EVENTS, "filter": {"type": "account_reference"}, "delivery_method": method});
        one.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        one
    }

    #[test]
    fn subscriptions_are_judged_by_what_is_expected() {
        let off = subscription(json!({"active": false}));
        let rests = subscription(json!({"delivery_method": {"url": "https://x.test/", "temporarily_disabled": true}}));
        let few = subscription(json!({"events": ["incident.resolved"]}));
        let other = subscription(json!({"filter": {"type": "service_reference", "id": "P9"}}));
        let (any, expected) = (Webhooks::Any, Webhooks::Expected(EVENTS.map(str::to_owned).into()));
        for (all, webhooks, rows) in [
            (json!([]), &any, vec!["Ok webhook subscription: there is none, and none is expected"]),
            (json!([subscription(json!({}))]), &any, vec!["Ok webhook subscription: 1 subscription switched on"]),
            (json!([few]), &any, vec!["Ok"]),
            (json!([off]), &any, vec!["Warning webhook subscription: hooks.example.test: it is switched off"]),
            (json!([rests]), &any, vec!["Warning webhook subscription: x.test: PagerDuty switched it off for a day"]),
            (json!([]), &expected, vec!["Warning webhook subscription: there is none"]),
            (json!([other]), &expected, vec!["Warning webhook subscription: there is none"]),
            (json!([off]), &expected, vec!["Warning webhook subscription: hooks.example.test: it is switched off"]),
            (json!([few]), &expected, vec!["Warning webhook subscription: incident.acknowledged not sent"]),
            (json!([subscription(json!({}))]), &expected, vec!["Ok webhook subscription: all event types"]),
            (json!([off]), &Webhooks::Ignored, vec![]),
        ] {
            let account = Account { subscriptions: read(all.clone()), ..noon() };
            let scope = Scope { services: vec!["P1".to_owned()], webhooks: webhooks.clone(), ..Scope::default() };
            let told = told(&judge(&account, &scope));
            assert_eq!(told.len(), rows.len(), "{all}: {told:?}");
            assert!(told.iter().zip(&rows).all(|(is, begins)| is.starts_with(begins)), "{all}: {told:?}");
            assert!(!told.concat().contains("hush") && !told.concat().contains("secret@"));
        }
    }

    #[test]
    fn each_service_needs_one_that_works() {
        let of_one = subscription(json!({"filter": {"type": "service_reference", "id": "P1"}}));
        let account = Account { subscriptions: read(json!([of_one])), ..noon() };
        let services = vec!["P1".to_owned(), "P2".to_owned()];
        let scope =
            Scope { services, webhooks: Webhooks::Expected(EVENTS.map(str::to_owned).into()), ..Scope::default() };
        let told = told(&judge(&account, &scope));
        assert!(told[0].contains("1 of the services have none that works (P2)"), "{told:?}");
    }

    #[test]
    fn an_address_must_answer_and_be_on_the_internet() {
        let one = |url: &str, reach: Reach| {
            vec![(Object::new("webhook subscription", "PW1", "mine", None), url.to_owned(), reach)]
        };
        for (url, reach, local, expected) in [
            ("https://hooks.example.test/x", Reach::Answers, false, "Ok webhook address: it answers from here"),
            (
                "https://hooks.example.test/x?k=hush",
                Reach::Silent("refused".to_owned()),
                false,
                "Warning webhook address: mine: nothing answers at hooks.example.test from here: refused",
            ),
            (
                "http://10.0.0.7:8080/x",
                Reach::Answers,
                false,
                "Warning webhook address: mine: 10.0.0.7:8080 is an address of a private network",
            ),
            ("http://[::1]:8080/x", Reach::Answers, false, "Warning"),
            ("http://bridge:8080/x", Reach::Answers, false, "Warning"),
            ("http://127.0.0.1:8080/x", Reach::Answers, true, "Ok"),
        ] {
            let told = told(&judge_addresses(one(url, reach), local));
            assert!(told.len() == 1 && told[0].starts_with(expected), "{url}: {told:?}");
            assert!(!told[0].contains("hush"));
        }
        assert_eq!(judge_addresses(Vec::new(), false), []);
    }
}
