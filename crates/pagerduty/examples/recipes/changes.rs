//! Change events.

use std::error::Error;

use pagerduty::Retrying;
use pagerduty::events::change::{self, ChangeEvent};
use serde_json::{Map, json};

/// Tells that something was deployed, so that who works on an incident sees it. Nobody is paged.
pub(crate) async fn deployed(sender: &Retrying, routing_key: &str) -> Result<(), Box<dyn Error>> {
    let details = [
        ("service", "api-service"),
        ("version", "v2.5.0"),
        ("environment", "production"),
        ("deployer", "ann"),
        ("commit", "0a1b2c3"),
        ("pull_request", "417"),
    ];
    let details: Map<_, _> = details.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let event = ChangeEvent::new(routing_key, "Deployed api-service v2.5.0 to production")
        .with_source("ci")
        .with_custom_details(details)
        .with_link("https://git.example.com/api-service/commit/0a1b2c3", Some("View Commit".to_owned()))
        .with_link("https://ci.example.com/api-service/42", Some("View Pipeline".to_owned()));
    // Should an answer get lost, the change shows twice, which is better than not at all.
    sender.call(&change::enqueue(&event)?.repeatable()).await?;
    Ok(())
}
