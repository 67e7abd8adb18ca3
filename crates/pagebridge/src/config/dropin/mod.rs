//! Drop-in mode: started with the variables of an old integration and no file, the program serves as that did. Here are
//! those of the Opsgenie proxy.

mod netbox;

use super::findings::Findings;
use super::load::{Overrides, Reach};
use super::operator::{OperatorSettings, RawOperator, RawSmtp, RawWebhook, Security};
use super::resolve::{Resolver, STOP_MS};
use super::section::At;
use super::systems::{UrlNote, check_url};
use super::text::Text;
use super::{Actions, Config, Kind, OPSGENIE_API_URL, Opsgenie, PAGERDUTY_API_URL, PagerDuty, System};
use crate::env::Env;
use pagebridge_core::{Backoff, Bridge, PollPolicy, SystemName};
use pagebridge_mcp::Rules;
use pagerduty::Secret;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the old proxy listened.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5001);

/// Variables that the proxy could not do without.
const NEEDED: [(&str, &str); 5] = [
    ("PAGERDUTY_API_KEY", "the REST key of the automation user"),
    ("PAGERDUTY_SERVICE_ID", "the service that incidents are created on"),
    ("PAGERDUTY_EMAIL", "the automation user's e-mail address"),
    ("OPSGENIE_API_KEY", "the key of the API integration"),
    ("OPSGENIE_INTEGRATION_ID", "the integration whose webhooks are taken"),
];

/// The switch that takes webhooks without a signature.
const INSECURE: &str = "PAGEBRIDGE_INSECURE_WEBHOOKS";

/// Whether any of the old integrations' variables is set.
pub(super) fn is_wanted(env: &Env) -> bool {
    is_proxy(env) || netbox::is_wanted(env)
}

/// Whether any of the proxy's variables is set.
fn is_proxy(env: &Env) -> bool {
    NEEDED.iter().any(|(name, _)| env.get(name).is_some())
}

/// What commands need, as far as it is known.
pub(super) fn reach(overrides: &Overrides, env: &Env) -> Reach {
    if is_proxy(env) { reach_at(overrides, env, LISTEN) } else { netbox::reach(overrides, env) }
}

fn reach_at(overrides: &Overrides, env: &Env, listen: SocketAddr) -> Reach {
    let mut unheard = Findings::default();
    let mut resolver = Resolver::new(env, &mut unheard);
    Reach {
        listen: resolver.listen(overrides, None, listen),
        store: resolver.store(overrides, None),
        api_token: env.get("PAGEBRIDGE_API_TOKEN").map(Secret::new),
        hears_senders: false,
    }
}

/// Builds the configuration that the variables stand for; what is missing is named all at once.
pub(super) fn resolve(overrides: &Overrides, env: &Env, findings: &mut Findings) -> Option<Config> {
    match (is_proxy(env), netbox::is_wanted(env)) {
        // They listened on different ports, and one of the two may be set by mistake.
        (true, true) => {
            let message =
                "the environment holds variables of two old integrations, the Opsgenie proxy and the NetBox module";
            let fix = "write a pagebridge.toml with both (examples/opsgenie.toml and examples/netbox.toml show the parts), or run \
                       one process for each";
            findings.error(None, message, fix);
            None
        }
        (false, true) => netbox::resolve(overrides, env, findings),
        _ => resolve_proxy(overrides, env, findings),
    }
}

fn resolve_proxy(overrides: &Overrides, env: &Env, findings: &mut Findings) -> Option<Config> {
    for (name, what) in NEEDED.iter().filter(|(name, _)| env.get(name).is_none()) {
        findings.error(None, format!("{name} is not set: {what}"), "set it in the environment or in `.env`");
    }
    let pagerduty_url = url(env, "PAGERDUTY_API_URL", PAGERDUTY_API_URL, findings);
    let opsgenie_url = url(env, "OPSGENIE_API_URL", OPSGENIE_API_URL, findings);
    let insecure = is_insecure(env, findings);
    let operator = operator(env, findings);
    let mut resolver = Resolver::new(env, findings);
    let listen = resolver.listen(overrides, None, LISTEN);
    let store = resolver.store(overrides, None);
    let needed = |name: &str| env.get(name).map(str::to_owned);
    let pagerduty = PagerDuty {
        api_token: Secret::new(needed("PAGERDUTY_API_KEY")?),
        from: needed("PAGERDUTY_EMAIL")?,
        service_id: Some(needed("PAGERDUTY_SERVICE_ID")?),
        user: needed("PAGERDUTY_USER"),
        insecure_webhooks: insecure,
        webhook_tokens: Vec::new(),
        webhook_url: None,
    };
    let opsgenie = Opsgenie {
        api_key: Secret::new(needed("OPSGENIE_API_KEY")?),
        integration_id: Some(needed("OPSGENIE_INTEGRATION_ID")?),
        webhook_header: None,
        user: None,
        source: None,
    };
    let secrets = |name| env.get(name).map(Secret::new).into_iter().collect();
    let system = |name, label, url: String, kind: Kind, secrets| System {
        paths: kind.old_path().map(str::to_owned).into_iter().collect(),
        webhook_secrets: secrets,
        ..System::new(SystemName::new(name), label, &url, kind)
    };
    let systems = vec![
        system("opsgenie", "Opsgenie", opsgenie_url?, Kind::Opsgenie(opsgenie), secrets("OPSGENIE_WEBHOOK_SECRET")),
        system(
            "pagerduty",
            "PagerDuty",
            pagerduty_url?,
            Kind::PagerDuty(pagerduty),
            secrets("PAGERDUTY_WEBHOOK_SECRET"),
        ),
    ];
    Some(Config {
        origin: "the old Opsgenie proxy's variables".to_owned(),
        listen: listen?,
        store: store?,
        instance: String::new(),
        api_token: env.get("PAGEBRIDGE_API_TOKEN").map(Secret::new),
        tokens: Vec::new(),
        actions: Actions::default(),
        chat: None,
        mcp: Rules::default(),
        systems,
        bridges: vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")],
        backoff: Backoff::default(),
        poll: PollPolicy::default(),
        operator: operator?,
        stop_ms: STOP_MS,
    })
}

