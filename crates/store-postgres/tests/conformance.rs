//! The suite that every store must pass.

mod common;

use common::Schema;
use pagebridge_core::Bridges;
use pagebridge_ports::Store;
use pagebridge_store_postgres::{Options, PostgresStore};
use std::sync::Arc;

#[tokio::test]
async fn the_postgres_store_conforms() {
    if Schema::fresh().is_none() {
        return;
    }
    pagebridge_ports::conformance::suite(|bridges: Arc<Bridges>| async move {
        let schema = Schema::fresh().expect("the server was there a moment ago");
        let options = Options::with_schema(&schema.name);
        let store = PostgresStore::connect(&schema.url, (*bridges).clone(), options).await;
        Arc::new(store.expect("the server is up")) as Arc<dyn Store>
    })
    .await;
}
