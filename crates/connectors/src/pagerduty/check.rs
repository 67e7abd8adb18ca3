//! Looks whether everything that deliveries need is set up at PagerDuty.

use super::PagerDuty;
use super::subscription::{EVENTS, sends, works};
use crate::outcome::{Doing, with_causes};
use ::pagerduty::rest::oncalls::{self, OnCallFilter};
use ::pagerduty::rest::services::{self, Service, ServiceStatus};
use ::pagerduty::rest::webhook_subscriptions::{self, Subscription};
use ::pagerduty::rest::{abilities, escalation_policies};
use ::pagerduty::{Class, Error, LIMIT_MAX, Paging, ServiceId};
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};

/// Of the event types, those without which something of what people do would only be seen by the next poll.
const NEEDED: usize = 5;

/// Services that are looked at, at most.
const SERVICES_MAX: usize = 50;

/// Pages of subscriptions that are looked through.
const SUBSCRIPTION_PAGES_MAX: u32 = 10;

impl PagerDuty {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let token = self.check_token().await;
        if token.result == CheckResult::Failed {
            // Everything else would fail in the same words.
            let secret = self.settings.webhook_url.is_none().then(|| self.check_secret());
            return std::iter::once(token).chain(secret).collect();
        }
        let mut checks = vec![token, self.check_user().await];
        for id in self.services().iter().take(SERVICES_MAX) {
            let service = self.client.call(&services::get(id, &[])).await;
            checks.push(self.check_service(id, &service));
            if let Ok(service) = &service {
                checks.push(self.check_policy(&service.value).await);
            }
        }
        // What the upkeep looks after, it also tells.
        if self.settings.webhook_url.is_none() {
            checks.push(self.check_subscription().await);
            checks.push(self.check_secret());
        }
        checks
    }

    async fn check_token(&self) -> Check {
        match self.client.call(&abilities::list()).await {
            Ok(_) => self.ok("API token", "PagerDuty takes it"),
            // A token that may read incidents may still not be allowed to list abilities.
            Err(error) if error.class() == Class::Forbidden => self.warning(
                "API token",
                "it is known, but may not list the account's abilities",
                "none, if the checks below pass",
            ),
            Err(error) => {
                let remedy = match error.class() {
                    Class::Unauthorized => {
                        "set the token to a REST API key (not an integration key) of this account and region"
                    }
                    Class::RateLimited { .. } => "wait a minute and try again",
                    _ => "check api_url, name resolution, the firewall and the proxy",
                };
                self.failed_check("API token", &error, remedy)
            }
        }
    }

    async fn check_user(&self) -> Check {
        const NAME: &str = "user";
        let remedy = "set `from` to the e-mail address of a user of the account";
        match self.find_user().await {
            Ok(Some(user)) => {
                self.set_user_id(user.id.as_str());
                self.ok(NAME, &format!("changes are made as {} ({})", user.name, user.id))
            }
            Ok(None) => {
                let from = self.settings.from.as_deref().unwrap_or_default();
                self.failed_with(NAME, &format!("no user of the account has the address `{from}`"), remedy)
            }
            Err(error) => self.failed_check(NAME, &error, remedy),
        }
    }

    fn check_service(&self, id: &ServiceId, service: &Result<::pagerduty::Reply<Service>, Error>) -> Check {
        const NAME: &str = "service";
        let service = match service {
            Ok(reply) => &reply.value,
            Err(error) if self.settings.service_id.as_deref() == Some(id.as_str()) => {
                return self.failed_check(NAME, error, "set service_id to the id of a service of this account");
            }
            Err(error) => {
                let remedy =
                    format!("set `{id}` to the id of a service of this account, where queues and services are mapped");
                return self.failed_check(NAME, error, &remedy);
            }
        };
        match &service.status {
            Some(ServiceStatus::Disabled) => self.failed_with(
                NAME,
                &format!("`{}` is disabled, so no incident can be made on it", service.name),
                "enable the service in PagerDuty, or set service_id to another",
            ),
            Some(ServiceStatus::Maintenance) => self.warning(
                NAME,
                &format!("`{}` is in maintenance, so no incident can be made on it until that ends", service.name),
                "end the maintenance window in PagerDuty if it is not wanted",
            ),
            _ => self.ok(NAME, &format!("incidents are made on `{}`", service.name)),
        }
    }

    async fn check_policy(&self, service: &Service) -> Check {
        const NAME: &str = "escalation policy";
        let given = self.settings.escalation_policy.as_deref();
        let of_service = service.escalation_policy.as_ref().map(|policy| policy.id.as_str());
        let Some(id) = given.or(of_service) else {
            return self.warning(NAME, "the service names none", "give the service an escalation policy in PagerDuty");
        };
        match self.client.call(&escalation_policies::get(&id.into())).await {
            Ok(reply) if reply.value.escalation_rules.iter().all(|rule| rule.targets.is_empty()) => self.failed_with(
                NAME,
                &format!("`{}` pages nobody", reply.value.name),
                "add a user or a schedule to the escalation policy in PagerDuty",
            ),
            Ok(reply) => self.check_on_call(NAME, id, &reply.value.name).await,
            Err(error) => self.failed_check(
                NAME,
                &error,
                "set escalation_policy to the id of a policy of this account, or leave it out",
            ),
        }
    }

    /// With nobody on call at any level, events are taken and dropped without a word.
    async fn check_on_call(&self, check: &str, policy: &str, name: &str) -> Check {
        let now = OnCallFilter {
            escalation_policy_ids: vec![policy.into()],
            paging: Paging { limit: Some(1), offset: None },
            ..OnCallFilter::default()
        };
        match self.client.call(&oncalls::list(&now)).await {
            Ok(reply) if reply.value.items.is_empty() => self.failed_with(
                check,
                &format!("nobody is on call in `{name}` now, so PagerDuty drops every event without a word"),
                "put somebody on call: add a user to the escalation policy, or close the gap in its schedule",
            ),
            Ok(_) => self.ok(check, &format!("`{name}` decides who is paged, and somebody is on call")),
            Err(error) => self.warning(
                check,
                &format!("`{name}` decides who is paged; who is on call could not be asked: {}", with_causes(&error)),
                "see in PagerDuty whether somebody is on call",
            ),
        }
    }

    async fn check_subscription(&self) -> Check {
        const NAME: &str = "webhook subscription";
        match self.subscriptions().await {
            Ok(all) => self.judge_subscriptions(NAME, &all),
            Err(error) => self.warning(
                NAME,
                &format!("could not be looked at: {}", with_causes(&error)),
                "see in PagerDuty whether a webhook subscription (v3) of the service posts here",
            ),
        }
    }

    /// All subscriptions that cover one of the services.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Error> {
        let mut found = Vec::new();
        let mut offset = 0;
        for _ in 0..SUBSCRIPTION_PAGES_MAX {
            let paging = Paging { limit: Some(LIMIT_MAX), offset: Some(offset) };
            let page = self.client.call(&webhook_subscriptions::list(None, paging)).await?.value;
            let next = page.next_offset(offset);
            found.extend(page.items.into_iter().filter(|s| self.covers(s)));
            match next {
                Some(next) => offset = next,
                None => break,
            }
        }
        Ok(found)
    }

    fn covers(&self, subscription: &Subscription) -> bool {
        subscription.filter.as_ref().is_some_and(|filter| match filter.kind.as_str() {
            "service_reference" => {
                let services = self.services();
                services.is_empty() || services.iter().any(|id| filter.id.as_deref() == Some(id.as_str()))
            }
            kind => kind == "account_reference",
        })
    }

    /// The services of which no subscription that works tells anything.
    fn uncovered(&self, working: &[&Subscription]) -> Vec<ServiceId> {
        let covers = |s: &Subscription, id: &ServiceId| {
            let filter = s.filter.as_ref();
            filter.is_some_and(|f| f.kind == "account_reference" || f.id.as_deref() == Some(id.as_str()))
        };
        let mut all = self.services();
        all.retain(|id| !working.iter().any(|s| covers(s, id)));
        all
    }

    fn judge_subscriptions(&self, name: &str, all: &[Subscription]) -> Check {
        const POLLED: &str = "what people do in PagerDuty is only seen by polling";
        let working: Vec<_> = all.iter().filter(|s| works(s)).collect();
        if all.is_empty() {
            return self.warning(
                name,
                &format!("the service has none: {POLLED}"),
                "add a webhook subscription (v3) with this service as its scope that posts to this bridge",
            );
        }
        if working.is_empty() {
            return self.warning(
                name,
                &format!("it is switched off: {POLLED}"),
                "enable it in PagerDuty; it is switched off for a day when three deliveries in a row are refused",
            );
        }
        let uncovered = self.uncovered(&working);
        if let Some(first) = uncovered.first() {
            return self.warning(
                name,
                &format!("{} of the services have none, such as {first}: what people do there is only seen by polling", uncovered.len()),
                "add a webhook subscription (v3) for each of these services, or one for the account, that posts to this bridge",
            );
        }
        let missing: Vec<_> =
            EVENTS.into_iter().take(NEEDED).filter(|e| !working.iter().any(|s| sends(s, e))).collect();
        if missing.is_empty() {
            return self.ok(name, "all event types that matter are sent");
        }
        let detail = format!("{} are not sent, so these are only seen by polling", missing.join(", "));
        self.warning(name, &detail, "add these event types to the webhook subscription")
    }

    fn check_secret(&self) -> Check {
        const NAME: &str = "webhook secret";
        if self.settings.insecure {
            return self.warning(
                NAME,
                "unsigned webhooks are taken from anybody",
                "switch insecure off outside of tests",
            );
        }
        if self.settings.webhook_secrets.iter().all(|secret| secret.expose().is_empty()) {
            return self.warning(
                NAME,
                "none is set, so every webhook is refused",
                "set the secret that PagerDuty showed when the subscription was made",
            );
        }
        self.ok(NAME, "webhooks must be signed")
    }

    pub(super) fn ok(&self, name: &str, detail: &str) -> Check {
        self.found(name, CheckResult::Ok, detail, "")
    }

    pub(super) fn warning(&self, name: &str, detail: &str, remedy: &str) -> Check {
        self.found(name, CheckResult::Warning, detail, remedy)
    }

    fn failed_with(&self, name: &str, detail: &str, remedy: &str) -> Check {
        self.found(name, CheckResult::Failed, detail, remedy)
    }

    fn failed_check(&self, name: &str, error: &Error, remedy: &str) -> Check {
        let detail = match self.failed(error, Doing::Read) {
            Outcome::NotApplied { reason, .. } => reason,
            _ => with_causes(error),
        };
        self.found(name, CheckResult::Failed, &detail, remedy)
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check {
            system: self.settings.system.clone(),
            name: name.to_owned(),
            result,
            detail: detail.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}
