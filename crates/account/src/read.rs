//! Asks PagerDuty for what the judges look at.

use crate::account::{Access, Account, ActsAs, Identity, RulePath, Scope, Token, Unread, Writes};
use crate::audit::{Nights, OnCallView};
use futures_util::future::join4;
use futures_util::{StreamExt, stream};
use http::Method;
use jiff::{Timestamp, ToSpan};
use pagerduty::rest::analytics::{AnalyticsFilter, RawQuery, raw_incidents};
use pagerduty::rest::incidents::{self, DateRange, IncidentFilter, Order, SortField};
use pagerduty::rest::maintenance_windows::{self, MaintenanceWindowFilter, When};
use pagerduty::rest::oncalls::{self, OnCallFilter};
use pagerduty::rest::schedules::{self, ScheduleFilter, Window};
use pagerduty::rest::services::{self, ServiceFilter};
use pagerduty::rest::users::{self, UserFilter};
use pagerduty::rest::{abilities, escalation_policies, raw, webhook_subscriptions};
use pagerduty::{Call, Caller, Class, Error, Pages, Paging, Secret};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error as _;

/// Objects of one kind that are read, at most.
const LIST_MAX: usize = 10_000;
/// Incidents of the last day that are read, at most.
const INCIDENTS_MAX: usize = 500;
/// Services whose own rules are read, at most: each is a call, or two.
const RULES_MAX: usize = 200;
/// How far beyond the days to come shifts are asked for, in hours, so that long ones show their length.
const MARGIN_H: i64 = 15 * 24;
/// Calls that are under way at once, at most.
const AT_ONCE: usize = 4;
/// An id that no incident has. PagerDuty refuses a change of it in one way to those who may change incidents, and in another to
/// those who may not, and changes nothing.
const NO_INCIDENT: &str = "QDOCTORPROBE00";

/// An error with its causes.
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}

/// Finds out what the token of a caller is and may do, and whether there is a user with the address `from`.
///
/// Nothing is changed: whether changes are allowed is asked with a change of an incident that does not exist.
pub async fn read_access<C: Caller>(caller: &C, from: Option<&str>) -> Access {
    let mut access = Access {
        token: Token::Taken,
        rate_limit: pagerduty::RateLimit::default(),
        identity: Identity::Account,
        writes: Writes::Allowed,
        acts_as: ActsAs::NotGiven,
    };
    match caller.call(&abilities::list()).await {
        Ok(reply) => access.rate_limit = reply.rate_limit,
        Err(error) => {
            access.token = match error.class() {
                Class::Forbidden | Class::NotFound => Token::Narrow,
                Class::Unauthorized => Token::Unknown(words(&error)),
                Class::RateLimited { .. } => Token::Throttled(words(&error)),
                _ => Token::Unreached(words(&error)),
            };
            if access.token != Token::Narrow {
                return access;
            }
        }
    }
    access.identity = identity(caller).await;
    access.writes = writes(caller).await;
    if let Some(email) = from {
        access.acts_as = acts_as(caller, email).await;
    }
    access
}

async fn identity<C: Caller>(caller: &C) -> Identity {
    match caller.call(&users::me()).await {
        Ok(reply) => {
            let me = reply.value;
            Identity::User { id: me.id.as_str().to_owned(), name: me.name, email: me.email, role: me.role }
        }
        // What an account's key is told.
        Err(error) if error.response().is_some_and(|response| response.status == 400) => Identity::Account,
        Err(error) => Identity::Unknown(words(&error)),
    }
}

async fn writes<C: Caller>(caller: &C) -> Writes {
    let change = json!({"incident": {"type": "incident_reference", "status": "acknowledged"}});
    let probe = raw::request_at(Method::PUT, &["incidents", NO_INCIDENT], &[], Some(&change));
    match caller.call(&probe).await {
        Ok(_) => Writes::Allowed,
        Err(error) => match error.class() {
            Class::NotFound | Class::UnknownRequester | Class::Permanent => Writes::Allowed,
            Class::Forbidden | Class::Unauthorized => Writes::Refused(words(&error)),
            _ => Writes::Unknown(words(&error)),
        },
    }
}

async fn acts_as<C: Caller>(caller: &C, email: &str) -> ActsAs {
    let filter = UserFilter {
        query: Some(email.to_owned()),
        paging: Paging { limit: Some(100), offset: None },
        ..UserFilter::default()
    };
    match caller.call(&users::list(&filter)).await {
        Ok(reply) => {
            let found = reply.value.items.into_iter().find(|user| user.email.eq_ignore_ascii_case(email));
            match found {
                Some(user) => ActsAs::Found { id: user.id.as_str().to_owned(), name: user.name },
                None => ActsAs::Missing(email.to_owned()),
            }
        }
        Err(error) => ActsAs::Unknown(words(&error)),
    }
}

