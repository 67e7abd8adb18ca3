//! PagerDuty accounts: those of the configuration, or one alone.

use super::{Row, TRIES, row};
use crate::config::{Config, Kind, PagerDuty, System};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::rest::profile::Profile;
use crate::wiring::words;
use futures_util::future::join_all;
use pagebridge_account::{
    Reach, Scope, Token, Webhooks, addresses, doctor, judge_addresses, read_access, read_account, read_rules,
    send_test_event,
};
use pagebridge_connectors::pagerduty::PEOPLE_EVENTS;
use pagebridge_core::SystemName;
use pagebridge_ports::{Clock, SystemClock};
use pagerduty::{Client, RetryPolicy, Retrying, Secret};
use std::net::IpAddr;
use std::time::Duration;

/// Says that somebody waits for webhooks of an account that is looked at alone.
const WEBHOOK_SECRET: &str = "PD_WEBHOOK_SECRET";
/// How long an address of a subscription may take to answer: PagerDuty waits no longer.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits at most for the rate limit; the longest there is lasts a minute.
const ASKED_MS_MAX: u64 = 65_000;

/// One account, and what is used of it.
struct Patient {
    system: SystemName,
    rest: Retrying,
    api_url: String,
    from: Option<String>,
    scope: Scope,
    /// By which events are sent, for each of the scope's keys.
    events: Vec<Client>,
}

/// Looks at the account of a profile alone.
pub(super) async fn alone(profile: &Profile, env: &Env, test_event: bool) -> Result<Vec<Row>, CliError> {
    let client = profile.client()?;
    let keys = [
        ("the routing key", &profile.routing_key),
        ("the routing key of changes", &profile.change_routing_key),
        ("the key of events of version 1", &profile.service_key),
    ];
    let keys: Vec<(String, Secret)> =
        keys.into_iter().filter_map(|(name, key)| Some((name.to_owned(), key.clone()?))).collect();
    let webhooks = if env.get(WEBHOOK_SECRET).is_some() { expected() } else { Webhooks::Any };
    let patient = Patient {
        system: SystemName::new("pagerduty"),
        rest: retrying(client.clone()),
        api_url: profile.api_url.clone(),
        from: profile.from.clone(),
        events: vec![client; keys.len()],
        scope: Scope { webhooks, keys, ..Scope::default() },
    };
    Ok(look(patient, test_event).await)
}

/// Looks at the accounts of a configuration.
pub(super) async fn configured(config: &Config, test_event: bool) -> Result<Vec<Row>, CliError> {
    let mut patients = Vec::new();
    for system in &config.systems {
        if let Kind::PagerDuty(own) = &system.kind {
            patients.push(patient(config, system, own)?);
        }
    }
    let looks = patients.into_iter().map(|patient| look(patient, test_event));
    Ok(join_all(looks).await.into_iter().flatten().collect())
}

fn expected() -> Webhooks {
    Webhooks::Expected(PEOPLE_EVENTS.map(str::to_owned).into())
}

fn retrying(client: Client) -> Retrying {
    let policy = RetryPolicy { attempts_max: TRIES, asked_ms_max: ASKED_MS_MAX, ..RetryPolicy::default() };
    Retrying::new(client, policy)
}

fn patient(config: &Config, system: &System, own: &PagerDuty) -> Result<Patient, CliError> {
    let settings = crate::pagerduty::settings(config, system, own);
    // Alerts that are confirmed by this account go to its services.
    let alerts = config.systems.iter().filter_map(|other| match &other.kind {
        Kind::Alerts(alerts) if alerts.account.as_ref() == Some(&system.name) => Some((other, alerts)),
        _ => None,
    });
    let mut scope = Scope {
        services: settings.services_in_use().into_iter().collect(),
        policy: settings.escalation_policy,
        webhooks: if own.webhook_url.is_some() { Webhooks::Ignored } else { expected() },
        writes: true,
        keys: Vec::new(),
    };
    let mut events = Vec::new();
    for (other, alerts) in alerts {
        scope.keys.push((format!("the routing key of `{}`", other.name), alerts.routing_key.clone()));
        events.push(client(other, Client::builder().events_url(&other.api_url))?);
    }
    let builder = Client::builder().rest_url(&system.api_url).token(own.api_token.clone()).from(&own.from);
    Ok(Patient {
        system: system.name.clone(),
        rest: retrying(client(system, builder)?),
        api_url: system.api_url.clone(),
        from: Some(own.from.clone()),
        scope,
        events,
    })
}

fn client(system: &System, builder: pagerduty::ClientBuilder) -> Result<Client, CliError> {
    let builder = builder
        .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(system.connect_timeout_ms))
        .timeout(Duration::from_millis(system.timeout_ms));
    let builder = if system.proxy { builder } else { builder.no_proxy() };
    builder.build().map_err(|error| {
        let message = format!("the system `{}` cannot be asked: {}", system.name, words(&error));
        CliError::new(Exit::Config, message, "correct the setting in the configuration")
    })
}

async fn look(patient: Patient, test_event: bool) -> Vec<Row> {
    let Patient { system, rest, api_url, from, scope, events } = patient;
    let now_ms = SystemClock.now().0;
    let now = jiff::Timestamp::from_millisecond(now_ms).expect("the clock is within jiff's ten thousand years");
    let access = read_access(&rest, from.as_deref()).await;
    let account = match access.token {
        Token::Taken | Token::Narrow => {
            let mut account = read_account(&rest, &scope, now).await;
            read_rules(&rest, &scope, &mut account).await;
            Some(account)
        }
        _ => None,
    };
    let mut found = doctor(&access, account.as_ref(), &scope);
    if let Some(account) = &account {
        let asking = addresses(account, &scope).into_iter().map(async |(object, url)| {
            let reach = ask(&url).await;
            (object, url, reach)
        });
        found.extend(judge_addresses(join_all(asking).await, is_local(&api_url)));
    }
    if test_event {
        let looker = account.is_some().then_some(&rest);
        for (place, ((name, key), events)) in scope.keys.iter().zip(&events).enumerate() {
            let dedup_key = format!("pagebridge-doctor-{now_ms}-{place}");
            let pause = || tokio::time::sleep(Duration::from_secs(1));
            found.push(send_test_event(events, looker, name, key, &dedup_key, pause).await);
        }
    }
    found.into_iter().map(|finding| row(&system, finding)).collect()
}

/// Asks an address whether anything answers, without saying anything.
async fn ask(url: &str) -> Reach {
    let builder = reqwest::Client::builder().timeout(ADDRESS_TIMEOUT).redirect(reqwest::redirect::Policy::none());
    // A proxy would look for this machine on its own.
    let builder = if is_local(url) { builder.no_proxy() } else { builder };
    let asked = async { builder.build()?.head(url).send().await };
    match asked.await {
        Ok(_) => Reach::Answers,
        Err(error) => Reach::Silent(words(&error.without_url())),
    }
}

/// Whether an address is on this machine.
fn is_local(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
