//! Tokens of the API, and the account that actions are run in.

use super::{GOOD, good, told};
use pagebridge_access::Role;
use pagebridge_server::TokenHash;

#[test]
fn a_token_is_given_by_its_hash_or_by_where_it_is() {
    let hash = TokenHash::of("from-a-file-that-nobody-reads");
    let config = good(&format!(
        r#"{GOOD}
[actions]
system = "pagerduty"
events_url = "https://events.example.com"
routing_key = {{ env = "KEY" }}

[[server.tokens]]
name = "ci"
hash = "{hash}"
role = "responder"
from = "ci@example.com"
actions = ["incident.*", "event.trigger"]
per_hour = {{ "incident.create.rest_v2.simple" = 20, "*" = 1000 }}

[[server.tokens]]
name = "screen"
token = {{ env = "OLD_SECRET", default = "a-token-that-is-long-enough" }}
role = "viewer"
dry_run = true
"#
    ));
    let [ci, screen] = &config.tokens[..] else { panic!("two tokens") };
    assert_eq!(ci.hash, hash);
    assert_eq!((ci.principal.name.as_str(), ci.principal.role), ("token ci", Role::Responder));
    assert_eq!(ci.principal.from.as_deref(), Some("ci@example.com"));
    assert_eq!(ci.principal.actions.as_ref().map(Vec::len), Some(2));
    assert_eq!(ci.principal.per_hour, [("incident.create.rest_v2.simple".to_owned(), 20), ("*".to_owned(), 1_000)]);
    assert_eq!(screen.hash, TokenHash::of("a-token-that-is-long-enough"));
    assert!(screen.principal.dry_run && !ci.principal.dry_run);
    assert_eq!(config.actions.routing_key.as_ref().map(|key| key.expose().to_owned()).as_deref(), Some("k-1"));
}

#[test]
fn what_is_wrong_with_tokens_is_told_and_no_token_shown() {
    let text = format!(
        r#"{GOOD}
[actions]
system = "opsgenie"

[server]
api_token = "s3cret-of-enough-letters"

[[server.tokens]]
name = "a b"
hash = "sha256:12"
role = "root"

[[server.tokens]]
name = "short"
token = "s3cret"
role = "viewer"
actions = ["incidents.*", "incident.acknowledge"]
per_hour = {{ incident.create = 5, "nothing" = 1 }}

[[server.tokens]]
name = "same"
token = "s3cret-of-enough-letters"
role = "admin"

[[server.tokens]]
name = "same"
token = {{ env = "KEY" }}
hash = "s3cret"

[[server.tokens]]
"#
    );
    let told = told(&text);
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}
