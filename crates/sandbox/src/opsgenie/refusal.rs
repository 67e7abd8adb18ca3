//! Opsgenie's error replies.

use serde_json::{Map, Value, json};

use crate::wire::Reply;

/// A request that Opsgenie refuses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    status: u16,
    message: String,
    errors: Map<String, Value>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: &str) -> Refusal {
        Refusal { status, message: message.to_owned(), errors: Map::new() }
    }

    /// Makes the 422 of a body that was understood but has a bad field.
    pub(crate) fn invalid(field: &str, why: &str) -> Refusal {
        let mut refusal = Refusal::new(422, "Request body is not processable. Please check the errors.");
        refusal.errors.insert(field.to_owned(), why.into());
        refusal
    }

    pub(crate) fn not_found(message: &str) -> Refusal {
        Refusal::new(404, message)
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = self.errors.clone().into();
        }
        if self.status == 403 {
            body["code"] = 40301.into();
        }
        Reply::json(self.status, &body)
    }

    /// Makes the reply that Opsgenie would give for a status that a fault or a limit chose.
    pub(crate) fn of_status(status: u16) -> Reply {
        let message = match status {
            401 => "Could not authenticate",
            403 => "You are not authorized to perform this operation",
            429 => {
                "You are making too many requests! To avoid service interruption, please reduce the rate of your \
                 requests."
            }
            500.. => "Internal error",
            _ => "Request cannot be processed",
        };
        let reply = Refusal::new(status, message).reply();
        if status != 429 {
            return reply;
        }
        reply
            .with("X-RateLimit-State", "THROTTLED")
            .with("X-RateLimit-Reason", "ACCOUNT")
            .with("X-RateLimit-Period-In-Sec", "60")
    }
}