/// Reads what the judges look at, in a number of calls that grows with the account and has a limit.
///
/// What cannot be read is told in [`Account::unread`]. Event orchestrations are left to [`read_rules`].
pub async fn read_account<C: Caller>(caller: &C, scope: &Scope, now: Timestamp) -> Account {
    let mut unread = Vec::new();
    let services = ServiceFilter { include: vec![services::Include::Integrations], ..ServiceFilter::default() };
    let windows = MaintenanceWindowFilter { when: Some(When::Ongoing), ..MaintenanceWindowFilter::default() };
    let people = UserFilter {
        include: vec![users::Include::ContactMethods, users::Include::NotificationRules],
        ..UserFilter::default()
    };
    let (services, policies, on_calls, windows) = join4(
        all(caller, services::list(&services), LIST_MAX),
        all(caller, escalation_policies::list(&Default::default()), LIST_MAX),
        all(caller, oncalls::list(&OnCallFilter::default()), LIST_MAX),
        all(caller, maintenance_windows::list(&windows), LIST_MAX),
    )
    .await;
    let (schedules, users, subscriptions, incidents) = join4(
        all(caller, schedules::list(&ScheduleFilter::default()), LIST_MAX),
        all(caller, users::list(&people), LIST_MAX),
        all(caller, webhook_subscriptions::list(None, Paging::default()), LIST_MAX),
        all(caller, incidents::list(&last_day(scope, now)), INCIDENTS_MAX),
    )
    .await;
    let mut account = Account {
        now,
        services: take("services", services, &mut unread),
        policies: take("escalation policies", policies, &mut unread),
        on_calls: take("on-calls", on_calls, &mut unread),
        windows: take("maintenance windows", windows, &mut unread),
        schedules: take("schedules", schedules, &mut unread),
        users: take("users", users, &mut unread),
        subscriptions: take("webhook subscriptions", subscriptions, &mut unread),
        incidents: take("incidents", incidents, &mut unread),
        ..Account::default()
    };
    account.unread = unread;
    account
}

fn last_day(scope: &Scope, now: Timestamp) -> IncidentFilter {
    /// A longer list of services would make too long an address.
    const SERVICES_MAX: usize = 50;
    let since = now.checked_sub(24.hours()).unwrap_or(now);
    let services = if scope.services.len() <= SERVICES_MAX { scope.services.as_slice() } else { &[] };
    IncidentFilter {
        service_ids: services.iter().map(|id| id.as_str().into()).collect(),
        date_range: DateRange::Between { since: Some(since.to_string()), until: None },
        sort_by: vec![(SortField::CreatedAt, Order::Descending)],
        ..IncidentFilter::default()
    }
}

/// Reads a list to its end or to `max`. An error after some items gives these items.
async fn all<C, P>(caller: &C, call: Call<P>, max: usize) -> Result<Vec<P::Item>, Error>
where
    C: Caller,
    P: Pages + Send + 'static,
    P::Item: Send,
{
    let mut items = std::pin::pin!(pagerduty::items(caller, call).take(max));
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => found.push(item),
            // The wall behind which PagerDuty shows no more.
            Err(Error::Invalid { .. }) if !found.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn take<T>(what: &'static str, read: Result<Vec<T>, Error>, unread: &mut Vec<Unread>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        unread.push(Unread { what, reason: words(&error) });
        Vec::new()
    })
}

/// Reads event orchestrations and the rules of services in `scope` that are in use: two calls for each orchestration, one or two for each
/// service.
pub async fn read_rules<C: Caller>(caller: &C, scope: &Scope, account: &mut Account) {
    const WHAT: &str = "event orchestrations";
    let list = raw::page(&["event_orchestrations"], "orchestrations", &[]);
    let orchestrations = match all(caller, list, LIST_MAX).await {
        Ok(orchestrations) => orchestrations,
        // Not every plan has them.
        Err(error) if matches!(error.class(), Class::NotFound) || error.response().is_some_and(|r| r.status == 402) => {
            Vec::new()
        }
        Err(error) => return account.unread.push(Unread { what: WHAT, reason: words(&error) }),
    };
    for orchestration in &orchestrations {
        let Some(id) = orchestration["id"].as_str() else { continue };
        if let Some(whole) = object(caller, &["event_orchestrations", id], "orchestration").await {
            let keys = whole["integrations"].as_array().into_iter().flatten();
            account
                .orchestration_keys
                .extend(keys.filter_map(|one| one["parameters"]["routing_key"].as_str()).map(Secret::new));
        }
        if let Some(path) = object(caller, &["event_orchestrations", id, "global"], "orchestration_path").await {
            let name = orchestration["name"].as_str().unwrap_or(id).to_owned();
            account.rules.push(RulePath { service: None, name, id: id.to_owned(), path });
        }
    }
    let services: Vec<(String, String)> =
        account.services_of(scope).map(|one| (one.id.as_str().to_owned(), one.name.clone())).collect();
    if let Some(more) = services.len().checked_sub(RULES_MAX).filter(|&more| more > 0) {
        let reason = format!("there are too many services, so {more} of them were left out");
        account.unread.push(Unread { what: "event orchestrations of all services", reason });
    }
    let services = services.into_iter().take(RULES_MAX);
    let paths = stream::iter(services).map(|(id, name)| service_rules(caller, id, name)).buffered(AT_ONCE);
    account.rules.extend(paths.filter_map(async |path| path).collect::<Vec<_>>().await);
}