fn url(env: &Env, name: &str, default: &str, findings: &mut Findings) -> Option<String> {
    let url = env.get(name).unwrap_or(default);
    match check_url(url) {
        Ok(UrlNote::Fine) => {}
        Ok(UrlNote::InTheClear) => {
            let message = format!("{name}: `{url}` is not encrypted, so others on the way can read the key");
            findings.warn(None, message, "use https unless it is a test");
        }
        Err(fix) => {
            findings.error(None, format!("{name} is not the address of an API"), fix);
            return None;
        }
    }
    Some(url.to_owned())
}

/// Who is told when paging does not work. The proxy had nothing of the kind, so the names are ours.
fn operator(env: &Env, findings: &mut Findings) -> Option<OperatorSettings> {
    let mut found = Findings::default();
    let raw = RawOperator {
        smtp: is_any_set(env, &SMTP).then(|| smtp(env, &mut found)),
        webhooks: is_any_set(env, &WEBHOOK).then(webhook).into_iter().collect(),
        ..RawOperator::default()
    };
    let operator = Resolver::new(env, &mut found).operator(&raw);
    // There is no file that they could be in.
    findings.list.extend(found.list.into_iter().map(|finding| super::findings::Finding { at: None, ..finding }));
    operator
}

const WEBHOOK: [&str; 2] = ["PAGEBRIDGE_OPERATOR_WEBHOOK_URL", "PAGEBRIDGE_OPERATOR_WEBHOOK_SECRET"];

const SMTP: [&str; 7] = [
    "PAGEBRIDGE_OPERATOR_SMTP_SERVER",
    "PAGEBRIDGE_OPERATOR_SMTP_FROM",
    "PAGEBRIDGE_OPERATOR_SMTP_TO",
    "PAGEBRIDGE_OPERATOR_SMTP_USER",
    "PAGEBRIDGE_OPERATOR_SMTP_PASSWORD",
    "PAGEBRIDGE_OPERATOR_SMTP_PORT",
    "PAGEBRIDGE_OPERATOR_SMTP_SECURITY",
];

fn is_any_set(env: &Env, names: &[&str]) -> bool {
    names.iter().any(|name| env.get(name).is_some())
}

/// A text that is missed when its variable is not set.
fn variable(name: &str) -> At<Text> {
    At { value: Text::Env { name: name.to_owned(), default: None }, at: 0..0 }
}

fn webhook() -> RawWebhook {
    let [url, secret] = WEBHOOK.map(|name| Some(variable(name)));
    RawWebhook { at: 0..0, url, secret }
}

fn smtp(env: &Env, findings: &mut Findings) -> RawSmtp {
    let [server, from, to, user, password, port, security] = SMTP;
    let logs_in = is_any_set(env, &[user, password]);
    let mut refuse = |name: &str, fix: &str| {
        findings.error(None, format!("{name} cannot be \"{}\"", env.get(name).unwrap_or_default()), fix);
    };
    let port_number = env.get(port).map(|text| text.parse::<u16>().ok().filter(|number| *number > 0));
    if port_number == Some(None) {
        refuse(port, "write a number from 1 to 65535, or leave it out");
    }
    let security_word = env.get(security).map(|word| Security::parse(word).map(|_| word.to_owned()));
    if security_word == Some(None) {
        refuse(security, &format!("write {}", Security::WORDS.join(" or ")));
    }
    RawSmtp {
        server: Some(variable(server)),
        from: Some(variable(from)),
        to: vec![variable(to)],
        user: logs_in.then(|| variable(user)),
        password: logs_in.then(|| variable(password)),
        port: port_number.flatten().map(|number| At { value: i64::from(number), at: 0..0 }),
        security: security_word.flatten().map(|value| At { value, at: 0..0 }),
        ..RawSmtp::default()
    }
}

/// The proxy took unsigned webhooks when it had no secret, and so does this.
fn is_insecure(env: &Env, findings: &mut Findings) -> bool {
    let has_secret = env.get("PAGERDUTY_WEBHOOK_SECRET").is_some();
    let asked = env.is_on(INSECURE);
    if !has_secret || asked {
        let why = if asked { format!("{INSECURE} is on") } else { "PAGERDUTY_WEBHOOK_SECRET is not set".to_owned() };
        let message = format!(
            "{why}: PagerDuty's webhooks are taken without a signature, so whoever reaches /pd-webhook can change incidents"
        );
        findings.warn(None, message, "set PAGERDUTY_WEBHOOK_SECRET to the secret of the webhook subscription");
    }
    !has_secret || asked
}
