//! The error replies of PagerDuty's REST API.

use serde_json::{Value, json};

use crate::wire::Reply;

/// A request that PagerDuty refuses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: &'static str,
    pub(crate) errors: Option<Vec<String>>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: &'static str) -> Refusal {
        Refusal { status, code, message, errors: None }
    }

    pub(crate) fn because(self, error: impl Into<String>) -> Refusal {
        let mut errors = self.errors.unwrap_or_default();
        errors.push(error.into());
        Refusal { errors: Some(errors), ..self }
    }

    pub(crate) fn invalid(error: impl Into<String>) -> Refusal {
        Refusal::new(400, 2001, "Invalid Input Provided").because(error)
    }

    pub(crate) fn arguments(error: impl Into<String>) -> Refusal {
        Refusal::new(400, 2002, "Arguments Caused Error").because(error)
    }

    pub(crate) fn not_found() -> Refusal {
        Refusal::new(404, 2100, "Not Found")
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut error = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            error["errors"] = errors.clone().into();
        }
        Reply::json(self.status, &json!({"error": error}))
    }

    /// Makes the reply that PagerDuty would give for a status that a fault chose.
    pub(crate) fn of_status(status: u16) -> Reply {
        let (code, message) = words_of_status(status);
        Refusal::new(status, code, message).reply()
    }
}

/// Tells the code and the message that PagerDuty gives with a status.
pub(crate) fn words_of_status(status: u16) -> (u32, &'static str) {
    match status {
        401 => (2006, "Authentication failed"),
        402 => (2014, "Missing Account Ability"),
        403 => (2010, "Access Denied"),
        404 => (2100, "Not Found"),
        408 => (2000, "Request Timeout"),
        429 => (2020, "Rate Limit Exceeded"),
        500.. => (2000, "Internal Server Error"),
        _ => (2001, "Invalid Input Provided"),
    }
}

/// Says that an OAuth token does not open an operation; this error alone has no code.
pub(crate) fn missing_scopes(required: &str, held: &str) -> Value {
    json!({"error": {
        "message": "Token missing required scopes", "required_scopes": required, "token_scopes": held,
    }})
}

/// Reads a request's JSON body as an object.
pub(crate) fn object(content_type: Option<&str>, body: &[u8]) -> Result<Value, Refusal> {
    let is_json = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    if !is_json {
        return Err(Refusal::new(400, 2001, "Invalid Input Provided").because("params must be a Hash"));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Refusal::invalid("params must be a Hash")),
        Err(_) => Err(Refusal::invalid("the request body is not valid JSON")),
    }
}
