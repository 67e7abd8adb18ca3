//! Who may use which tables.

mod common;

use common::{Schema, open, rules};
use futures_util::future::join_all;
use pagebridge_ports::{Store, StoreError};
use pagebridge_store_postgres::{ConnectError, Options, PostgresStore};

async fn refusal(schema: &Schema, change: &str) -> String {
    schema.client().await.batch_execute(change).await.expect("changes");
    match schema.try_node().await.map(|_| ()) {
        Err(ConnectError::Store(StoreError::Unreadable(words))) => words,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn nodes_that_start_together_make_the_tables_once() {
    let Some(schema) = Schema::fresh() else { return };
    let nodes = join_all((0..4).map(|_| schema.node())).await;
    let tags: Vec<_> = nodes.iter().map(|n| n.bridges().instance.clone()).collect();
    assert_eq!(tags, ["test"; 4]);
    assert_eq!(schema.number("SELECT count(*) FROM migration").await, 3);
    schema.drop_it().await;
}

#[tokio::test]
async fn an_installation_without_a_tag_is_given_one() {
    let Some(schema) = Schema::fresh() else { return };
    let connect = || PostgresStore::connect(&schema.url, rules().with_instance(""), Options::with_schema(&schema.name));
    let tag = connect().await.expect("up").bridges().instance.clone();
    assert!(tag.len() == 8 && tag.bytes().all(|b| b.is_ascii_alphanumeric()), "{tag}");
    assert_eq!(connect().await.expect("up").bridges().instance, tag);
    schema.drop_it().await;
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    let Some(schema) = Schema::fresh() else { return };
    open(&schema.node().await, "a-1").await;
    let words = refusal(&schema, "INSERT INTO migration VALUES (4, 'later', 'ff')").await;
    assert!(words.contains("newer program") && words.contains("(later)"), "{words}");
    schema.drop_it().await;
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let Some(schema) = Schema::fresh() else { return };
    open(&schema.node().await, "a-1").await;
    let words = refusal(&schema, "UPDATE migration SET sha256 = 'ff' WHERE number = 1").await;
    assert!(words.contains("migration 1 (start)"), "{words}");
    schema.drop_it().await;
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_port_are_said_without_the_password() {
    let Some(schema) = Schema::fresh() else { return };
    let url = "postgres://nobody_such:geheim@127.0.0.1:1/postgres";
    let error = PostgresStore::connect(url, rules(), Options::with_schema(&schema.name)).await.map(|_| ());
    let words = error.expect_err("nobody listens there").to_string();
    assert!(words.contains("could not connect to the database") && !words.contains("geheim"), "{words}");
}
