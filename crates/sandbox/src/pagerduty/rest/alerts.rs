//! `/incidents/{id}/alerts`: read, resolve and move alerts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::incidents::{ALERTS_MAX, BULK_MAX, echo};
use super::include::Includes;
use super::log_entries::log_object;
use crate::pagerduty::model::{Actor, Alert, IncidentIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes =
    &[("services", "service"), ("first_trigger_log_entries", "first_trigger_log_entry"), ("incidents", "incident")];

/// What is to become of one alert.
struct Change {
    id: String,
    resolves: bool,
    moves_to: Option<IncidentIx>,
}

impl State {
    pub(crate) fn route_alerts(&mut self, ask: &Ask<'_>, ix: IncidentIx, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_alerts(ask, ix),
            ("PUT", []) => self.update_alerts(ask, ix),
            ("GET", [id]) => {
                let alert = self.alert(ix, id)?;
                Ok(self.one(ask, 200, "alert", self.alert_json(ask.links, ix, alert), INCLUDES))
            }
            ("PUT", [id]) => {
                let by = Actor::User(self.requester(ask.call, ask.caller)?);
                let change = self.alert_change(ix, id, &ask.given("alert")?)?;
                let ix = self.change_alert(ix, &change, by, ask.now);
                let alert = self.alert(ix, id)?;
                Ok(self.one(ask, 200, "alert", self.alert_json(ask.links, ix, alert), INCLUDES))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn alert(&self, ix: IncidentIx, id: &str) -> Result<&Alert, Refusal> {
        self.incident(ix).alerts.iter().find(|alert| alert.id == id).ok_or_else(Refusal::not_found)
    }

    fn list_alerts(&self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let key = ask.call.query("alert_key");
        let mut alerts: Vec<&Alert> = self.incident(ix).alerts.iter().collect();
        alerts.retain(|alert| ask.wants("statuses", status(alert)) && key.is_none_or(|key| alert.key == key));
        match ask.call.query("sort_by").unwrap_or("created_at") {
            "created_at" | "created_at:asc" => alerts.sort_by_key(|alert| alert.created_at),
            "created_at:desc" => alerts.sort_by_key(|alert| std::cmp::Reverse(alert.created_at)),
            "resolved_at" | "resolved_at:asc" => alerts.sort_by_key(|alert| alert.open),
            "resolved_at:desc" => alerts.sort_by_key(|alert| !alert.open),
            _ => return Err(Refusal::invalid("Sort by must name created_at or resolved_at")),
        }
        self.listed(ask, "alerts", &alerts, INCLUDES, |alert| self.alert_json(ask.links, ix, alert))
    }

    /// Updates several alerts, all or none.
    fn update_alerts(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let by = Actor::User(self.requester(ask.call, ask.caller)?);
        let body = ask.body()?;
        let given = body.list("alerts")?.ok_or_else(|| Refusal::invalid("Alerts must be an array"))?;
        if given.len() > BULK_MAX {
            return Err(Refusal::new(413, 2001, "Invalid Input Provided").because("at most 250 alerts at once"));
        }
        let read = |one: &Value| {
            let id = one["id"].as_str().unwrap_or_default();
            self.alert_change(ix, id, &Given(one.clone()))
        };
        let changes = given.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut shown = Vec::with_capacity(changes.len());
        for change in &changes {
            let ix = self.change_alert(ix, change, by, ask.now);
            shown.push(self.alert_json(ask.links, ix, self.alert(ix, &change.id)?));
        }
        Ok(echo("alerts", shown.into_iter().map(|alert| self.including(ask, INCLUDES, alert)).collect()))
    }

    fn alert_change(&self, ix: IncidentIx, id: &str, given: &Given) -> Result<Change, Refusal> {
        let alert = self.alert(ix, id)?;
        let resolves = match given.text("status")? {
            None => false,
            Some("resolved") => true,
            Some("triggered") if alert.open => false,
            Some(_) => return Err(Refusal::new(400, 1003, "Invalid Status Provided")),
        };
        let moves_to = match given.get("incident")["id"].as_str() {
            None => None,
            Some(target) => {
                let target = self.find(target);
                let target = target.ok_or_else(|| Refusal::new(404, 5001, "Incident Not Found"))?;
                if !self.incident(target).is_open() {
                    return Err(Refusal::new(400, 1001, "Incident Already Resolved"));
                }
                if self.incident(target).alerts.len() >= ALERTS_MAX {
                    return Err(Refusal::invalid("An incident can have at most 1000 alerts"));
                }
                Some(target).filter(|target| *target != ix)
            }
        };
        Ok(Change { id: id.to_owned(), resolves, moves_to })
    }

    /// Changes an alert that was looked at before; returns the incident that it is in then.
    fn change_alert(&mut self, ix: IncidentIx, change: &Change, by: Actor, now: Timestamp) -> IncidentIx {
        let at = change.moves_to.unwrap_or(ix);
        let alerts = &mut self.incident_mut(ix).alerts;
        let Some(place) = alerts.iter().position(|alert| alert.id == change.id) else {
            return at;
        };
        if change.resolves {
            alerts[place].open = false;
        }
        if at != ix {
            let alert = alerts.remove(place);
            self.file_key(&alert.key, at);
            self.by_alert.insert((alert.integration, alert.key.clone()), at);
            self.incident_mut(at).alerts.push(alert);
            self.incident_mut(at).updated_at = now;
        }
        self.incident_mut(ix).updated_at = now;
        self.resolve_if_quiet(ix, by, now);
        self.resolve_if_quiet(at, by, now);
        at
    }

    fn alert_json(&self, links: &Links, ix: IncidentIx, alert: &Alert) -> Value {
        let incident = self.incident(ix);
        let path = format!("incidents/{}/alerts/{}", incident.id, alert.id);
        let first = incident.log.first().map(|entry| log_object(links, entry, "_reference"));
        with(
            links.object("alert", &alert.id, &alert.summary, &path, &format!("alerts/{}", alert.id)),
            json!({
                "created_at": links.time(alert.created_at),
                "status": status(alert),
                "alert_key": alert.key,
                "service": self.service_ref(links, incident.service),
                "incident": self.incident_ref(links, ix),
                "integration": self.integration_ref(links, alert.integration),
                "first_trigger_log_entry": first,
                "severity": alert.severity,
                "suppressed": alert.suppressed,
                "body": {"type": "alert_body", "contexts": alert.contexts, "details": alert.details},
            }),
        )
    }
}

fn status(alert: &Alert) -> &'static str {
    if alert.open { "triggered" } else { "resolved" }
}
