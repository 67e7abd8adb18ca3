//! What a post looks like in each status, and the code in its buttons.

use super::*;
use crate::Secret;
use crate::chat::samples;
use pagebridge_core::Content;

fn delivery(status: Status) -> Delivery {
    Delivery {
        content: Content {
            title: "Disk full [click](https://evil.test) @channel".to_owned(),
            service_name: Some("Production".to_owned()),
            ..Content::default()
        },
        by: (status != Status::Triggered).then(|| "Ann Berg (PagerDuty)".to_owned()),
        note: "ann: looking @all".to_owned(),
        ..samples::delivery("mattermost", status)
    }
}

fn buttons() -> Buttons {
    Buttons { secret: Secret::new("button-secret"), public_url: "https://bridge.example.com/".to_owned() }
}

#[test]
fn each_status_has_its_post() {
    let shown = |status| post(&delivery(status), "12/Q1", Some(&buttons()));
    insta::assert_json_snapshot!("triggered", shown(Status::Triggered));
    insta::assert_json_snapshot!("acknowledged", shown(Status::Acknowledged));
    insta::assert_json_snapshot!("resolved", shown(Status::Resolved));
}

#[test]
fn the_code_is_that_of_action_and_incident() {
    // printf 'v1:pb_ack:Q1' | openssl dgst -sha256 -hmac button-secret
    let expected = "c25c6fd1737b599d4cbd485ade72a1e943d4946a9d690853e8681fd74e722a78";
    assert_eq!(code(&buttons(), "pb_ack", "Q1"), expected);
    assert_ne!(code(&buttons(), "pb_ack", "Q2"), expected);
    assert_ne!(code(&buttons(), "pb_resolve", "Q1"), expected);
}

#[test]
fn there_are_no_buttons_without_a_secret() {
    assert!(post(&delivery(Status::Triggered), "m", None)["props"]["attachments"][0].get("actions").is_none());
}

#[test]
fn a_note_calls_nobody() {
    assert_eq!(note(&delivery(Status::Triggered))["message"], "ann: looking @\u{200b}all");
}