/// Reads the rules of a service, if they are in use.
async fn service_rules<C: Caller>(caller: &C, id: String, name: String) -> Option<RulePath> {
    let active = raw::request_at(Method::GET, &["event_orchestrations", "services", &id, "active"], &[], None);
    let active = caller.call(&active).await.ok()?.value;
    if active["active"] != Value::Bool(true) {
        return None;
    }
    let path = object(caller, &["event_orchestrations", "services", &id], "orchestration_path").await?;
    Some(RulePath { service: Some(id.clone()), name, id, path })
}

/// Reads what [`audit`](crate::audit()) looks at besides: the shifts of the `days` to come, and who was interrupted in the nights of
/// the `days_back` before. Of a schedule that cannot be read nothing is told; analytics may be missing on a plan.
pub async fn read_on_call<C: Caller>(caller: &C, account: &mut Account, days: i64, days_back: u64) -> OnCallView {
    let until = account.now.checked_add((days * 24).hours()).unwrap_or(account.now);
    // Shifts are asked for with room on both sides, so that long ones show their length.
    let (from, to) = (
        account.now.checked_sub(MARGIN_H.hours()).unwrap_or(account.now),
        until.checked_add(MARGIN_H.hours()).unwrap_or(until),
    );
    let window = Window { since: Some(from.to_string()), until: Some(to.to_string()), time_zone: None, overflow: true };
    let ids: Vec<_> = account.schedules.iter().map(|schedule| schedule.id.clone()).collect();
    let reads = stream::iter(ids).map(|id| {
        let call = schedules::get(&id, &window);
        async move { caller.call(&call).await.map(|reply| reply.value) }
    });
    let reads: Vec<_> = reads.buffered(AT_ONCE).collect().await;
    let mut rendered = Vec::with_capacity(reads.len());
    for read in reads {
        match read {
            Ok(schedule) => rendered.push(schedule),
            Err(error) => account.unread.push(Unread { what: "a schedule's shifts", reason: words(&error) }),
        }
    }
    OnCallView {
        rendered,
        window: (account.now.as_second(), until.as_second()),
        nights: nights(caller, account, days_back).await,
        days_back,
    }
}

/// Counts incidents that interrupted their assignees in sleep hours.
async fn nights<C: Caller>(caller: &C, account: &Account, days_back: u64) -> Option<Vec<Nights>> {
    let back = i64::try_from(days_back).ok()?;
    let since = account.now.checked_sub((back * 24).hours()).ok()?;
    // A user's own key has to name services.
    let filters = AnalyticsFilter {
        created_at_start: Some(since.to_string()),
        created_at_end: Some(account.now.to_string()),
        service_ids: account.services.iter().map(|service| service.id.clone()).collect(),
        ..AnalyticsFilter::default()
    };
    let query = RawQuery { filters, limit: Some(1000), ..RawQuery::default() };
    let rows = all(caller, raw_incidents(&query), LIST_MAX).await.ok()?;
    let mut by_user: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.sleep_hour_interruptions.unwrap_or(0) > 0) {
        for user in &row.assigned_user_ids {
            *by_user.entry(user.as_str().to_owned()).or_default() += 1;
        }
    }
    Some(by_user.into_iter().map(|(user, interruptions)| Nights { user, interruptions }).collect())
}

/// Reads what is under a key of an answer; `None` when there is none, or it may not be seen.
async fn object<C: Caller>(caller: &C, path: &[&str], key: &str) -> Option<Value> {
    let mut body = caller.call(&raw::request_at(Method::GET, path, &[], None)).await.ok()?.value;
    Some(body[key].take()).filter(|value| !value.is_null())
}
