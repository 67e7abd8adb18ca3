//! A schema of its own for every test, on the server that the test command has started.

#![allow(dead_code, reason = "each test program uses its own part of this")]

pub(crate) mod proxy;

use pagebridge_core::{
    Bridge, Bridges, IncidentId, Input, InputId, News, Opening, Outcome, RecordRef, Status, Step, SystemName,
    Timestamp, Work,
};
use pagebridge_ports::{Leased, Settled, Settlement, Store, StoreError};
use pagebridge_store_postgres::{ConnectError, Options, PostgresStore};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, NoTls};

pub(crate) const START: Timestamp = Timestamp(1_795_183_200_000);
pub(crate) const TTL_MS: i64 = 30_000;
const VARIABLE: &str = "PAGEBRIDGE_TEST_POSTGRES";

/// The address of the server; without one the test is skipped in plain sight, and fails where that would be missed.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{VARIABLE} is not set, and CI must run these tests");
        eprintln!("SKIPPED: {VARIABLE} is not set; run with `cargo xtask postgres -- cargo test`");
    }
    url
}

/// A database schema that no other test uses.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Schema {
    pub(crate) fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        server().map(|url| Self { url, name })
    }

    pub(crate) async fn node(&self) -> PostgresStore {
        self.try_node().await.expect("the server is up")
    }

    pub(crate) async fn try_node(&self) -> Result<PostgresStore, ConnectError> {
        PostgresStore::connect(&self.url, rules(), Options::with_schema(&self.name)).await
    }

    /// A connection that looks at the tables from outside.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.expect("the server is up");
        #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path = \"{}\"", self.name)).await.expect("the schema can be used");
        client
    }

    /// Runs a query that gives one number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.expect("the query runs").get(0)
    }

    pub(crate) async fn drop_it(&self) {
        let sql = format!("DROP SCHEMA IF EXISTS \"{}\" CASCADE", self.name);
        self.client().await.batch_execute(&sql).await.expect("the schema can go");
    }
}

pub(crate) fn rules() -> Bridges {
    Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]).with_instance("test")
}

pub(crate) fn opsgenie() -> SystemName {
    SystemName::new("opsgenie")
}

pub(crate) fn pagerduty() -> SystemName {
    SystemName::new("pagerduty")
}

pub(crate) fn created(alert: &str) -> Input {
    let mut input = Input::news(opsgenie(), alert, News::Opened(Opening::titled(&format!("alert {alert}"))));
    input.id = InputId::from_parts(&[alert, "Create"]);
    input
}

pub(crate) fn acknowledged(alert: &str, id: &str) -> Input {
    let mut input = Input::news(opsgenie(), alert, News::Status(Status::Acknowledged));
    input.id = InputId::from_parts(&[id]);
    input
}

pub(crate) async fn open(store: &dyn Store, alert: &str) -> IncidentId {
    let accepted = store.accept(created(alert), START).await.expect("a healthy store accepts");
    accepted.incident.expect("an opened incident has a number")
}

pub(crate) async fn lease(store: &dyn Store, now: Timestamp, limit: usize) -> Vec<Leased> {
    store.lease(&pagerduty(), now, TTL_MS, limit).await.expect("a healthy store leases")
}

/// Says that the far side made a record.
pub(crate) async fn settle(store: &dyn Store, leased: Leased, now: Timestamp) -> Result<Settled, StoreError> {
    let step = match &leased.work {
        Work::Deliver(delivery) => Some(delivery.step.clone()),
        Work::Poll { .. } => None,
    };
    assert_eq!(step, Some(Step::Create));
    let record = Some(RecordRef::id(&format!("P{}", leased.lease.incident)));
    let outcome = Outcome::Delivered { record, status: Some(Status::Triggered), status_at: None, note: None };
    let settlement = Settlement { number: leased.work.number(), step, started_at: leased.lease.since, outcome };
    store.settle(leased.lease, settlement, now).await
}
