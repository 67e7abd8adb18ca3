//! What the pages' forms do.

use std::collections::BTreeMap;

use crate::faults::{Effect, Fault, FaultId, System};
use crate::opsgenie::{AlertAct, OpsgenieError};
use crate::pagerduty::{ActError, IncidentAct, NewEvent};
use crate::running::Handle;

/// Who acts when a form does not say.
const PAGERDUTY_PERSON: &str = "Ann Berg";
const OPSGENIE_PERSON: &str = "dana@example.test";
const HOUR_S: u64 = 3_600;
const MINUTE_MS: u64 = 60_000;

/// Says why a form was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("nothing here is called `{0}`")]
    NotThere(String),
    #[error("the form lacks `{0}`; fill it in")]
    Missing(&'static str),
    #[error("`{value}` is not a value of `{field}`")]
    Unknown { field: &'static str, value: String },
    #[error("PagerDuty's look-alike answered {0}")]
    Event(String),
    #[error(transparent)]
    PagerDuty(#[from] ActError),
    #[error(transparent)]
    Opsgenie(#[from] OpsgenieError),
}

impl FormError {
    pub(super) fn status(&self) -> u16 {
        match self {
            FormError::NotThere(_)
            | FormError::PagerDuty(ActError::NoIncident(_))
            | FormError::Opsgenie(OpsgenieError::NoAlert(_)) => 404,
            FormError::Event(_) | FormError::PagerDuty(_) | FormError::Opsgenie(_) => 409,
            FormError::Missing(_) | FormError::Unknown { .. } => 400,
        }
    }
}

/// A form's fields; blank ones count as left out.
struct Fields<'a>(&'a [(String, String)]);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    fn need(&self, name: &'static str) -> Result<&'a str, FormError> {
        self.get(name).ok_or(FormError::Missing(name))
    }

    /// Where to go afterwards: only to a page of our own.
    fn back(&self) -> String {
        let own =
            |path: &&str| path.starts_with('/') && !path.starts_with("//") && path.is_ascii() && !path.contains('\\');
        self.get("back").filter(own).unwrap_or("/").to_owned()
    }
}

/// Does what a form asks for; returns the page to go to.
pub(super) fn take(handle: &Handle, what: &[&str], form: &[(String, String)]) -> Result<String, FormError> {
    let fields = Fields(form);
    match what {
        ["trigger"] => return trigger(handle, &fields),
        ["incidents", id] => {
            let who = fields.get("user").unwrap_or(PAGERDUTY_PERSON);
            handle.pagerduty().act(id, incident_act(&fields)?, who)?;
        }
        ["alerts", id] => {
            handle.opsgenie().act(id, alert_act(&fields)?, OPSGENIE_PERSON)?;
        }
        ["clock"] => {
            let minutes = fields.need("minutes")?;
            let minutes: u64 = minutes.parse().map_err(|_| unknown("minutes", minutes))?;
            handle.clock().advance(minutes.saturating_mul(MINUTE_MS));
        }
        ["faults"] => {
            handle.add_fault(fault(&fields)?);
        }
        ["faults", "off"] => handle.faults().reset(),
        ["faults", id, "off"] => {
            let removed = id.parse().is_ok_and(|id| handle.faults().remove(FaultId(id)));
            if !removed {
                return Err(FormError::NotThere((*id).to_owned()));
            }
        }
        other => return Err(FormError::NotThere(other.join("/"))),
    }
    Ok(fields.back())
}

fn trigger(handle: &Handle, fields: &Fields<'_>) -> Result<String, FormError> {
    let event = NewEvent {
        service_id: fields.need("service")?.to_owned(),
        summary: fields.need("summary")?.to_owned(),
        severity: fields.need("severity")?.to_owned(),
        dedup_key: fields.get("dedup_key").map(str::to_owned),
    };
    let key = handle.pagerduty().trigger(event)?.map_err(FormError::Event)?;
    let dropped = || {
        FormError::Event(
            "202 and dropped the event: the service takes no incidents now, or nobody is on call".to_owned(),
        )
    };
    let open = handle.pagerduty().incident(&key).ok().filter(|incident| incident.status != "resolved");
    Ok(format!("/incidents/{}", open.ok_or_else(dropped)?.id))
}

fn incident_act(fields: &Fields<'_>) -> Result<IncidentAct, FormError> {
    let note = || fields.get("note").map(str::to_owned);
    Ok(match fields.need("act")? {
        "acknowledge" => IncidentAct::Acknowledge,
        "unacknowledge" => IncidentAct::Unacknowledge,
        "resolve" => IncidentAct::Resolve { resolution: note() },
        "reopen" => IncidentAct::Reopen,
        "escalate" => IncidentAct::Escalate,
        "snooze" => IncidentAct::Snooze(HOUR_S),
        "note" => IncidentAct::Note(note().ok_or(FormError::Missing("note"))?),
        other => return Err(unknown("act", other)),
    })
}

fn alert_act(fields: &Fields<'_>) -> Result<AlertAct, FormError> {
    Ok(match fields.need("act")? {
        "acknowledge" => AlertAct::Acknowledge,
        "unacknowledge" => AlertAct::Unacknowledge,
        "close" => AlertAct::Close,
        "note" => AlertAct::AddNote(fields.need("note")?.to_owned()),
        other => return Err(unknown("act", other)),
    })
}

fn fault(fields: &Fields<'_>) -> Result<Fault, FormError> {
    let system = match fields.need("system")? {
        "pagerduty" => System::PagerDuty,
        "opsgenie" => System::Opsgenie,
        "netbox" => System::NetBox,
        "slack" => System::Slack,
        "mattermost" => System::Mattermost,
        "teams" => System::Teams,
        other => return Err(unknown("system", other)),
    };
    let refuse = |status| Effect::Refuse { status, headers: BTreeMap::new(), body: None };
    let effect = match fields.need("preset")? {
        "503" => refuse(503),
        "429" => refuse(429),
        "slow" => Effect::Slow { ms: 2_000 },
        "time_out" => Effect::ApplyThenTimeOut,
        "reset" => Effect::Reset,
        "garble" => Effect::Garble,
        "drop" => Effect::Drop,
        "duplicate" => Effect::Duplicate { ms: 0 },
        "delay" => Effect::Delay { ms: 10_000 },
        "reorder" => Effect::Reorder { ms: 10_000 },
        other => return Err(unknown("preset", other)),
    };
    let share = fields.get("share").unwrap_or("1");
    let parsed = share.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    Ok(Fault::new(system, effect).share(parsed.ok_or_else(|| unknown("share", share))?))
}

fn unknown(field: &'static str, value: &str) -> FormError {
    FormError::Unknown { field, value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::overview::PRESETS;

    fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_way_back_never_leaves_the_page() {
        for (given, wanted) in [
            ("/incidents/Q1", "/incidents/Q1"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example/", "/"),
            ("", "/"),
        ] {
            assert_eq!(Fields(&form(&[("back", given)])).back(), wanted, "{given}");
        }
    }

    #[test]
    fn every_fault_on_offer_exists() {
        for (preset, _) in PRESETS {
            let form = form(&[("system", "pagerduty"), ("preset", preset), ("share", "0.5")]);
            assert_eq!(fault(&Fields(&form)).expect("a fault").share, 0.5);
        }
        let form = form(&[("system", "pagerduty"), ("preset", "503"), ("share", "2")]);
        assert_eq!(fault(&Fields(&form)).expect_err("no share").to_string(), "`2` is not a value of `share`");
    }
}
