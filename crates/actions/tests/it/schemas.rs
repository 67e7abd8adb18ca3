//! The catalogue is sound, and has all that the pack had.

use std::collections::BTreeSet;

use pagebridge_actions::{Catalogue, Effect, Since, Surface};

const PACK: &str = include_str!("pack.txt");

#[test]
fn all_65_actions_of_the_pack_are_there() {
    let pack: BTreeSet<&str> = PACK.lines().collect();
    assert_eq!(pack.len(), 65);
    let catalogue = Catalogue::new();
    let ours: BTreeSet<&str> =
        catalogue.actions().filter(|action| action.since == Since::Pack).map(|action| action.name).collect();
    assert_eq!(pack, ours);
}

#[test]
fn schemas_are_schemas() {
    for action in Catalogue::new().actions() {
        for schema in [action.input(), action.output()] {
            if let Err(error) = jsonschema::meta::validate(&schema) {
                panic!("{}: {error}", action.name);
            }
            assert!(jsonschema::validator_for(&schema).is_ok(), "{}", action.name);
        }
    }
}

#[test]
fn names_paths_and_words_are_in_order() {
    for action in Catalogue::new().actions() {
        let name = action.name;
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)), "{name}");
        assert!(!action.title.is_empty() && !action.title.ends_with('.'), "{name}: the title is a heading");
        let call = action.call();
        let places: BTreeSet<&str> =
            call.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let given: BTreeSet<&str> = action.params.iter().map(|param| param.name).collect();
        assert!(places.is_subset(&given), "{name}: {call} needs what the input has not");
        assert!(places.iter().all(|place| action.params.iter().any(|param| param.name == *place && param.required)));
        assert_eq!(given.len(), action.params.len(), "{name}: a field is there twice");
        assert!(action.surfaces.contains(&Surface::Cli), "{name}");
        assert_eq!(call.starts_with("GET "), action.effect == Effect::ReadOnly, "{name}");
        assert!(
            action
                .params
                .iter()
                .all(|param| param.secret == param.name.ends_with("_key") || !param.name.contains("routing"))
        );
    }
}
