//! What a webhook means and how to answer it.

use pagerduty::Secret;
use pagerduty::webhook::{self, EventData, EventType};

/// Decides what a delivery means and how to answer it: verify the bytes as they came, then read them.
///
/// Returns the HTTP status, and a line for the log. A real receiver stores the event before it answers, and drops repeats by the
/// `X-Webhook-Id` header.
pub(crate) fn receive(secrets: &[Secret], signature: Option<&str>, body: &[u8]) -> (u16, String) {
    if let Err(error) = webhook::verify(secrets, signature.unwrap_or_default(), body) {
        return (401, error.to_string());
    }
    let event = match webhook::parse(body) {
        Ok(event) => event,
        // It is from PagerDuty, but not to be understood; it would not get better by being sent again.
        Err(error) => return (202, error.to_string()),
    };
    let line = match (&event.event_type, &event.data) {
        (EventType::IncidentTriggered, EventData::Incident(incident)) => format!("triggered: {}", incident.title),
        (EventType::IncidentAcknowledged, EventData::Incident(incident)) => format!("acknowledged: {}", incident.title),
        (EventType::IncidentResolved, EventData::Incident(incident)) => format!("resolved: {}", incident.title),
        (_, EventData::Note(note)) => format!("note on {}: {}", note.incident_id, note.content),
        (_, EventData::Ping { .. }) => "ping".to_owned(),
        // New types appear at any time and are answered like the others.
        (other, _) => format!("nothing to do for {other}"),
    };
    (200, line)
}
