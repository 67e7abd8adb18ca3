//! NetBox's error replies; every layer has an envelope of its own.

use serde_json::{Value, json};

use super::model::Fields;
use crate::wire::Reply;

/// How NetBox labels JSON.
pub(crate) const JSON: &str = "application/json";

/// A request that NetBox refuses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// Most of what is refused: `detail`.
    Detail(u16, String),
    /// Fields of a model that cannot be so.
    Invalid(Fields),
    /// The same in the envelope of the alert intake.
    InvalidAlert(Fields),
    /// An action of the plugin.
    Action(u16, String, String),
    /// The code behind it failed.
    Crash { error: String, exception: &'static str },
    /// There is no such route: a page for people.
    NoRoute,
    /// The URL ends without its slash.
    Moved(String),
}

impl Refusal {
    pub(crate) fn no_credentials() -> Refusal {
        Refusal::Detail(403, "Authentication credentials were not provided.".to_owned())
    }

    pub(crate) fn no_permission() -> Refusal {
        Refusal::Detail(403, "You do not have permission to perform this action.".to_owned())
    }

    pub(crate) fn no_object(title: &str) -> Refusal {
        Refusal::Detail(404, format!("No {title} matches the given query."))
    }

    pub(crate) fn method(method: &str) -> Refusal {
        Refusal::Detail(405, format!("Method \"{method}\" not allowed."))
    }

    /// The plugin's serializers lack the nested form that NetBox asks them for.
    pub(crate) fn not_nested() -> Refusal {
        let error = "Field.__init__() got an unexpected keyword argument 'nested'".to_owned();
        Refusal::Crash { error, exception: "TypeError" }
    }

    pub(crate) fn reply(&self) -> Reply {
        match self {
            Refusal::Detail(status, detail) => json_reply(*status, &json!({"detail": detail})),
            Refusal::Invalid(errors) => json_reply(400, &Value::Object(errors.clone())),
            Refusal::InvalidAlert(errors) => json_reply(400, &json!({"errors": errors})),
            Refusal::Action(status, error, details) if details.is_empty() => {
                json_reply(*status, &json!({"error": error}))
            }
            Refusal::Action(status, error, details) => {
                json_reply(*status, &json!({"error": error, "details": details}))
            }
            Refusal::Crash { error, exception } => crash(error, exception),
            Refusal::NoRoute => Reply::bytes(404, "text/html; charset=utf-8", page_not_found().into()),
            Refusal::Moved(to) => Reply::bytes(301, "text/html; charset=utf-8", "".into()).with("Location", to),
        }
    }

    /// Makes the reply that NetBox, or what stands before it, would give for a status that a fault chose.
    pub(crate) fn of_status(status: u16) -> Reply {
        match status {
            403 => Refusal::no_permission().reply(),
            404 => Refusal::Detail(404, "Not found.".to_owned()).reply(),
            429 => Refusal::Detail(429, "Request was throttled.".to_owned()).reply(),
            500 => crash("the database is not there", "OperationalError"),
            400..=499 => Refusal::Detail(status, "The request cannot be processed.".to_owned()).reply(),
            _ => Reply::bytes(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>").into()),
        }
    }
}

pub(crate) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::bytes(status, JSON, body.to_string().into())
}

fn crash(error: &str, exception: &str) -> Reply {
    let body = json!({"error": error, "exception": exception, "netbox_version": "4.5.0", "python_version": "3.12.1"});
    json_reply(500, &body)
}

fn page_not_found() -> String {
    "<!DOCTYPE html>\n<html lang=\"en\" data-netbox-version=\"4.5.0\">\n<head><title>Page Not Found | NetBox</title></head>\n\
     <body><h1>Page Not Found</h1><p>The requested page does not exist.</p></body>\n</html>\n"
        .to_owned()
}
