//! What PagerDuty finds beside an incident: earlier ones, others that are open, changes made before it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::model::{ChangeIx, IncidentIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const PAST_MAX: usize = 5;
const CHANGES_WITHIN_HOURS: i64 = 24;

impl State {
    pub(crate) fn list_related(&self, ask: &Ask<'_>, ix: IncidentIx, what: &str) -> Result<Reply, Refusal> {
        match what {
            "past_incidents" => Ok(self.past_incidents(ask, ix)),
            "related_incidents" => Ok(self.related_incidents(ask, ix)),
            "outlier_incident" => Ok(self.outlier(ask, ix)),
            "related_change_events" => Ok(self.related_change_events(ask, ix)),
            _ => Err(Refusal::not_found()),
        }
    }

    fn same_kind(&self, ix: IncidentIx) -> Vec<IncidentIx> {
        let incident = self.incident(ix);
        let alike = |other: &IncidentIx| {
            let other = self.incident(*other);
            other.service == incident.service && other.title == incident.title
        };
        (0..ix.0).rev().map(IncidentIx).filter(alike).collect()
    }

    fn brief(&self, ask: &Ask<'_>, ix: IncidentIx) -> Value {
        let incident = self.incident(ix);
        json!({
            "id": incident.id,
            "created_at": ask.links.time(incident.created_at),
            "self": format!("{}/incidents/{}", ask.links.api, incident.id),
            "title": incident.title,
        })
    }

    /// Lists resolved incidents of the same service and title, newest first.
    fn past_incidents(&self, ask: &Ask<'_>, ix: IncidentIx) -> Reply {
        let limit = ask.call.query("limit").and_then(|text| text.parse().ok()).unwrap_or(PAST_MAX);
        let past: Vec<IncidentIx> =
            self.same_kind(ix).into_iter().filter(|past| !self.incident(*past).is_open()).collect();
        let shown = past.iter().take(limit).map(|past| json!({"score": 100.0, "incident": self.brief(ask, *past)}));
        let total = if ask.call.query_true("total") { json!(past.len()) } else { Value::Null };
        let shown: Vec<Value> = shown.collect();
        Reply::json(200, &json!({"past_incidents": shown, "total": total, "limit": limit}))
    }

    /// Lists the other open incidents of the same service.
    fn related_incidents(&self, ask: &Ask<'_>, ix: IncidentIx) -> Reply {
        let service = self.incident(ix).service;
        let others = self.open.iter().filter(|other| **other != ix && self.incident(**other).service == service);
        let shown = others.map(|other| {
            json!({
                "incident": self.incident_ref(ask.links, *other),
                "relationships": [{
                    "type": "service_dependency",
                    "metadata": {"dependent_services": [], "supporting_services": []},
                }],
            })
        });
        Reply::json(200, &json!({"related_incidents": shown.collect::<Vec<_>>()}))
    }

    fn outlier(&self, ask: &Ask<'_>, ix: IncidentIx) -> Reply {
        let alike = self.same_kind(ix).len();
        let incident = self.incident(ix);
        let category = match alike {
            0 => "novel",
            1..=2 => "rare",
            _ => "frequent",
        };
        let mut shown = self.brief(ask, ix);
        shown["occurrence"] = json!({
            "count": alike + 1, "frequency": 0.0, "category": category,
            "since": ask.links.time(incident.created_at), "until": ask.links.time(ask.now),
        });
        let template = json!({"id": incident.id, "cluster_id": incident.id, "mined_text": incident.title});
        Reply::json(200, &json!({"outlier_incident": {"incident": shown, "incident_template": template}}))
    }

    /// Lists the changes to the incident's service in the day before it.
    fn related_change_events(&self, ask: &Ask<'_>, ix: IncidentIx) -> Reply {
        let incident = self.incident(ix);
        let before = SignedDuration::from_hours(CHANGES_WITHIN_HOURS);
        let near = |change: &ChangeIx| {
            let change = &self.change_events[*change];
            let age = incident.created_at.duration_since(change.at);
            self.integrations[change.integration].service == incident.service
                && age >= SignedDuration::ZERO
                && age <= before
        };
        let changes = self.change_events.iter().map(|(change, _)| change).filter(near);
        let shown = changes.map(|change| {
            let mut shown = self.change_event_json(ask.links, change);
            shown["correlation_reason"] = json!({"reason": "most_recent"});
            shown
        });
        Reply::json(200, &json!({"change_events": shown.collect::<Vec<_>>()}))
    }
}
