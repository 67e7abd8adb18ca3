//! What is accepted stays.

use super::support::{Place, open};
use crate::{Options, SqliteStore};
use pagebridge_core::Bridges;
use pagebridge_ports::{Store, conformance};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn the_sqlite_store_conforms() {
    let places = Mutex::new(Vec::new());
    let fresh = |bridges: Arc<Bridges>| {
        let place = Place::new();
        let options = Options::not_durable_for_simulations_only();
        let store = SqliteStore::open(&place.path(), (*bridges).clone(), options).expect("opens");
        places.lock().expect("nobody panics with it").push(place);
        async move { Arc::new(store) as Arc<dyn Store> }
    };
    conformance::suite(fresh).await;
}
