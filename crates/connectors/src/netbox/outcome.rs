//! The one table that says what a failed call means.

use super::NetBox;
use super::client::{ErrorAnswer, Failure};
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, record_later, rejected, unanswered};
use pagebridge_core::{Outcome, Scope, SystemName};

/// Wait on 429 when the answer does not say how long, in milliseconds. NetBox has no limit of its own; a proxy may have.
const THROTTLED_WAIT_MS: i64 = 30_000;

impl NetBox {
    pub(super) fn failed(&self, failure: &Failure, doing: Doing) -> Outcome {
        outcome(failure, doing, &self.settings.system)
    }
}

fn outcome(failure: &Failure, doing: Doing, system: &SystemName) -> Outcome {
    let reason = failure.to_string();
    match failure {
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
        // NetBox says 403 to everything that is wrong with the login, and to what the user may not do.
        401 | 403 if doing == Doing::Read => {
            setting("check token (valid, enabled, not expired, allowed from this address)")
        }
        401 | 403 => Outcome::NotApplied {
            wait_ms: Some(SETTING_WAIT_MS),
            scope: Scope::Record,
            reason: format!(
                "{reason}; give the user of the token of system `{system}` the right to change this, and enable writing for the token"
            ),
        },
        404 if !answer.genuine => {
            setting("this is not the API of NetBox's Business Application plugin: install it, or check api_url")
        }
        404 if doing != Doing::Create => Outcome::Missing,
        300..=399 | 407 => setting("check api_url (https or http, host, path), and the proxy if there is one,"),
        // Turned away at the door.
        503 => later(wait_ms, reason),
        // A mistake in NetBox or the plugin about this one object; others can be read all the same.
        500 if doing == Doing::Read && answer.genuine => record_later(reason),
        408 | 500.. => unanswered(doing, wait_ms, reason),
        _ => rejected(reason, "change what NetBox names, at the origin or in the settings, then release"),
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
        let lost = || Failure::Unknown("timed out".into());
        let garbled = || Failure::Undecodable { status: 200, problem: "not JSON".into() };
        let minute = Some(60_000);
        let table = [
            (Failure::NotSent("refused".into()), READ, ("later", None)),
            (Failure::NotSent("refused".into()), WRITE, ("later", None)),
            (lost(), READ, ("later", None)),
            (lost(), WRITE, ("unknown", None)),
            (garbled(), READ, ("later", None)),
            (garbled(), WRITE, ("unknown", None)),
            (answer(301, false, None), READ, ("later", minute)),
            (answer(400, true, None), WRITE, ("rejected", None)),
            (answer(401, true, None), READ, ("later", minute)),
            (answer(403, true, None), READ, ("later", minute)),
            (answer(403, true, None), WRITE, ("record later", minute)),
            (answer(404, true, None), READ, ("missing", None)),
            (answer(404, true, None), WRITE, ("missing", None)),
            (answer(404, true, None), Doing::Create, ("rejected", None)),
            (answer(404, false, None), READ, ("later", minute)),
            (answer(404, false, None), WRITE, ("later", minute)),
            (answer(405, true, None), WRITE, ("rejected", None)),
            (answer(407, false, None), WRITE, ("later", minute)),
            (answer(429, true, Some(7_000)), WRITE, ("later", Some(7_000))),
            (answer(429, false, None), READ, ("later", Some(30_000))),
            (answer(500, true, None), READ, ("record later", None)),
            (answer(500, false, None), READ, ("later", None)),
            (answer(500, true, None), WRITE, ("unknown", None)),
            (answer(502, false, None), READ, ("later", None)),
            (answer(502, false, None), WRITE, ("unknown", None)),
            (answer(503, false, Some(9_000)), WRITE, ("later", Some(9_000))),
        ];
        for (failure, doing, expected) in table {
            let outcome = outcome(&failure, doing, &SystemName::new("nb"));
            assert_eq!(word(&outcome), expected, "{failure} while {doing:?}");
        }
    }

    #[test]
    fn what_a_person_must_change_is_named() {
        for (failure, doing, words) in [
            (answer(403, true, None), Doing::Read, ["token", "`nb`"]),
            (answer(403, true, None), Doing::Write, ["right to change", "`nb`"]),
            (answer(404, false, None), Doing::Read, ["api_url", "plugin"]),
        ] {
            let Outcome::NotApplied { reason, .. } = outcome(&failure, doing, &SystemName::new("nb")) else {
                panic!("a setting is no dead letter")
            };
            assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        }
    }
}
