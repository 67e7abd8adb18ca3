//! The webhook subscription that is our own, against the look-alike: made, lost, switched off, made twice.

use crate::support::pagerduty_settings;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use pagebridge_connectors::{PagerDuty, Secret, pagerduty::Settings};
use pagebridge_core::{Bridge, Bridges, Class, Input, InputId, News, Opening, Step, SystemName, Timestamp, Work};
use pagebridge_ports::{
    CheckResult, Clock, Connector, LaneFilter, ManualClock, MemoryStore, Receive, Received, Refusal, Settlement, Store,
    SystemClock, Upkeep, Upkept,
};
use pagebridge_sandbox::{Config, Effect, Fault, IncidentAct, NewIncident, Running, Sandbox, System};
use pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription, Subscription, SubscriptionUpdate};
use pagerduty::{Client, Paging, SubscriptionId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const MINUTE_MS: i64 = 60_000;

/// A look-alike, a store, and a place where webhooks arrive.
struct World {
    sandbox: Running,
    client: Client,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    url: String,
    answer: Arc<AtomicU16>,
    came: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
}

impl World {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server lives as long as the test's runtime, there is no shutdown to wait"
    )]
    async fn new() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.expect("free ports");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks/pd", listener.local_addr().expect("bound"));
        let (sender, came) = mpsc::unbounded_channel();
        let answer = Arc::new(AtomicU16::new(202));
        let status = answer.clone();
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let (sender, status) = (sender.clone(), status.clone());
            async move {
                sender.send((headers, body)).expect("the test listens");
                StatusCode::from_u16(status.load(Ordering::SeqCst)).expect("a status")
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client =
            Client::builder().rest_url(&sandbox.pagerduty_url).token(sandbox.account_token.as_str()).no_proxy();
        let rules = Bridges::new(vec![Bridge::opsgenie_proxy("og", "pd")]).with_instance("test");
        Self {
            client: client.build().expect("a client"),
            store: Arc::new(MemoryStore::new(Arc::new(rules))),
            clock: Arc::new(ManualClock::at(SystemClock.now())),
            url,
            answer,
            came,
            sandbox,
        }
    }

    fn connector(&self) -> PagerDuty {
        self.connector_with(|_| {})
    }

    fn connector_with(&self, change: impl FnOnce(&mut Settings)) -> PagerDuty {
        let mut settings = pagerduty_settings(&self.sandbox.pagerduty_url);
        settings.token = Secret::new(self.sandbox.account_token.as_str());
        settings.from = Some(self.sandbox.from.clone());
        settings.service_id = Some(self.sandbox.service_id.clone());
        settings.webhook_url = Some(self.url.clone());
        change(&mut settings);
        PagerDuty::new(settings, self.clock.clone()).expect("valid")
    }

    async fn run(&self, connector: &PagerDuty) -> Upkept {
        connector.run(&*self.store).await
    }

    /// The subscriptions that are there.
    async fn there(&self) -> Vec<Subscription> {
        let list = webhook_subscriptions::list(None, Paging::default());
        self.client.call(&list).await.expect("lists").value.items
    }

    async fn only(&self) -> Subscription {
        let mut there = self.there().await;
        assert_eq!(there.len(), 1, "{there:?}");
        there.remove(0)
    }

    /// A subscription that a person makes for the same address.
    async fn by_hand(&self) -> Subscription {
        let new = NewSubscription {
            url: self.url.clone(),
            description: "by hand".to_owned(),
            events: vec!["incident.acknowledged".to_owned()],
            filter: Filter::Service(self.sandbox.service_id.as_str().into()),
            custom_headers: Vec::new(),
        };
        self.client.call(&webhook_subscriptions::create(&new)).await.expect("makes").value
    }

    async fn remove(&self, id: &SubscriptionId) {
        self.client.call(&webhook_subscriptions::delete(id)).await.expect("removes");
    }

    async fn next(&mut self) -> (HeaderMap, Bytes) {
        let came = tokio::time::timeout(Duration::from_secs(10), self.came.recv()).await;
        came.expect("a webhook in time").expect("the server runs")
    }

    /// An incident of PagerDuty's that is none of ours.
    fn stranger(&self) {
        self.sandbox.pagerduty().open(titled("none of ours"), "Ann").expect("opens");
    }

    /// An alert that has become an incident in PagerDuty, with nothing left to do; gives the incident's id.
    async fn incident(&self, connector: &PagerDuty) -> String {
        let mut alert = Input::news(SystemName::new("og"), "a-1", News::Opened(Opening::titled("disk full")));
        alert.id = InputId::from_parts(&["a-1"]);
        self.store.accept(alert, self.clock.now()).await.expect("accepts");
        let leased = self.leases().await.remove(0);
        let Work::Deliver(delivery) = &leased.work else { panic!("a delivery is due") };
        let (number, step) = (delivery.number, Some(Step::Create));
        let outcome = connector.deliver(delivery).await;
        let pagebridge_core::Outcome::Delivered { record: Some(record), .. } = &outcome else { panic!("{outcome:?}") };
        let id = record.id.0.clone();
        let settlement = Settlement { number, step, started_at: leased.lease.since, outcome };
        self.store.settle(leased.lease, settlement, self.clock.now()).await.expect("settles");
        assert!(self.leases().await.is_empty(), "nothing is left to do");
        id
    }

    async fn leases(&self) -> Vec<pagebridge_ports::Leased> {
        self.store.lease(&SystemName::new("pd"), self.clock.now(), MINUTE_MS, 9).await.expect("leases")
    }

    /// How many records are to be read within seconds.
    async fn to_read(&self) -> usize {
        let filter = LaneFilter {
            class: Some(Class::Poll),
            limit: 99,
            system: Some(SystemName::new("pd")),
            ..LaneFilter::default()
        };
        let soon = self.clock.now().plus_ms(5_000);
        self.store.lanes(filter).await.expect("reads").iter().filter(|lane| lane.due <= soon).count()
    }

    async fn secrets(&self) -> Vec<String> {
        let kept = self.store.kept().await.expect("reads").into_iter();
        kept.filter_map(|(name, _)| name.strip_prefix("webhook/pd/").map(str::to_owned)).collect()
    }

    async fn mark(&self) -> String {
        let kept = self.store.kept().await.expect("reads").into_iter();
        let mut mark = kept.filter(|(name, _)| name == "mark/pd/webhook").map(|(_, mark)| mark.expose().to_owned());
        mark.next().unwrap_or_default()
    }

    /// Has PagerDuty switch the subscription off, by three refusals.
    async fn refuse_three(&mut self) {
        self.answer.store(400, Ordering::SeqCst);
        for _ in 0..3 {
            self.stranger();
            self.next().await;
        }
        let rests = || self.sandbox.pagerduty().snapshot().subscriptions.iter().any(|s| s.temporarily_disabled);
        for _ in 0..1_000 {
            if rests() {
                break;
            }
            // The look-alike counts an answer a moment after it was given.
            self.there().await;
        }
        assert!(rests(), "three drops switch it off");
        self.answer.store(202, Ordering::SeqCst);
    }
}

