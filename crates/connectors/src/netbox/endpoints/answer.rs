//! The answers, in the words of the module that this replaces. Pure.

use pagebridge_core::EventAction;
use pagebridge_ports::Answer;
use serde_json::{Value, json};

/// What became of something that was to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// PagerDuty has taken it, under this key.
    Done(String),
    /// Nothing was sent, for this reason.
    Not(String),
    /// PagerDuty has not taken it, or not in time.
    Failed(Failed),
}

/// Why PagerDuty has not taken something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failed {
    /// PagerDuty's status; `None` when it has not answered.
    pub(super) status: Option<u16>,
    /// What happened, in words.
    pub(super) text: String,
    /// What PagerDuty lists as wrong.
    pub(super) errors: Vec<String>,
    /// What becomes of it now.
    pub(super) kept: String,
}

/// How the reason of a refused delivery begins when PagerDuty has answered.
const ANSWERED: &str = "PagerDuty answered ";

impl Failed {
    /// Takes the reason of a delivery apart, as the connector that made it has written it.
    pub(super) fn of(reason: &str, kept: &str) -> Self {
        let failed = |status, text: &str, errors| Self { status, text: text.to_owned(), errors, kept: kept.to_owned() };
        let Some(rest) = reason.strip_prefix(ANSWERED) else { return failed(None, reason, Vec::new()) };
        let mut parts = rest.split(": ");
        let status =
            parts.next().and_then(|head| head.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok());
        let text = status.map_or_else(
            || reason.to_owned(),
            |status| {
                let said = rest.split_once(": ").map_or("", |(_, said)| said);
                if said.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {said}") }
            },
        );
        // The first part is the main sentence.
        let errors: Vec<String> =
            parts.skip(1).map(|error| error.split("; check ").next().unwrap_or(error).to_owned()).collect();
        failed(status, &text, errors)
    }

    /// As one sentence, for lists.
    pub(super) fn sentence(&self) -> String {
        format!("PagerDuty API error: {}", self.text)
    }

    fn json(&self) -> Value {
        json!({
            "success": false,
            "error": self.sentence(),
            "pagerduty_status": self.status,
            "errors": self.errors,
            "message": self.kept,
        })
    }
}

/// PagerDuty's own answer to an event that it has taken.
fn taken(dedup_key: &str) -> Value {
    json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key })
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, body: body.to_string() }
}

pub(super) fn ok(body: &Value) -> Answer {
    answer(200, body)
}

/// What is wrong with a request, or keeps it from being answered.
pub(super) fn error(status: u16, text: impl Into<String>) -> Answer {
    answer(status, &json!({ "error": text.into() }))
}

/// In the form of NetBox itself: who calls, and by which method.
pub(super) fn detail(status: u16, text: &str) -> Answer {
    answer(status, &json!({ "detail": text }))
}

pub(super) fn not_enabled() -> Answer {
    error(400, "PagerDuty integration is not enabled")
}

pub(super) fn not_configured() -> Answer {
    error(400, NOT_CONFIGURED)
}

pub(super) const NOT_CONFIGURED: &str = "PagerDuty is not properly configured (missing routing key)";

/// What a send of one object is answered; `what` is `Event 7`, `as_what` what the old module appended.
pub(super) fn sent(what: &str, as_what: &str, sent: &Sent) -> Answer {
    match sent {
        Sent::Done(key) => ok(&json!({
            "success": true, "message": format!("{what} sent to PagerDuty{as_what}"), "result": taken(key),
        })),
        Sent::Not(why) => {
            let kind = what.split(' ').next().unwrap_or(what);
            ok(
                &json!({ "success": false, "message": format!("{kind} was not sent (check configuration)"), "reason": why }),
            )
        }
        Sent::Failed(failed) => answer(502, &failed.json()),
    }
}

/// What a send of an Incident appends.
pub(super) fn by_action(action: EventAction) -> String {
    let word = match action {
        EventAction::Trigger => "trigger",
        EventAction::Acknowledge => "acknowledge",
        EventAction::Resolve => "resolve",
    };
    format!(" (action: {word})")
}

