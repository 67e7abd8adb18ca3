//! What a card looks like, and that it fits.

use super::*;
use crate::chat::samples;
use pagebridge_core::Content;

fn delivery(status: Status) -> Delivery {
    Delivery {
        content: Content {
            title: "Disk full [click](https://evil.test)".to_owned(),
            body: "98 %".to_owned(),
            ..Content::default()
        },
        note: "ann: looking".to_owned(),
        ..samples::delivery("teams", status)
    }
}

#[test]
fn a_card_says_where_the_incident_stands() {
    insta::assert_json_snapshot!("triggered", status(&delivery(Status::Triggered)));
    let again = status(&Delivery { uncertain: true, ..delivery(Status::Triggered) }).to_string();
    assert!(again.contains("may be here twice"), "{again}");
}

#[test]
fn the_largest_card_fits() {
    // The longest in bytes: every character escaped, or of four bytes.
    for fill in ["*", "\u{1f525}"] {
        let long = fill.repeat(50_000);
        let content = Content {
            title: long.clone(),
            body: long.clone(),
            service_name: Some(long.clone()),
            priority: Some(long.clone()),
            assignees: vec![long.clone(); 9],
            ..Content::default()
        };
        let large =
            Delivery { content, by: Some(long.clone()), note: long, uncertain: true, ..delivery(Status::Triggered) };
        assert!(status(&large).to_string().len() < 28 * 1024, "{}", status(&large).to_string().len());
        assert!(note(&large).to_string().len() < 28 * 1024, "{}", note(&large).to_string().len());
    }
}
