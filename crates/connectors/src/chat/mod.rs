//! What the chats share: what a message about an incident says, and how a bot calls.

pub(crate) mod card;
pub(crate) mod client;
#[cfg(test)]
pub(crate) mod samples;

use crate::outcome::rejected;
use pagebridge_core::{Delivery, Outcome};

/// How a message is known again whose making was not answered: by the incident's number and key.
pub(crate) fn mark(delivery: &Delivery) -> String {
    format!("{}/{}", delivery.incident, delivery.create_key)
}

/// Messages are written and never asked; the core knows.
pub(crate) fn never_read() -> Outcome {
    rejected("a message in a chat is not read back", "report this as a bug of Pagebridge, then release")
}
