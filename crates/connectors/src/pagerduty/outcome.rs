//! The one table that says what a failed call means.

use super::PagerDuty;
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, rejected, with_causes};
use ::pagerduty::{Class, Error, Wait};
use pagebridge_core::{Outcome, SystemName, Timestamp};

impl PagerDuty {
    pub(super) fn failed(&self, error: &Error, doing: Doing) -> Outcome {
        outcome(error, doing, &self.settings.system, self.clock.now())
    }
}

fn outcome(error: &Error, doing: Doing, system: &SystemName, now: Timestamp) -> Outcome {
    let reason = with_causes(error);
    let wait_ms = |wait: Option<Wait>| wait.and_then(|wait| asked_wait_ms(wait.ms_from(now.0)));
    let setting = |remedy: &str| later(Some(SETTING_WAIT_MS), format!("{reason}; {remedy} of system `{system}`"));
    if let Some(response) = error.response() {
        match response.status {
            // Turned away at the door: not applied, whatever the call was.
            503 => return later(wait_ms(response.retry_after), reason),
            300..=399 | 407 => return setting("check api_url, and the proxy if there is one,"),
            _ => {}
        }
    }
    match error.class() {
        Class::Retry { wait } | Class::RateLimited { wait } => later(wait_ms(wait), reason),
        Class::ReadBack => Outcome::Unknown { reason },
        Class::Unauthorized => setting("check the API token"),
        Class::Forbidden => {
            setting("check what the API token and the user in `from` may do, and the plan of the account,")
        }
        Class::UnknownRequester => {
            setting("set `from` to the e-mail address of a user of the account, in the settings")
        }
        // Every incident is made on the one service, so all others would fare the same.
        Class::NotFound if doing == Doing::Create => setting("check service_id and escalation_policy"),
        Class::NotFound => Outcome::Missing,
        Class::Duplicate | Class::AlreadyResolved | Class::AlreadyAcknowledged | Class::Permanent => {
            rejected(reason, remedy(error))
        }
    }
}

fn remedy(error: &Error) -> &'static str {
    match error.response().and_then(|response| response.code) {
        Some(1014) => "set escalation_policy to a policy of the account, or leave it out, then release",
        Some(1015) => "put somebody on call in the escalation policy, then release",
        Some(1019) => "nothing: the incident was merged into another",
        _ => "change what PagerDuty names, at the origin or in the settings, then release",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::pagerduty::{Effect, RateLimit, ResponseError};
    use pagebridge_core::Scope;

    fn answer(status: u16, code: Option<u32>, message: &str, doing: Doing) -> Error {
        let effect = if doing == Doing::Read { Effect::Read } else { Effect::Once };
        Error::Response(Box::new(ResponseError {
            status,
            code,
            message: message.to_owned(),
            errors: Vec::new(),
            retry_after: None,
            rate_limit: RateLimit::default(),
            request_id: None,
            effect,
            throttled: status == 429,
        }))
    }

    fn waiting(status: u16, wait: Wait, doing: Doing) -> Error {
        match answer(status, None, "", doing) {
            Error::Response(mut response) => {
                response.retry_after = Some(wait);
                Error::Response(response)
            }
            other => other,
        }
    }

    fn garbled(effect: Effect) -> Error {
        Error::Undecodable { status: 200, problem: "not JSON".to_owned(), effect, request_id: None }
    }

    /// One word for what an outcome means, with the wait.
    fn word(outcome: &Outcome) -> (&'static str, Option<i64>) {
        match outcome {
            Outcome::NotApplied { wait_ms, scope: Scope::System, .. } => ("later", *wait_ms),
            Outcome::NotApplied { .. } => ("record later", None),
            Outcome::Unknown { .. } => ("unknown", None),
            Outcome::Rejected { .. } => ("rejected", None),
            Outcome::Missing => ("missing", None),
            Outcome::Delivered { .. } | Outcome::Read(_) => ("other", None),
        }
    }

    #[test]
    fn every_failure_has_its_outcome() {
        const READ: Doing = Doing::Read;
        const WRITE: Doing = Doing::Write;
        const CREATE: Doing = Doing::Create;
        const NOW: Timestamp = Timestamp(1_000_000);
        let minute = Some(60_000);
        let until = Wait::Until { unix_ms: NOW.0 + 30_000 };
        let table = [
            (Error::Invalid { problem: "blank".to_owned() }, WRITE, ("rejected", None)),
            (garbled(Effect::Read), READ, ("later", None)),
            (garbled(Effect::Once), WRITE, ("unknown", None)),
            (answer(301, None, "", READ), READ, ("later", minute)),
            (answer(400, Some(2001), "Invalid Input Provided", CREATE), CREATE, ("rejected", None)),
            (answer(400, Some(1008), "Requester User Not Found", WRITE), WRITE, ("later", minute)),
            (answer(400, Some(2016), "an address in the \"From\" header", WRITE), WRITE, ("later", minute)),
            (answer(400, Some(1014), "Escalation Policy Not Found", CREATE), CREATE, ("rejected", None)),
            (answer(401, None, "", WRITE), WRITE, ("later", minute)),
            (answer(401, Some(2006), "", READ), READ, ("later", minute)),
            (answer(402, Some(2014), "", WRITE), WRITE, ("later", minute)),
            (answer(403, Some(2010), "", WRITE), WRITE, ("later", minute)),
            (answer(404, Some(2100), "Not Found", READ), READ, ("missing", None)),
            (answer(404, Some(2100), "Not Found", WRITE), WRITE, ("missing", None)),
            (answer(404, Some(5002), "Service Not Found", CREATE), CREATE, ("later", minute)),
            (answer(407, None, "", WRITE), WRITE, ("later", minute)),
            (answer(408, None, "", READ), READ, ("later", None)),
            (answer(408, None, "", WRITE), WRITE, ("unknown", None)),
            (answer(422, None, "", WRITE), WRITE, ("rejected", None)),
            (answer(429, Some(2020), "Rate Limit Exceeded", WRITE), WRITE, ("later", None)),
            (waiting(429, Wait::For { ms: 37_000 }, WRITE), WRITE, ("later", Some(37_000))),
            (waiting(429, until, READ), READ, ("later", Some(30_000))),
            (waiting(429, Wait::Until { unix_ms: 0 }, READ), READ, ("later", None)),
            (answer(500, None, "", READ), READ, ("later", None)),
            (answer(500, Some(2000), "", WRITE), WRITE, ("unknown", None)),
            (answer(502, None, "", CREATE), CREATE, ("unknown", None)),
            (answer(503, None, "", CREATE), CREATE, ("later", None)),
            (waiting(503, Wait::For { ms: 5_000 }, WRITE), WRITE, ("later", Some(5_000))),
            (answer(504, None, "", WRITE), WRITE, ("unknown", None)),
        ];
        for (error, doing, expected) in table {
            let outcome = outcome(&error, doing, &SystemName::new("pd"), NOW);
            assert_eq!(word(&outcome), expected, "{error} while {doing:?}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (status, code, word) in [(401, 2006, "token"), (400, 1008, "`from`"), (404, 5002, "service_id")] {
            let error = answer(status, Some(code), "", Doing::Create);
            let outcome = outcome(&error, Doing::Create, &SystemName::new("pd"), Timestamp(0));
            let Outcome::NotApplied { reason, .. } = outcome else { panic!("{status} is no dead letter") };
            assert!(reason.contains(word) && reason.contains("`pd`"), "{reason}");
        }
    }
}