pub(super) fn resolved(sent: &Sent, dedup_key: &str) -> Answer {
    match sent {
        Sent::Done(key) => ok(&json!({
            "success": true, "message": "PagerDuty event resolved", "dedup_key": key, "result": taken(key),
        })),
        Sent::Not(why) => ok(&json!({
            "success": false, "message": "PagerDuty event was not resolved", "dedup_key": dedup_key, "reason": why,
        })),
        Sent::Failed(failed) => answer(502, &failed.json()),
    }
}

pub(super) fn custom(sent: &Sent) -> Answer {
    match sent {
        Sent::Done(key) => ok(&json!({
            "success": true, "message": "Custom PagerDuty event triggered", "result": taken(key),
        })),
        Sent::Not(why) => {
            ok(&json!({ "success": false, "message": "Custom PagerDuty event was not sent", "reason": why }))
        }
        Sent::Failed(failed) => answer(502, &failed.json()),
    }
}

/// Both halves of a test are told. It succeeds only when both were taken; then nothing is left open.
pub(super) fn tested(trigger: &Sent, resolve: &Sent) -> Answer {
    let half = |sent: &Sent| match sent {
        Sent::Done(key) => taken(key),
        Sent::Not(why) => json!({ "status": "skipped", "message": why }),
        Sent::Failed(failed) => failed.json(),
    };
    let (trigger_result, resolve_result) = (half(trigger), half(resolve));
    let failed = [trigger, resolve].into_iter().find_map(|sent| match sent {
        Sent::Failed(failed) => Some(failed),
        Sent::Done(_) | Sent::Not(_) => None,
    });
    if let Some(failed) = failed {
        let mut body = failed.json();
        body["trigger_result"] = trigger_result;
        body["resolve_result"] = resolve_result;
        return answer(502, &body);
    }
    let success = matches!((trigger, resolve), (Sent::Done(_), Sent::Done(_)));
    let message = if success { "Test event sent and resolved successfully" } else { "Test event was not sent" };
    ok(&json!({
        "success": success, "message": message, "trigger_result": trigger_result, "resolve_result": resolve_result,
    }))
}

/// What became of one Event of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OfMany {
    Sent(Sent),
    NotFound,
    /// It could not be read.
    Unread(String),
}

