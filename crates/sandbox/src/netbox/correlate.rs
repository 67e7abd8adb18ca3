//! What the plugin does by itself when an event is saved.

use jiff::{SignedDuration, Timestamp};

use super::model::{Incident, Kind, Target};
use super::state::State;
use super::validate;

/// Events of one service within this time belong to one incident, in minutes.
const WINDOW_MINUTES: i64 = 30;

/// The number of NetBox's content type for technical services.
const SERVICE_TYPE: u64 = 142;

impl State {
    /// What `content_type` and `object_id` point to.
    pub(crate) fn target(&self, content_type: u64, id: u64) -> Option<Target> {
        let service = self.services.get(&id).filter(|_| content_type == SERVICE_TYPE)?;
        Some(Target { content_type, model: "technicalservice".to_owned(), id, name: service.name.clone() })
    }

    /// The technical service with a name, as a target.
    pub(crate) fn service_target(&self, name: &str) -> Option<Target> {
        let service = self.services.values().find(|service| service.name == name)?;
        self.target(SERVICE_TYPE, service.id)
    }

    /// Makes or extends an incident for a grave event with a target, and quiets those whose events are all over.
    pub(crate) fn event_saved(&mut self, id: u64, now: Timestamp) {
        let Some(event) = self.events.get(&id) else { return };
        match event.status.as_str() {
            "triggered" if matches!(event.criticallity.as_str(), "critical" | "high") && event.is_valid => {
                self.correlate(id, now);
            }
            "ok" => self.quiet(id),
            _ => {}
        }
    }

    fn correlate(&mut self, id: u64, now: Timestamp) -> Option<()> {
        let event = self.events.get(&id)?.clone();
        let target = event.target.as_ref()?;
        let since = now.checked_sub(SignedDuration::from_mins(WINDOW_MINUTES)).ok()?;
        let fits = |one: &&Incident| one.is_open() && one.created_at >= since && one.services.contains(&target.id);
        let found = self.incidents.values().rev().find(fits).map(|one| one.id);
        let incident_id = match found {
            Some(found) => {
                if self.incidents.get(&found)?.events.contains(&id) {
                    return None;
                }
                self.note_updated(Kind::Incident, found, None);
                found
            }
            None => {
                let made = self.next_id("incident");
                let mut incident = validate::blank_incident();
                incident.id = made;
                incident.title = format!("{}: {} - {}", event.criticallity, target.name, event.message);
                incident.description = format!("Incident created from alert: {}", event.message);
                incident.status = "new".to_owned();
                incident.severity.clone_from(&event.criticallity);
                incident.reporter = "system".to_owned();
                (incident.created_at, incident.updated_at) = (now, now);
                incident.services.insert(target.id);
                self.incidents.insert(made, incident);
                self.note_created(Kind::Incident, made);
                made
            }
        };
        self.incidents.get_mut(&incident_id)?.events.insert(id);
        self.events.get_mut(&id)?.incidents.insert(incident_id);
        Some(())
    }

    /// Incidents whose events are all over are only watched from now on. That is saved so that no time moves.
    fn quiet(&mut self, id: u64) {
        let Some(event) = self.events.get(&id) else { return };
        for incident_id in event.incidents.clone() {
            let Some(incident) = self.incidents.get(&incident_id) else { continue };
            let over = |id: &u64| self.events.get(id).is_none_or(|event| event.status == "ok");
            if !incident.is_open() || incident.status == "monitoring" || !incident.events.iter().all(over) {
                continue;
            }
            if let Some(incident) = self.incidents.get_mut(&incident_id) {
                incident.status = "monitoring".to_owned();
            }
            self.note_updated(Kind::Incident, incident_id, None);
        }
    }
}
