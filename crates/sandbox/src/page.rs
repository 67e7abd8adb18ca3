//! The pages that show people what a sandbox holds, with forms to act on it.
//!
//! Every button is a plain form; a small script of its own only keeps the page fresh. Whether a form comes from our own
//! page is checked where all writes to the control listener are (`control`).

mod alert;
mod forms;
mod incident;
mod layout;
mod overview;

use maud::Markup;

use self::forms::FormError;
use crate::running::Handle;
use crate::wire::{Call, Reply};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// Nothing from elsewhere, no inline script or style, and no other site may show the page in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers what people ask for in a browser; none if the call is not for a page.
pub(crate) fn answer(handle: &Handle, call: &Call) -> Option<Reply> {
    let parts = call.parts();
    let reply = match (call.method.as_str(), parts.as_slice()) {
        ("GET", []) => shown(200, overview::render(&handle.snapshot())),
        ("GET", ["incidents", id]) => {
            found(id, handle.pagerduty().incident(id).ok(), |incident| incident::render(&handle.snapshot(), incident))
        }
        ("GET", ["alerts", id]) => {
            found(id, handle.opsgenie().alert(id).ok(), |alert| alert::render(&handle.snapshot(), alert))
        }
        ("GET", ["page.css"]) => Reply::asset("text/css;charset=utf-8", STYLE),
        ("GET", ["page.js"]) => Reply::asset("text/javascript;charset=utf-8", SCRIPT),
        ("POST", ["page", what @ ..]) => match forms::take(handle, what, &call.form()) {
            Ok(back) => Reply::empty(303).with("location", back),
            Err(error) => shown(error.status(), layout::refused(&error.to_string())),
        },
        _ => return None,
    };
    Some(guarded(reply))
}

/// Refuses a write that another site's page made a browser send.
pub(crate) fn foreign() -> Reply {
    guarded(shown(403, layout::refused("This came from a page of another site and was not done.")))
}

fn found<T>(id: &str, found: Option<T>, render: impl FnOnce(&T) -> Markup) -> Reply {
    match found {
        Some(found) => shown(200, render(&found)),
        None => shown(404, layout::refused(&FormError::NotThere(id.to_owned()).to_string())),
    }
}

fn shown(status: u16, page: Markup) -> Reply {
    Reply::html(status, page.into_string())
}

fn guarded(reply: Reply) -> Reply {
    reply
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        // Not `no-referrer`: browsers would then hide the origin of the forms, which is checked.
        .with("referrer-policy", "same-origin")
        .with("cache-control", "no-store")
}
