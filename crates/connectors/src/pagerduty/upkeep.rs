//! Looks after the webhook subscription that is our own: makes it, keeps its secret, switches it on again, and has what
//! was missed read.

use super::PagerDuty;
use super::subscription::{self, EVENTS, Known, Mark, State, description, judge, rests, secret_name, works};
use crate::outcome::with_causes;
use ::pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription, Subscription, SubscriptionUpdate};
use ::pagerduty::{Class, Error, LIMIT_MAX, Paging, SubscriptionId};
use pagebridge_core::Timestamp;
use pagebridge_ports::{BoxFuture, Check, CheckResult, Kept, Store, StoreError, Upkeep, Upkept};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What is looked after, in the words of checks.
const NAME: &str = "webhook subscription";

/// How often PagerDuty is asked, in milliseconds.
const LOOK_MS: i64 = 5 * 60_000;
/// How soon it is asked again after it could not be asked, in milliseconds.
const RETRY_MS: i64 = 60_000;
/// A look that is so late means that there was time for something to be missed, in milliseconds.
const GAP_MS: i64 = 3 * LOOK_MS;
/// How long another node may take between making a subscription and keeping its secret, in milliseconds.
const KEEP_MS: i64 = 60_000;

/// What the upkeep remembers between its runs.
#[derive(Default)]
pub(super) struct Memory {
    /// Asks for a run before its time.
    pub(super) early: Notify,
    last: Mutex<Last>,
}

#[derive(Clone, Default)]
struct Last {
    /// No look at PagerDuty before this time.
    next: Option<Timestamp>,
    check: Option<Check>,
    /// A subscription that bears our mark and whose secret is not known, and since when.
    orphan: Option<(String, Timestamp)>,
}

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// PagerDuty did not do it.
    #[error("{}", with_causes(.0))]
    Far(#[from] Error),
    /// PagerDuty made a subscription and told no secret.
    #[error("PagerDuty told no secret of the subscription that it made")]
    NoSecret,
}

/// One run.
struct Run<'a> {
    store: &'a dyn Store,
    url: &'a str,
    now: Timestamp,
    mark: Option<Mark>,
    repairs: Vec<&'static str>,
}

impl Upkeep for PagerDuty {
    fn run<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Upkept> {
        Box::pin(async move {
            let now = self.clock.now();
            let mut run = Run { store, url: self.webhook_url(), now, mark: None, repairs: Vec::new() };
            let (check, again_ms) = match self.tend(&mut run).await {
                Ok((check, again_ms)) => {
                    let (told, next) = (Some(check.clone()), Some(now.plus_ms(again_ms)));
                    self.remember(|last| (last.check, last.next) = (told, next));
                    (check, again_ms)
                }
                Err(trouble) => (self.trouble(&trouble), RETRY_MS),
            };
            Upkept { check, repairs: run.repairs, again_ms }
        })
    }

    fn look<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Check> {
        Box::pin(async move {
            let looked = async {
                let kept = store.kept().await?;
                let known = self.secrets.read(&self.settings.system, &kept, self.clock.now());
                Ok((known, self.own_subscriptions(self.webhook_url()).await?))
            };
            match looked.await {
                Ok((known, all)) => self.tell(&self.judge(&all, &known, store)),
                Err(trouble) => self.trouble(&trouble),
            }
        })
    }

    fn wanted(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.upkeep.early.notified())
    }
}

impl PagerDuty {
    fn webhook_url(&self) -> &str {
        self.settings.webhook_url.as_deref().unwrap_or_default()
    }