pub(super) fn bulk(all: &[(i64, OfMany)]) -> Answer {
    let (mut success, mut failed, mut not_found) = (Vec::new(), Vec::new(), Vec::new());
    for (id, one) in all {
        match one {
            OfMany::Sent(Sent::Done(_)) => success.push(json!({ "event_id": id, "status": "success" })),
            OfMany::Sent(Sent::Not(_)) => {
                failed.push(json!({ "event_id": id, "reason": "Not sent (check configuration)" }));
            }
            OfMany::Sent(Sent::Failed(why)) => {
                let reason = format!("{}; {}", why.sentence(), why.kept);
                failed.push(json!({ "event_id": id, "reason": reason }));
            }
            OfMany::Unread(why) => failed.push(json!({ "event_id": id, "reason": why })),
            OfMany::NotFound => not_found.push(json!(id)),
        }
    }
    ok(&json!({
        "total_requested": all.len(),
        "success_count": success.len(),
        "failed_count": failed.len(),
        "not_found_count": not_found.len(),
        "results": { "success": success, "failed": failed, "not_found": not_found },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::pagerduty::{Effect, Error, RateLimit, ResponseError};

    fn body(answer: &Answer) -> Value {
        serde_json::from_str(&answer.body).expect("JSON")
    }

    /// The reason as a connector writes it.
    fn reason(status: u16, message: &str, errors: &[&str]) -> String {
        crate::outcome::with_causes(&Error::Response(Box::new(ResponseError {
            status,
            code: None,
            message: message.to_owned(),
            errors: errors.iter().map(|&error| error.to_owned()).collect(),
            retry_after: None,
            rate_limit: RateLimit::default(),
            request_id: None,
            effect: Effect::Repeatable,
            throttled: status == 429,
        })))
    }

    #[test]
    fn what_pagerduty_says_is_told_with_its_status_and_its_list() {
        let told = reason(400, "Event object is invalid", &["Length of 'routing_key' is incorrect", "b"]);
        let failed = Failed::of(&format!("{told}; check routing_key of system `pd`"), "It is kept.");
        assert_eq!(
            (failed.status, failed.errors),
            (Some(400), vec!["Length of 'routing_key' is incorrect".to_owned(), "b".to_owned()])
        );
        let failed = Failed::of(&reason(503, "", &[]), "It is kept.");
        assert_eq!((failed.status, failed.text.as_str(), failed.errors.len()), (Some(503), "HTTP 503", 0));
        let failed = Failed::of("no answer from PagerDuty, the call may have been applied", "It is kept.");
        assert_eq!((failed.status, failed.errors.len()), (None, 0));
        let told =
            sent("Event 7", "", &Sent::Failed(Failed::of(&reason(429, "throttle exceeded", &[]), "It is kept.")));
        assert_eq!(
            (told.status, body(&told)),
            (
                502,
                json!({
                    "success": false, "error": "PagerDuty API error: HTTP 429: throttle exceeded",
                    "pagerduty_status": 429, "errors": [], "message": "It is kept.",
                })
            )
        );
    }

    #[test]
    fn nothing_succeeds_that_was_not_sent() {
        let (done, not) = (Sent::Done("k".into()), Sent::Not("why".into()));
        let failed = Sent::Failed(Failed::of("no route", "It is kept."));
        for (answer, success) in [
            (sent("Event 7", "", &done), true),
            (sent("Event 7", "", &not), false),
            (sent("Event 7", "", &failed), false),
            (resolved(&done, "k"), true),
            (resolved(&not, "k"), false),
            (resolved(&failed, "k"), false),
            (custom(&done), true),
            (custom(&not), false),
            (custom(&failed), false),
            (tested(&done, &done), true),
            (tested(&done, &not), false),
            (tested(&not, &not), false),
            (tested(&done, &failed), false),
            (tested(&failed, &done), false),
        ] {
            assert_eq!(body(&answer)["success"], success, "{answer:?}");
            assert_eq!(answer.status == 502, body(&answer)["error"].is_string(), "{answer:?}");
        }
        let told = body(&tested(&done, &failed));
        assert_eq!(
            (&told["trigger_result"]["status"], &told["resolve_result"]["success"]),
            (&json!("success"), &json!(false))
        );
    }

    #[test]
    fn the_words_are_the_old_ones() {
        let done = Sent::Done("netbox-event-abc".into());
        let told = body(&sent("Incident 7", &by_action(EventAction::Resolve), &done));
        assert_eq!(told["message"], "Incident 7 sent to PagerDuty (action: resolve)");
        assert_eq!(told["result"]["dedup_key"], "netbox-event-abc");
        let told = body(&sent("Incident 7", "", &Sent::Not("no bridge".into())));
        assert_eq!(told["message"], "Incident was not sent (check configuration)");
        let many = [
            (1, OfMany::Sent(done)),
            (2, OfMany::NotFound),
            (3, OfMany::Sent(Sent::Not("no".into()))),
            (4, OfMany::Unread("NetBox cannot be read".into())),
        ];
        assert_eq!(
            body(&bulk(&many)),
            json!({
                "total_requested": 4, "success_count": 1, "failed_count": 2, "not_found_count": 1,
                "results": {
                    "success": [{"event_id": 1, "status": "success"}],
                    "failed": [
                        {"event_id": 3, "reason": "Not sent (check configuration)"},
                        {"event_id": 4, "reason": "NetBox cannot be read"},
                    ],
                    "not_found": [2],
                },
            })
        );
    }
}
