//! What has to do with an incident: earlier ones like it, others now, changes. Which of these answer depends on the plan.
//!
//! ```
//! use pagerduty::{Client, rest::related};
//!
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&related::past(&"Q1".into()))?.url.path(), "/incidents/Q1/past_incidents");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value};

use super::change_events::ChangeEvent;
use super::incidents::Incident;
use super::object::object;
use crate::call::{Call, Segment, object as object_at};
use crate::ids::IncidentId;
use crate::open_enum::open_enum;

object! {
    /// An earlier incident that is like this one.
    PastIncident {
        /// The incident.
        incident: Option<Incident>,
        /// How much it is like this one; more is more.
        score: Option<f64>,
    }
}

object! {
    /// Another incident that goes on now.
    RelatedIncident {
        /// The incident.
        incident: Option<Incident>,
        /// Why it is thought to be related, as it came.
        relationships: Vec<Map<String, Value>>,
    }
}

object! {
    /// How usual an incident is on its service.
    Outlier {
        /// The incident with `occurrence`, as it came.
        incident: Option<Map<String, Value>>,
        /// The pattern it belongs to, as it came.
        incident_template: Option<Map<String, Value>>,
    }
}

object! {
    /// A type of incidents.
    IncidentType {
        /// Id.
        id: Option<String>,
        /// Name, e.g. `incident_default`.
        name: Option<String>,
        /// Name for people.
        display_name: Option<String>,
        /// Whether it can be used.
        enabled: bool,
    }
}

open_enum! {
    /// Which incident types to list.
    Types {
        /// Those in use.
        Enabled = "enabled",
        /// Those not in use.
        Disabled = "disabled",
        /// All.
        All = "all",
    }
}

/// Lists earlier incidents like this one (`GET /incidents/{id}/past_incidents`).
pub fn past(incident: &IncidentId) -> Call<Vec<PastIncident>> {
    object_at(Method::GET, below(incident, "past_incidents"), "past_incidents")
}

/// Lists other incidents that go on now (`GET /incidents/{id}/related_incidents`).
pub fn incidents(incident: &IncidentId) -> Call<Vec<RelatedIncident>> {
    object_at(Method::GET, below(incident, "related_incidents"), "related_incidents")
}

/// Tells how usual the incident is (`GET /incidents/{id}/outlier_incident`).
pub fn outlier(incident: &IncidentId) -> Call<Outlier> {
    object_at(Method::GET, below(incident, "outlier_incident"), "outlier_incident")
}

/// Lists changes that may have caused it (`GET /incidents/{id}/related_change_events`).
pub fn change_events(incident: &IncidentId) -> Call<Vec<ChangeEvent>> {
    object_at(Method::GET, below(incident, "related_change_events"), "change_events")
}

/// Lists the types that incidents can have (`GET /incidents/types`).
pub fn types(which: Option<&Types>) -> Call<Vec<IncidentType>> {
    object_at(Method::GET, [Segment::Fixed("incidents"), Segment::Fixed("types")], "incident_types")
        .query_opt("filter", which)
}

fn below<'a>(incident: &'a IncidentId, what: &'static str) -> [Segment<'a>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed(what)]
}
