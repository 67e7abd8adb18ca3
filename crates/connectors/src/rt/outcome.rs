//! The one table that says what a failed call means.

use super::Rt;
use super::client::{ErrorAnswer, Failure};
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, record_later, rejected, unanswered};
use pagebridge_core::{Outcome, Scope, SystemName};

/// Wait after somebody was faster than us, in milliseconds.
const OVERTAKEN_WAIT_MS: i64 = 250;

impl Rt {
    pub(super) fn failed(&self, failure: &Failure, doing: Doing) -> Outcome {
        outcome(failure, doing, &self.settings.system)
    }
}

fn outcome(failure: &Failure, doing: Doing, system: &SystemName) -> Outcome {
    let reason = failure.to_string();
    match failure {
        Failure::Invalid(_) => rejected(reason, "check the record of this delivery; RT has no such ticket"),
        Failure::NotSent(_) => later(None, reason),
        Failure::TooLarge if doing == Doing::Read => record_later(reason),
        Failure::Unknown(_) | Failure::Undecodable { .. } | Failure::TooLarge => unanswered(doing, None, reason),
        Failure::Answer(answer) => answered(answer, doing, system),
    }
}

fn answered(answer: &ErrorAnswer, doing: Doing, system: &SystemName) -> Outcome {
    let reason = answer.to_string();
    let wait_ms = answer.wait_ms.and_then(asked_wait_ms);
    let setting = |remedy: &str| later(Some(SETTING_WAIT_MS), format!("{reason}; {remedy} of system `{system}`"));
    let rights = "give the user of the token the rights that `pagebridge doctor` names, then release";
    match answer.status {
        429 => later(wait_ms, reason),
        401 => setting("check token (an auth token of a user that may log in)"),
        // RT takes whoever it cannot log in for somebody at a browser.
        300..=399 => setting("RT does not take us for logged in: check token and api_url"),
        407 => setting("check the proxy"),
        // The right depends on the ticket's queue.
        403 if doing == Doing::Read => Outcome::NotApplied {
            wait_ms: Some(SETTING_WAIT_MS),
            scope: Scope::Record,
            reason: format!("{reason}; give the user of the token the right to see the ticket in its queue"),
        },
        403 => rejected(reason, rights),
        404 if !answer.genuine => setting("this is not RT's REST 2: check api_url"),
        404 if doing != Doing::Create => Outcome::Missing,
        // Somebody changed the ticket in between. What to do now shows once it is read again, so nothing is gained by
        // waiting longer after many attempts.
        412 => Outcome::NotApplied { wait_ms: Some(OVERTAKEN_WAIT_MS), scope: Scope::Record, reason },
        // A refused comment is answered 400, whether the right is missing or the ticket.
        400 if doing == Doing::Write => rejected(reason, rights),
        // Turned away at the door.
        503 => later(wait_ms, reason),
        408 | 500.. => unanswered(doing, wait_ms, reason),
        _ => rejected(reason, "change what RT names, at the origin or in the settings, then release"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, genuine: bool, wait_ms: Option<u64>) -> Failure {
        Failure::Answer(ErrorAnswer { status, message: "words".into(), genuine, wait_ms })
    }

    /// One word for what an outcome means, with the wait.
    fn word(outcome: &Outcome) -> (&'static str, Option<i64>) {
        match outcome {
            Outcome::NotApplied { wait_ms, scope: Scope::System, .. } => ("later", *wait_ms),
            Outcome::NotApplied { wait_ms, .. } => ("record later", *wait_ms),
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
        let lost = || Failure::Unknown("timed out".into());
        let garbled = || Failure::Undecodable { status: 200, problem: "not JSON".into() };
        let minute = Some(60_000);
        let table = [
            (Failure::Invalid("dots"), WRITE, ("rejected", None)),
            (Failure::NotSent("refused".into()), READ, ("later", None)),
            (Failure::NotSent("refused".into()), CREATE, ("later", None)),
            (lost(), READ, ("later", None)),
            (lost(), WRITE, ("unknown", None)),
            (lost(), CREATE, ("unknown", None)),
            (garbled(), READ, ("later", None)),
            (garbled(), WRITE, ("unknown", None)),
            (Failure::TooLarge, READ, ("record later", None)),
            (Failure::TooLarge, CREATE, ("unknown", None)),
            (answer(302, false, None), READ, ("later", minute)),
            (answer(400, true, None), READ, ("rejected", None)),
            (answer(400, true, None), WRITE, ("rejected", None)),
            (answer(400, true, None), CREATE, ("rejected", None)),
            (answer(401, true, None), WRITE, ("later", minute)),
            (answer(403, true, None), READ, ("record later", minute)),
            (answer(403, true, None), WRITE, ("rejected", None)),
            (answer(403, true, None), CREATE, ("rejected", None)),
            (answer(404, true, None), READ, ("missing", None)),
            (answer(404, true, None), WRITE, ("missing", None)),
            (answer(404, true, None), CREATE, ("rejected", None)),
            (answer(404, false, None), READ, ("later", minute)),
            (answer(406, false, None), READ, ("rejected", None)),
            (answer(407, false, None), WRITE, ("later", minute)),
            (answer(408, false, None), WRITE, ("unknown", None)),
            (answer(412, true, None), WRITE, ("record later", Some(OVERTAKEN_WAIT_MS))),
            (answer(415, true, None), WRITE, ("rejected", None)),
            (answer(429, false, Some(30_000)), WRITE, ("later", Some(30_000))),
            (answer(500, true, None), READ, ("later", None)),
            (answer(500, false, None), WRITE, ("unknown", None)),
            (answer(502, false, None), CREATE, ("unknown", None)),
            (answer(503, false, Some(7_000)), CREATE, ("later", Some(7_000))),
            (answer(504, false, Some(9_000)), READ, ("later", Some(9_000))),
        ];
        for (failure, doing, expected) in table {
            let outcome = outcome(&failure, doing, &SystemName::new("rt"));
            assert_eq!(word(&outcome), expected, "{failure} while {doing:?}");
        }
    }
}