    fn remembered(&self) -> Last {
        self.upkeep.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, change: impl FnOnce(&mut Last)) {
        change(&mut self.upkeep.last.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Gives how it stands now, and when to run again.
    async fn tend(&self, run: &mut Run<'_>) -> Result<(Check, i64), Trouble> {
        let (kept, known) = self.read_secrets(run.store, run.now).await?;
        let last = self.remembered();
        if let (Some(next), Some(check)) = (last.next.filter(|next| run.now < *next), last.check) {
            // It was only about the secrets.
            return Ok((check, next.ms_since(run.now)));
        }
        run.mark = Mark::find(&self.settings.system, &kept);
        let all = self.own_subscriptions(run.url).await?;
        self.forget_removed(run, &known, &all).await?;
        let (known, all) = self.repair(run, known, all).await?;
        let state = self.judge(&all, &known, run.store);
        let check = self.tell(&state);
        let again_ms = if matches!(state, State::Orphan(_)) { KEEP_MS } else { LOOK_MS };
        if check.result == CheckResult::Ok {
            self.make_up(run).await?;
        } else {
            self.owe(run).await?;
        }
        Ok((check, again_ms))
    }

    async fn read_secrets(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(Vec<(String, Kept)>, Arc<Known>), Trouble> {
        let kept = store.kept().await?;
        let known = self.secrets.read(&self.settings.system, &kept, now);
        Ok((kept, known))
    }

    fn judge<'a>(&self, all: &'a [Subscription], known: &Known, store: &dyn Store) -> State<'a> {
        let configured = self.settings.webhook_secrets.iter().any(|secret| !secret.expose().is_empty());
        judge(all, known, configured, &description(&store.bridges().instance, &self.settings.system))
    }

    /// Whose incidents our subscription is about: those of the one service, or else of the whole account.
    fn scope(&self) -> Filter {
        let mut services = self.services();
        match services.pop() {
            Some(service) if services.is_empty() => Filter::Service(service),
            _ => Filter::Account,
        }
    }

    /// The subscriptions of the service or account that post to our address.
    async fn own_subscriptions(&self, url: &str) -> Result<Vec<Subscription>, Trouble> {
        let (filter, mut found, mut offset) = (self.scope(), Vec::new(), 0);
        // Ten fit on a service, or on an account.
        loop {
            let paging = Paging { limit: Some(LIMIT_MAX), offset: Some(offset) };
            let page = self.client.call(&webhook_subscriptions::list(Some(&filter), paging)).await?.value;
            let next = page.next_offset(offset);
            found.extend(page.items.into_iter().filter(|s| self.is_own(s, url)));
            match next {
                Some(next) => offset = next,
                None => return Ok(found),
            }
        }
    }

    fn is_own(&self, subscription: &Subscription, url: &str) -> bool {
        let posts = subscription.delivery_method.as_ref().is_some_and(|method| method.url == url);
        posts
            && subscription.filter.as_ref().is_some_and(|filter| match self.scope() {
                Filter::Service(id) => filter.kind == "service_reference" && filter.id.as_deref() == Some(id.as_str()),
                _ => filter.kind == "account_reference",
            })
    }

    /// Forgets the secrets of subscriptions that somebody has removed. `there` was read after what is known, so one that
    /// another node is just making is not among them.
    async fn forget_removed(&self, run: &Run<'_>, known: &Known, there: &[Subscription]) -> Result<(), Trouble> {
        for id in known.ids.iter().filter(|id| there.iter().all(|s| s.id.as_str() != **id)) {
            match self.client.call(&webhook_subscriptions::get(&SubscriptionId::new(id.as_str()))).await {
                Err(error) if error.class() == Class::NotFound => {
                    run.store.forget(&secret_name(&self.settings.system, id)).await?;
                }
                // It posts elsewhere, or cannot be asked about: then its secret does no harm.
                _ => {}
            }
        }
        Ok(())
    }

    /// Does what is to be done, and looks again when something was done.
    async fn repair(
        &self,
        run: &mut Run<'_>,
        known: Arc<Known>,
        all: Vec<Subscription>,
    ) -> Result<(Arc<Known>, Vec<Subscription>), Trouble> {
        let orphan = self.remembered().orphan;
        self.remember(|last| last.orphan = None);
        match self.judge(&all, &known, run.store) {
            State::None => self.make(run).await?,
            State::Orphan(s) => {
                let since = orphan.filter(|(id, _)| id == s.id.as_str()).map_or(run.now, |(_, since)| since);
                if run.now.ms_since(since) >= KEEP_MS {
                    self.remove(run, s).await?;
                    self.make(run).await?;
                } else {
                    self.remember(|last| last.orphan = Some((s.id.to_string(), since)));
                }
            }
            State::Ours { subscription, twins } => {
                self.mend(run, subscription).await?;
                self.remove_all(run, &twins).await?;
            }
            State::Configured(s) => self.switch_on(run, s).await?,
            State::Unknown(_) => {}
        }
        if run.repairs.is_empty() {
            return Ok((known, all));
        }
        let again = self.look_again(run).await?;
        // Another node may have done the same at the same time. Both see both now, and keep the same one.
        match self.judge(&again.1, &again.0, run.store) {
            State::Ours { twins, .. } if !twins.is_empty() => {
                self.remove_all(run, &twins).await?;
                self.look_again(run).await
            }
            _ => Ok(again),
        }
    }

    async fn look_again(&self, run: &Run<'_>) -> Result<(Arc<Known>, Vec<Subscription>), Trouble> {
        let (_, known) = self.read_secrets(run.store, run.now).await?;
        Ok((known, self.own_subscriptions(run.url).await?))
    }

    async fn remove_all(&self, run: &mut Run<'_>, subscriptions: &[&Subscription]) -> Result<(), Trouble> {
        for subscription in subscriptions {
            self.remove(run, subscription).await?;
        }
        Ok(())
    }

    async fn make(&self, run: &mut Run<'_>) -> Result<(), Trouble> {
        self.owe(run).await?;
        let system = &self.settings.system;
        let new = NewSubscription {
            url: run.url.to_owned(),
            description: description(&run.store.bridges().instance, system),
            events: EVENTS.map(str::to_owned).into(),
            filter: self.scope(),
            custom_headers: Vec::new(),
        };
        let made = self.client.call(&webhook_subscriptions::create(&new)).await?.value;
        let secret = made.delivery_method.and_then(|method| method.secret).ok_or(Trouble::NoSecret)?;
        run.store.keep(&secret_name(system, made.id.as_str()), secret.expose()).await?;
        // From here on its webhooks are taken.
        self.read_secrets(run.store, run.now).await?;
        tracing::info!(%system, subscription = %made.id, url = run.url, "made the webhook subscription");
        run.repairs.push("made");
        Ok(())
    }

    async fn mend(&self, run: &mut Run<'_>, subscription: &Subscription) -> Result<(), Trouble> {
        self.switch_on(run, subscription).await?;
        if let Some(events) = subscription::wanted_events(subscription) {
            self.owe(run).await?;
            let update = SubscriptionUpdate { events: Some(events), ..SubscriptionUpdate::default() };
            self.client.call(&webhook_subscriptions::update(&subscription.id, &update)).await?;
            run.repairs.push("events");
        }
        Ok(())
    }

    async fn switch_on(&self, run: &mut Run<'_>, subscription: &Subscription) -> Result<(), Trouble> {
        if works(subscription) {
            return Ok(());
        }
        self.owe(run).await?;
        if rests(subscription) {
            self.client.call(&webhook_subscriptions::enable(&subscription.id)).await?;
        }
        if !subscription.active {
            let update = SubscriptionUpdate { active: Some(true), ..SubscriptionUpdate::default() };
            self.client.call(&webhook_subscriptions::update(&subscription.id, &update)).await?;
        }
        let system = &self.settings.system;
        tracing::warn!(
            %system,
            subscription = %subscription.id,
            rested = rests(subscription),
            "the webhook subscription was switched off and is switched on again"
        );
        run.repairs.push("enabled");
        Ok(())
    }

    async fn remove(&self, run: &mut Run<'_>, subscription: &Subscription) -> Result<(), Trouble> {
        self.owe(run).await?;
        match self.client.call(&webhook_subscriptions::delete(&subscription.id)).await {
            Ok(_) => {}
            Err(error) if error.class() == Class::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let system = &self.settings.system;
        run.store.forget(&secret_name(system, subscription.id.as_str())).await?;
        tracing::info!(%system, subscription = %subscription.id, "removed a webhook subscription of ours that is one too many");
        run.repairs.push("removed");
        Ok(())
    }

    /// Puts down that something may be missed from now on, before anything is repaired: a process that ends in between
    /// finds a subscription that works, and must not take it for one that always did.
    async fn owe(&self, run: &Run<'_>) -> Result<(), Trouble> {
        if let Some(Mark::Good(at)) = run.mark {
            self.put(run, Mark::Owed(at)).await?;
        }
        Ok(())
    }

    async fn put(&self, run: &Run<'_>, mark: Mark) -> Result<(), Trouble> {
        Ok(run.store.keep(&Mark::name(&self.settings.system), &mark.value()).await?)
    }

    /// Has read what may have been missed, and puts down that nothing is missing now.
    async fn make_up(&self, run: &Run<'_>) -> Result<(), Trouble> {
        let is_late = |at: Timestamp| run.now.ms_since(at) >= GAP_MS;
        let since = match run.mark {
            None => None,
            Some(Mark::Owed(at)) => Some(at),
            Some(Mark::Good(at)) => Some(at).filter(|at| !run.repairs.is_empty() || is_late(*at)),
        };
        if let Some(since) = since {
            self.backfill(run.store, since, run.now).await?;
        }
        self.put(run, Mark::Good(run.now)).await
    }

    fn tell(&self, state: &State<'_>) -> Check {
        let url = self.webhook_url();
        match state {
            State::None => self.warning(
                NAME,
                &format!("no subscription of the service posts to {url} yet"),
                "nothing: the server makes one when it runs",
            ),
            State::Ours { subscription, .. } | State::Configured(subscription) if !works(subscription) => self.warning(
                NAME,
                &format!("{} posts to {url} and is switched off", subscription.id),
                "nothing: the server switches it on again when it runs; look in the log for webhooks that were refused",
            ),
            State::Ours { subscription, .. } => self.ok(
                NAME,
                &format!(
                    "{} posts to {url}, is switched on, and its secret is known; whether PagerDuty reaches this address \
                     shows with the first webhook",
                    subscription.id
                ),
            ),
            State::Configured(subscription) => self.ok(
                NAME,
                &format!(
                    "{} posts to {url} and is switched on; it was not made by this bridge, and must sign with one of \
                     `webhook_secrets`",
                    subscription.id
                ),
            ),
            State::Orphan(subscription) => self.warning(
                NAME,
                &format!("{} was made by this bridge, and its secret is not known (yet)", subscription.id),
                "nothing: within minutes its secret is found, or it is made anew",
            ),
            State::Unknown(subscription) => self.warning(
                NAME,
                &format!(
                    "{} posts to {url}, but its secret is not known, so its webhooks are refused",
                    subscription.id
                ),
                "delete it in PagerDuty, and the bridge makes one of its own; or set `webhook_secrets` to its secret",
            ),
        }
    }

    fn trouble(&self, trouble: &Trouble) -> Check {
        let remedy = match trouble {
            Trouble::Store(_) => "look at the disk's space, permissions and the database server",
            Trouble::Far(error) => match error.class() {
                Class::Unauthorized | Class::Forbidden => {
                    "let the API token manage webhook subscriptions, or leave out `webhook_url` and make one by hand"
                }
                Class::Permanent => "correct what PagerDuty names; a service takes ten subscriptions at most",
                _ => "nothing for now: it is tried again every minute",
            },
            Trouble::NoSecret => "nothing: it is made anew",
        };
        self.warning(NAME, &format!("could not be looked after: {trouble}"), remedy)
    }
}
