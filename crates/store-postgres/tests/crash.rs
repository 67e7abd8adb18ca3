//! The server itself dies in the middle and recovers.
//!
//! A program of its own, since it takes the server from under every other test.

mod common;

use common::{START, Schema, created, lease, open, rules, settle};
use futures_util::future::join_all;
use pagebridge_ports::{Settled, Store, StoreError};
use pagebridge_store_postgres::{Options, PostgresStore};
use tokio::sync::watch;
use tokio_postgres::{Client, NoTls};

/// Kills one process of the server with SIGKILL; the server then throws everybody out and recovers from its log.
/// Returns when it has noticed.
async fn crash(schema: &Schema) {
    let (victim, bystander) = (session(schema).await, session(schema).await);
    let (killed, thrown_out) = tokio::join!(
        victim.batch_execute("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'"),
        bystander.batch_execute("SELECT pg_sleep(600)"),
    );
    assert!(killed.is_err() && thrown_out.is_err());
}

/// Connects, which takes until the server has recovered from the crash before.
async fn session(schema: &Schema) -> Client {
    loop {
        if let Ok((client, connection)) = tokio_postgres::connect(&schema.url, NoTls).await {
            #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
            tokio::spawn(connection);
            if client.batch_execute("SELECT 1").await.is_ok() {
                return client;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_server_crashes_under_load() {
    let Some(schema) = Schema::fresh() else { return };
    let server = schema.client().await;
    let setting = server.query_one("SELECT current_setting('fsync')", &[]).await.expect("reads");
    if setting.get::<_, &str>(0) != "off" {
        eprintln!("SKIPPED: this server has fsync on, so it may be somebody's and is not crashed");
        return;
    }
    let options = Options { wait_ms: 2_000, ..Options::with_schema(&schema.name) };
    let store = PostgresStore::connect(&schema.url, rules(), options).await.expect("the server is up");
    const TASKS: usize = 16;
    const EACH: usize = 60;
    let accepted = watch::Sender::new(0_usize);
    let send = async |alert: String| loop {
        match store.accept(created(&alert), START).await {
            Ok(_) => return accepted.send_modify(|n| *n += 1),
            Err(StoreError::Unavailable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    let load = join_all((0..TASKS).map(|task| {
        let send = &send;
        async move {
            for n in 0..EACH {
                send(format!("a-{task}-{n}")).await;
            }
        }
    }));
    let trouble = async {
        for at in [100, 400, 700] {
            accepted.subscribe().wait_for(|n| *n >= at).await.expect("the load goes on");
            crash(&schema).await;
        }
    };
    tokio::join!(load, trouble);
    let total = (TASKS * EACH) as i64;
    let counts = store.counts().await.expect("reads");
    assert_eq!((counts.incidents, counts.entries), (total.unsigned_abs(), total.unsigned_abs()));
    assert_eq!(schema.number("SELECT count(*) FROM journal").await, total);
    assert_eq!(schema.number("SELECT count(DISTINCT incident) FROM journal").await, total);
    let id = open(&store, "afterwards").await;
    assert_eq!(id.0, schema.number("SELECT max(id) FROM incident").await, "no number is given twice");
    let leased = lease(&store, START, 2 * TASKS * EACH).await;
    assert_eq!(leased.len(), TASKS * EACH + 1);
    for settled in join_all(leased.into_iter().map(|leased| settle(&store, leased, START))).await {
        assert_eq!(settled.expect("settles"), Settled::Done);
    }
    schema.drop_it().await;
}
