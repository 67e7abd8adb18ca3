//! What the tests of the chats' messages start from.

use pagebridge_core::{Content, Delivery, IncidentId, RecordRef, Role, Status, Step, SystemName, Timestamp};

/// A message that is to be made, about an incident without a word in it.
pub(crate) fn delivery(system: &str, status: Status) -> Delivery {
    Delivery {
        incident: IncidentId(12),
        system: SystemName::new(system),
        number: 1,
        attempts: 0,
        uncertain: false,
        step: Step::Create,
        role: Role::Post,
        record: None,
        belongs_to: Some(RecordRef {
            url: Some("https://acme.pagerduty.com/incidents/Q1".to_owned()),
            ..RecordRef::id("Q1")
        }),
        left: None,
        opened_at: Timestamp(0),
        create_key: "Q1".to_owned(),
        content: Content::default(),
        status,
        by: None,
        note: String::new(),
        mark: "[pb:x-12-1]".to_owned(),
    }
}
