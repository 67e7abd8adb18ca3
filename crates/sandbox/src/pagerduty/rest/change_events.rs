//! `/change_events`: what was changed, as told through the Events API.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::Ask;
use super::include::Includes;
use crate::pagerduty::model::{ChangeEvent, ChangeIx, ServiceIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes = &[("services", "services[]"), ("integrations", "integration")];

impl State {
    pub(crate) fn route_change_events(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_change_events(ask, None),
            ("GET", [id]) => {
                let ix = self.change_events.find(id).ok_or_else(Refusal::not_found)?;
                Ok(self.one(ask, 200, "change_event", self.change_event_json(ask.links, ix), INCLUDES))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    /// Lists the change events, newest first; of one service, if named.
    pub(crate) fn list_change_events(&self, ask: &Ask<'_>, service: Option<ServiceIx>) -> Result<Reply, Refusal> {
        let (since, until) = (utc_time(ask, "since")?, utc_time(ask, "until")?);
        let matches = |(_, event): &(ChangeIx, &ChangeEvent)| {
            let integration = &self.integrations[event.integration];
            let teams = self.ids(&self.teams, self.service_teams(integration.service));
            service.is_none_or(|service| integration.service == service)
                && ask.finds("", "", &teams)
                && ask.wants("integration_ids", &integration.id)
                && ask.wants("service_ids", &self.service(integration.service).id)
                && since.is_none_or(|since| event.at >= since)
                && until.is_none_or(|until| event.at < until)
        };
        let mut found: Vec<ChangeIx> = self.change_events.iter().filter(matches).map(|(ix, _)| ix).collect();
        found.reverse();
        self.listed(ask, "change_events", &found, INCLUDES, |ix| self.change_event_json(ask.links, *ix))
    }

    pub(crate) fn change_event_json(&self, links: &Links, ix: ChangeIx) -> Value {
        let event = &self.change_events[ix];
        let integration = &self.integrations[event.integration];
        links.full(
            event,
            json!({
                "timestamp": links.time(event.at),
                "source": event.source,
                "routing_key": integration.key,
                "custom_details": event.details,
                "links": event.links,
                "images": event.images,
                "services": [self.service_ref(links, integration.service)],
                "integration": self.integration_ref(links, event.integration),
            }),
        )
    }
}

/// Reads a time that must be written in UTC.
fn utc_time(ask: &Ask<'_>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let text = ask.call.query(name).unwrap_or_default();
    let zoned = text.rfind(['+', '-', ' ']).is_some_and(|place| place > "2026-01-01".len());
    if zoned && !text.ends_with("+00:00") && !text.ends_with("+0000") {
        return Err(Refusal::invalid(format!("{name} must be in UTC")));
    }
    ask.time(name)
}
