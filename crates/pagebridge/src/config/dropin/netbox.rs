//! The old NetBox module's variables, with those that say where NetBox is.

use super::{operator, url};
use crate::config::findings::Findings;
use crate::config::load::{Overrides, Reach};
use crate::config::netbox::all_bridges;
use crate::config::resolve::{LISTEN, Resolver, STOP_MS};
use crate::config::{Actions, Alerts, Config, Kind, NetBox, PAGERDUTY_EVENTS_URL, System, Tie};
use crate::env::Env;
use pagebridge_core::{Backoff, BridgeName, Direction, PollPolicy, SystemName};
use pagebridge_mcp::Rules;
use pagerduty::Secret;

/// Variables of which one says that the module is to be stood in for. A routing key alone may be anybody's.
const MARKS: [&str; 3] = ["PAGERDUTY_ENABLED", "NETBOX_URL", "NETBOX_TOKEN"];

/// What the module knew from being a part of NetBox.
const NEEDED: [(&str, &str); 2] =
    [("NETBOX_URL", "the address of NetBox"), ("NETBOX_TOKEN", "an API token of a user of NetBox")];

/// The system behind the routing key.
const ALERTS: &str = "pagerduty-events";

/// Longest wait for PagerDuty that is taken, in seconds.
const TIMEOUT_S_MAX: i64 = 300;

/// The path of the Events API, which was a part of the module's setting.
const ENQUEUE: &str = "/v2/enqueue";

/// Whether any of the module's variables is set.
pub(super) fn is_wanted(env: &Env) -> bool {
    MARKS.iter().any(|name| env.get(name).is_some())
}

/// What commands need, as far as it is known.
pub(super) fn reach(overrides: &Overrides, env: &Env) -> Reach {
    super::reach_at(overrides, env, LISTEN)
}

/// Builds the configuration that the variables stand for; what is missing is named all at once.
pub(super) fn resolve(overrides: &Overrides, env: &Env, findings: &mut Findings) -> Option<Config> {
    for (name, what) in NEEDED.iter().filter(|(name, _)| env.get(name).is_none()) {
        findings.error(None, format!("{name} is not set: {what}"), "set it in the environment or in `.env`");
    }
    let netbox_url = env.get("NETBOX_URL").and_then(|_| url(env, "NETBOX_URL", "", findings));
    let events_url = events_url(env, findings);
    let own = netbox(env, findings);
    let alerts = alerts(env, findings);
    let operator = operator(env, findings);
    let mut resolver = Resolver::new(env, findings);
    let listen = resolver.listen(overrides, None, LISTEN);
    let store = resolver.store(overrides, None);
    let (own, events_url) = (own?, events_url?);
    let secrets = env.get("NETBOX_WEBHOOK_SECRET").map(Secret::new).into_iter().collect();
    let netbox = System::new(SystemName::new("netbox"), "NetBox", &netbox_url?, Kind::NetBox(Box::new(own)));
    let mut systems = vec![System { webhook_secrets: secrets, ..netbox }];
    systems.extend(
        alerts?.map(|alerts| System::new(SystemName::new(ALERTS), "PagerDuty", &events_url, Kind::Alerts(alerts))),
    );
    Some(Config {
        origin: "the old NetBox module's variables".to_owned(),
        listen: listen?,
        store: store?,
        instance: String::new(),
        api_token: env.get("PAGEBRIDGE_API_TOKEN").map(Secret::new),
        tokens: Vec::new(),
        actions: Actions::default(),
        chat: None,
        mcp: Rules::default(),
        bridges: all_bridges(&systems),
        systems,
        backoff: Backoff::default(),
        poll: PollPolicy::default(),
        operator: operator?,
        stop_ms: STOP_MS,
    })
}

