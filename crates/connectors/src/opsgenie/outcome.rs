//! The one table that says what a failed call means.

use super::Opsgenie;
use super::client::{ErrorAnswer, Failure};
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, rejected, unanswered};
use pagebridge_core::{Outcome, SystemName};

/// Wait on 429 when the answer does not say how long, in milliseconds: the length of Opsgenie's own period.
const THROTTLED_WAIT_MS: i64 = 60_000;

impl Opsgenie {
    pub(super) fn failed(&self, failure: &Failure, doing: Doing) -> Outcome {
        outcome(failure, doing, &self.settings.system)
    }
}

fn outcome(failure: &Failure, doing: Doing, system: &SystemName) -> Outcome {
    let reason = failure.to_string();
    match failure {
        Failure::Invalid(_) => rejected(reason, "check the record of this delivery; Opsgenie has no such id"),
        Failure::NotSent(_) => later(None, reason),
        Failure::Unknown(_) | Failure::Undecodable { .. } => unanswered(doing, None, reason),
        Failure::Answer(answer) => answered(answer, doing, system),
    }
}

fn answered(answer: &ErrorAnswer, doing: Doing, system: &SystemName) -> Outcome {
    let reason = answer.to_string();
    let wait_ms = answer.wait_ms.and_then(asked_wait_ms);
    let setting = |remedy: &str| later(Some(SETTING_WAIT_MS), format!("{reason}; {remedy} of system `{system}`"));
    match answer.status {
        429 => later(wait_ms.or(Some(THROTTLED_WAIT_MS)), reason),
        401 => setting("check api_key (an API integration that is switched on, in the account's region)"),
        402 => setting("the plan of the account does not allow this: check the account"),
        403 => setting("give the integration the rights to read, create and update alerts: check api_key"),
        // Something on the way answers that does not know the path, as it does once an account is switched off.
        404 if !answer.genuine => setting("this is not Opsgenie's alert API: check api_url"),
        404 if doing != Doing::Create => Outcome::Missing,
        300..=399 | 407 => setting("check api_url, and the proxy if there is one,"),
        // Turned away at the door.
        503 => later(wait_ms, reason),
        408 | 500.. => unanswered(doing, wait_ms, reason),
        _ => rejected(reason, "change what Opsgenie names, at the origin or in the settings, then release"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagebridge_core::Scope;

    fn answer(status: u16, genuine: bool, wait_ms: Option<u64>) -> Failure {
        Failure::Answer(ErrorAnswer { status, message: "words".into(), genuine, wait_ms })
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
        let lost = || Failure::Unknown("timed out".into());
        let garbled = || Failure::Undecodable { status: 202, problem: "not JSON".into() };
        let minute = Some(60_000);
        let table = [
            (Failure::Invalid("dots"), WRITE, ("rejected", None)),
            (Failure::NotSent("refused".into()), READ, ("later", None)),
            (Failure::NotSent("refused".into()), WRITE, ("later", None)),
            (lost(), READ, ("later", None)),
            (lost(), WRITE, ("unknown", None)),
            (lost(), Doing::Create, ("unknown", None)),
            (garbled(), READ, ("later", None)),
            (garbled(), WRITE, ("unknown", None)),
            (answer(301, false, None), READ, ("later", minute)),
            (answer(400, true, None), WRITE, ("rejected", None)),
            (answer(401, true, None), WRITE, ("later", minute)),
            (answer(402, true, None), READ, ("later", minute)),
            (answer(403, true, None), WRITE, ("later", minute)),
            (answer(404, true, None), READ, ("missing", None)),
            (answer(404, true, None), WRITE, ("missing", None)),
            (answer(404, true, None), Doing::Create, ("rejected", None)),
            (answer(404, false, None), READ, ("later", minute)),
            (answer(405, true, None), WRITE, ("rejected", None)),
            (answer(407, false, None), WRITE, ("later", minute)),
            (answer(408, true, None), READ, ("later", None)),
            (answer(408, true, None), WRITE, ("unknown", None)),
            (answer(422, true, None), WRITE, ("rejected", None)),
            (answer(429, true, Some(30_000)), WRITE, ("later", Some(30_000))),
            (answer(429, true, None), READ, ("later", minute)),
            (answer(429, true, Some(0)), READ, ("later", minute)),
            (answer(500, true, None), READ, ("later", None)),
            (answer(500, true, None), WRITE, ("unknown", None)),
            (answer(502, false, None), WRITE, ("unknown", None)),
            (answer(503, false, Some(7_000)), WRITE, ("later", Some(7_000))),
            (answer(503, false, None), READ, ("later", None)),
            (answer(504, false, None), WRITE, ("unknown", None)),
            (answer(504, false, Some(9_000)), READ, ("later", Some(9_000))),
        ];
        for (failure, doing, expected) in table {
            let outcome = outcome(&failure, doing, &SystemName::new("og"));
            assert_eq!(word(&outcome), expected, "{failure} while {doing:?}");
        }
    }

    #[test]
    fn a_refused_key_names_the_setting() {
        let Outcome::NotApplied { reason, .. } =
            outcome(&answer(401, true, None), Doing::Write, &SystemName::new("og"))
        else {
            panic!("a refused key is no dead letter")
        };
        assert!(reason.contains("api_key") && reason.contains("`og`"), "{reason}");
    }
}
