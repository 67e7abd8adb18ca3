//! Which actions are tools for assistants.

use super::{GOOD, good, told};
use pagebridge_mcp::Rules;

#[test]
fn without_the_section_everything_may_be_read_and_nothing_changed() {
    assert_eq!(good(GOOD).mcp, Rules::default());
}

#[test]
fn what_is_allowed_and_how_often_is_read() {
    let config = good(&format!(
        r#"{GOOD}
[mcp]
read = ["incident.*"]
allow = ["incident.acknowledge"]
per_hour = {{ "incident.acknowledge" = 20 }}
dry_run = true
allowed_origins = ["https://app.example.com:443"]
"#
    ));
    let rules = Rules {
        read: vec!["incident.*".to_owned()],
        allow: vec!["incident.acknowledge".to_owned()],
        per_hour: vec![("incident.acknowledge".to_owned(), 20)],
        dry_run: true,
        allowed_origins: vec!["https://app.example.com:443".to_owned()],
    };
    assert_eq!(config.mcp, rules);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    insta::assert_snapshot!(told(&format!(
        r#"{GOOD}
[mcp]
allow = ["incident.acknowlege", "incident.get"]
per_hour = {{ "incident.create_note" = -1 }}
allowed_origins = ["app.example.com", "https://app.example.com"]
"#
    )));
}