fn netbox(env: &Env, findings: &mut Findings) -> Option<NetBox> {
    let usual = NetBox::new(Secret::new(env.get("NETBOX_TOKEN").unwrap_or_default()));
    let text = |name: &str, usual: String| env.get(name).map_or(usual, str::to_owned);
    let enabled = flag(env, "PAGERDUTY_ENABLED", false, findings);
    if enabled == Some(false) {
        let fix = "set PAGERDUTY_ENABLED=True; the old module sent nothing without it either";
        findings.warn(None, "PAGERDUTY_ENABLED is not on, so nothing is sent to PagerDuty", fix);
    }
    if env.get("NETBOX_WEBHOOK_SECRET").is_none() {
        let fix = "set NETBOX_WEBHOOK_SECRET to the secret of NetBox's webhook that sends to /hooks/netbox";
        findings.warn(None, "no webhook of NetBox is taken, so changes are found by listing alone", fix);
    }
    let base_url = match env.get("BASE_URL") {
        Some(_) => Some(url(env, "BASE_URL", "", findings)?),
        None => None,
    };
    let (events, created) = ("PAGERDUTY_SEND_ON_EVENT_CREATE", "PAGERDUTY_SEND_ON_INCIDENT_CREATE");
    let tie = Tie {
        name: BridgeName::new("netbox"),
        alerts: SystemName::new(ALERTS),
        confirm: None,
        there: Tie::usual(),
        back: Direction::default(),
    };
    Some(NetBox {
        enabled: enabled?,
        base_url,
        source: text("PAGERDUTY_SOURCE", usual.source.clone()),
        component: text("PAGERDUTY_COMPONENT", usual.component.clone()),
        group: text("PAGERDUTY_GROUP", usual.group.clone()),
        send_on_event_create: flag(env, events, true, findings)?,
        send_on_incident_create: flag(env, created, true, findings)?,
        send_on_incident_update: flag(env, "PAGERDUTY_SEND_ON_INCIDENT_UPDATE", true, findings)?,
        auto_resolve: flag(env, "PAGERDUTY_AUTO_RESOLVE", true, findings)?,
        answer_ms: timeout_ms(env, usual.answer_ms, findings)?,
        tie: Some(tie),
        ..usual
    })
}

/// `Some(None)` without a routing key: the endpoints say so, as those of the module did.
#[expect(clippy::option_option, reason = "wrong, missing and there are three things")]
fn alerts(env: &Env, findings: &mut Findings) -> Option<Option<Alerts>> {
    let Some(key) = env.get("PAGERDUTY_ROUTING_KEY") else {
        if env.is_on("PAGERDUTY_ENABLED") {
            let fix = "set it to the integration key of the service";
            findings.warn(None, "PAGERDUTY_ROUTING_KEY is not set, so nothing is sent to PagerDuty", fix);
        }
        return Some(None);
    };
    if let Err(wrong) = pagerduty::events::key_kind(&Secret::new(key)) {
        let fix = "set it to the integration key of the service, 32 letters and digits";
        findings.error(None, format!("PAGERDUTY_ROUTING_KEY: {wrong}"), fix);
        return None;
    }
    Some(Some(Alerts { routing_key: Secret::new(key), local_keys: Vec::new(), account: None }))
}

/// The module's setting was the whole address.
fn events_url(env: &Env, findings: &mut Findings) -> Option<String> {
    let name =
        if env.get("PAGERDUTY_EVENTS_API_URL").is_some() { "PAGERDUTY_EVENTS_API_URL" } else { "PAGERDUTY_EVENTS_URL" };
    let written = url(env, name, PAGERDUTY_EVENTS_URL, findings)?;
    let plain = written.trim_end_matches('/');
    Some(plain.strip_suffix(ENQUEUE).unwrap_or(plain).to_owned())
}

/// A switch in any of the ways in which people write one.
fn flag(env: &Env, name: &str, usual: bool, findings: &mut Findings) -> Option<bool> {
    let Some(word) = env.get(name) else { return Some(usual) };
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" | "none" => Some(false),
        _ => {
            findings.error(None, format!("{name} cannot be \"{word}\""), "write True or False");
            None
        }
    }
}

fn timeout_ms(env: &Env, usual_ms: i64, findings: &mut Findings) -> Option<i64> {
    let Some(word) = env.get("PAGERDUTY_TIMEOUT") else { return Some(usual_ms) };
    let seconds = word.trim().parse::<i64>().ok().filter(|seconds| (1..=TIMEOUT_S_MAX).contains(seconds));
    if seconds.is_none() {
        let fix = format!("write whole seconds, 1 to {TIMEOUT_S_MAX}");
        findings.error(None, format!("PAGERDUTY_TIMEOUT cannot be \"{word}\""), fix);
    }
    seconds.map(|seconds| seconds * 1_000)
}