fn titled(title: &str) -> NewIncident {
    NewIncident { title: title.to_owned(), ..NewIncident::default() }
}

fn is_taken(connector: &PagerDuty, (headers, body): &(HeaderMap, Bytes)) -> bool {
    match connector.receive(headers, body) {
        Ok(Received::Input(_)) => true,
        Err(Refusal::Unauthorized(_)) => false,
        other => panic!("{other:?}"),
    }
}

fn is_put_off(connector: &PagerDuty, (headers, body): &(HeaderMap, Bytes)) -> bool {
    matches!(connector.receive(headers, body), Err(Refusal::Later(_)))
}

#[tokio::test]
async fn a_subscription_is_made_once_and_its_webhooks_are_taken_after_a_restart_too() {
    let mut world = World::new().await;
    let connector = world.connector();
    let looked = connector.look(&*world.store).await;
    assert_eq!((looked.result, world.there().await.len()), (CheckResult::Warning, 0), "{looked:?}");

    let made = world.run(&connector).await;
    assert_eq!((made.check.result, made.repairs.as_slice()), (CheckResult::Ok, ["made"].as_slice()), "{made:?}");
    assert_eq!(made.again_ms, 5 * MINUTE_MS);
    let only = world.only().await;
    assert_eq!(only.description.as_deref(), Some("Pagebridge test, system pd"));
    assert!(only.events.iter().any(|event| event == "incident.annotated"), "{:?}", only.events);
    assert_eq!(world.secrets().await, [only.id.as_str()]);
    let secret = world.store.kept().await.expect("reads").pop().expect("one").1;
    assert!(!format!("{made:?}{connector:?}").contains(secret.expose()));

    world.stranger();
    let webhook = world.next().await;
    assert!(is_taken(&connector, &webhook));
    let forged = (webhook.0.clone(), Bytes::from([webhook.1.as_ref(), b" "].concat()));
    assert!(!is_taken(&connector, &forged));

    // Nothing is asked before its time, and nothing is made twice after it.
    world.clock.advance(MINUTE_MS);
    assert_eq!(world.run(&connector).await.again_ms, 4 * MINUTE_MS);
    world.clock.advance(4 * MINUTE_MS);
    assert_eq!(world.run(&connector).await, Upkept { repairs: Vec::new(), ..made.clone() });

    let again = world.connector();
    assert!(is_put_off(&again, &webhook), "what is kept has not been read yet");
    assert_eq!(world.run(&again).await.repairs.len(), 0);
    assert!(is_taken(&again, &webhook) && !is_taken(&again, &forged));
    let looked = again.look(&*world.store).await;
    assert_eq!(looked, made.check);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn after_three_drops_it_is_switched_on_again_and_what_was_missed_is_read() {
    let mut world = World::new().await;
    let connector = world.connector();
    world.run(&connector).await;
    let id = world.incident(&connector).await;
    world.next().await;
    world.refuse_three().await;
    // Nobody is told of this.
    world.sandbox.pagerduty().act(&id, IncidentAct::Acknowledge, "Ann").expect("it is open");
    let looked = connector.look(&*world.store).await;
    assert!(looked.result == CheckResult::Warning && looked.detail.contains("switched off"), "{looked:?}");

    world.clock.advance(MINUTE_MS / 2);
    assert_eq!(world.to_read().await, 0, "before the time of the usual reading");
    let connector = world.connector();
    let run = world.run(&connector).await;
    assert_eq!((run.check.result, run.repairs.as_slice()), (CheckResult::Ok, ["enabled"].as_slice()), "{run:?}");
    assert!(!world.only().await.delivery_method.expect("told").temporarily_disabled);
    assert_eq!(world.to_read().await, 1);
    assert_eq!(world.mark().await, format!("good {}", world.clock.now().0));
    world.stranger();
    let webhook = world.next().await;
    assert!(is_taken(&connector, &webhook));
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_was_missed_is_read_even_if_we_stop_in_between_or_were_away() {
    let mut world = World::new().await;
    let connector = world.connector();
    world.run(&connector).await;
    let start = world.clock.now();
    world.incident(&connector).await;
    world.next().await;
    world.refuse_three().await;
    let refuse = || Effect::Refuse { status: 503, headers: BTreeMap::new(), body: None };
    let reads_nothing = || Fault::new(System::PagerDuty, refuse()).only("GET /incidents");
    world.sandbox.add_fault(reads_nothing());
    world.clock.advance(MINUTE_MS / 2);
    let again = world.connector();
    let run = world.run(&again).await;
    assert_eq!((run.check.result, run.repairs.as_slice()), (CheckResult::Warning, ["enabled"].as_slice()), "{run:?}");
    assert_eq!(world.mark().await, format!("owed {}", start.0));
    assert_eq!(world.to_read().await, 0);

    // It works now, and still something is owed.
    world.sandbox.faults().reset();
    let again = world.connector();
    let run = world.run(&again).await;
    assert_eq!((run.check.result, run.repairs.len()), (CheckResult::Ok, 0), "{run:?}");
    assert_eq!(world.to_read().await, 1);
    assert_eq!(world.mark().await, format!("good {}", world.clock.now().0));

    // A night without us: PagerDuty may have switched it off and on again.
    world.clock.advance(8 * 60 * MINUTE_MS);
    world.sandbox.add_fault(reads_nothing());
    assert_eq!(world.run(&world.connector()).await.check.result, CheckResult::Warning, "it looks for what it missed");
    world.sandbox.faults().reset();
    assert_eq!(world.run(&world.connector()).await.check.result, CheckResult::Ok);
    assert_eq!(world.mark().await, format!("good {}", world.clock.now().0));
    world.sandbox.stop().await;
}

#[tokio::test]
async fn one_that_was_removed_is_made_anew_and_one_that_lacks_event_types_gets_them() {
    let world = World::new().await;
    let connector = world.connector();
    world.run(&connector).await;
    let first = world.only().await.id;
    world.incident(&connector).await;
    world.remove(&first).await;
    world.clock.advance(MINUTE_MS / 2);
    let again = world.connector();
    assert_eq!(world.run(&again).await.repairs, ["made"]);
    let second = world.only().await.id;
    assert_ne!(first, second);
    assert_eq!(world.secrets().await, [second.as_str()], "the other secret is of no use any more");
    assert_eq!(world.to_read().await, 1);

    let update = SubscriptionUpdate {
        active: Some(false),
        events: Some(vec!["incident.escalated".to_owned()]),
        ..SubscriptionUpdate::default()
    };
    world.client.call(&webhook_subscriptions::update(&second, &update)).await.expect("changes");
    assert_eq!(world.run(&world.connector()).await.repairs, ["enabled", "events"]);
    let only = world.only().await;
    assert!(only.active && only.events.len() == 9, "{only:?}");
    world.sandbox.stop().await;
}

#[tokio::test]
async fn one_that_somebody_else_made_is_told_of_and_left_alone() {
    let mut world = World::new().await;
    let made = world.by_hand().await;
    let connector = world.connector();
    let run = world.run(&connector).await;
    assert_eq!((run.check.result, run.repairs.len()), (CheckResult::Warning, 0));
    assert!(run.check.detail.contains(made.id.as_str()) && run.check.remedy.contains("webhook_secrets"), "{run:?}");
    assert_eq!(world.only().await.events.len(), 1);

    // With its secret it is as good as any.
    let secret = made.delivery_method.and_then(|m| m.secret).expect("told once");
    let knows = world.connector_with(|s| s.webhook_secrets = vec![Secret::new(secret.expose())]);
    let off = SubscriptionUpdate { active: Some(false), ..SubscriptionUpdate::default() };
    world.client.call(&webhook_subscriptions::update(&made.id, &off)).await.expect("changes");
    let run = world.run(&knows).await;
    assert_eq!((run.check.result, run.repairs.as_slice()), (CheckResult::Ok, ["enabled"].as_slice()), "{run:?}");
    let incident = world.sandbox.pagerduty().open(titled("x"), "Ann").expect("opens");
    world.sandbox.pagerduty().act(&incident.id, IncidentAct::Acknowledge, "Ann").expect("it is open");
    let webhook = world.next().await;
    assert!(is_taken(&knows, &webhook));
    assert!(!is_taken(&connector, &webhook), "looked for a moment ago");
    world.clock.advance(MINUTE_MS);
    assert!(is_put_off(&connector, &webhook));
    tokio::time::timeout(Duration::from_secs(10), connector.wanted()).await.expect("asks for a look");
    world.sandbox.stop().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_made_up_for() {
    let world = World::new().await;
    let connector = world.connector();
    let lost = Fault::new(System::PagerDuty, Effect::ApplyThenReset).only("POST /webhook_subscriptions").count(1);
    world.sandbox.add_fault(lost);
    let run = world.run(&connector).await;
    assert_eq!((run.check.result, run.repairs.len()), (CheckResult::Warning, 0), "{run:?}");
    let orphan = world.only().await.id;
    for _ in 0..2 {
        // Perhaps another node is just keeping its secret.
        world.clock.advance(MINUTE_MS / 2);
        let run = world.run(&connector).await;
        assert!(run.check.detail.contains(orphan.as_str()) && run.repairs.is_empty(), "{run:?}");
        assert_eq!(run.check.result, CheckResult::Warning);
    }
    world.clock.advance(MINUTE_MS);
    let run = world.run(&connector).await;
    assert_eq!(
        (run.check.result, run.repairs.as_slice()),
        (CheckResult::Ok, ["removed", "made"].as_slice()),
        "{run:?}"
    );
    let only = world.only().await.id;
    assert!(only != orphan && world.secrets().await == [only.as_str()]);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn two_nodes_end_with_one() {
    let mut world = World::new().await;
    let nodes = [world.connector(), world.connector()];
    let (first, second) = tokio::join!(world.run(&nodes[0]), world.run(&nodes[1]));
    let made = [first, second].iter().flat_map(|run| run.repairs.clone()).filter(|repair| *repair == "made").count();
    for _ in 0..2 {
        world.clock.advance(5 * MINUTE_MS);
        for node in &nodes {
            assert_eq!(world.run(node).await.check.result, CheckResult::Ok);
        }
    }
    let only = world.only().await.id;
    assert_eq!(world.secrets().await, [only.as_str()], "{made} were made");
    world.stranger();
    let webhook = world.next().await;
    assert!(nodes.iter().all(|node| is_taken(node, &webhook)));
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_token_that_may_not_is_told() {
    let world = World::new().await;
    let connector = world.connector();
    let refuse = Effect::Refuse { status: 403, headers: BTreeMap::new(), body: None };
    world.sandbox.add_fault(Fault::new(System::PagerDuty, refuse).only("webhook_subscriptions"));
    let run = world.run(&connector).await;
    assert_eq!((run.check.result, run.again_ms), (CheckResult::Warning, MINUTE_MS));
    assert!(run.check.detail.contains("403") && run.check.remedy.contains("API token"), "{run:?}");
    assert_eq!(connector.look(&*world.store).await, run.check);
    let now: Timestamp = world.clock.now();
    assert!(now.0 > 0 && world.mark().await.is_empty());
    world.sandbox.stop().await;
}

#[tokio::test]
async fn the_subscription_of_several_services_is_the_accounts() {
    let mut world = World::new().await;
    let connector = world.connector_with(|s| s.services = ["PANOTHER".to_owned()].into());
    for repairs in [vec!["made"], Vec::new()] {
        let upkept = world.run(&connector).await;
        assert_eq!((upkept.check.result, upkept.repairs), (CheckResult::Ok, repairs), "{:?}", upkept.check);
    }
    let filter = world.only().await.filter.expect("a filter");
    assert_eq!((filter.kind.as_str(), filter.id), ("account_reference", None));
    world.stranger();
    assert!(is_taken(&connector, &world.next().await));
}
