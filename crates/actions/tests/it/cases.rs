//! An input for every action, by the tables of the catalogue. `$name` is found or made before (`World::id`). Other surfaces read them too.

use serde_json::Value;

const CASES: &str = include_str!("../../../../fixtures/actions/cases.json");

/// Name and input.
pub(crate) type Case = (String, Value);

/// The cases of one table.
pub(crate) fn of(group: &str) -> Vec<Case> {
    let mut all: Value = serde_json::from_str(CASES).expect("JSON");
    serde_json::from_value(all[group].take()).unwrap_or_else(|error| panic!("{group}: {error}"))
}
