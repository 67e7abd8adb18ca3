//! How a service decides about urgency, by the hour of the week.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// How the urgency of new incidents is decided.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct IncidentUrgencyRule {
    /// `constant` or `use_support_hours`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// `high`, `low` or `severity_based`; of a constant rule.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub urgency: Option<String>,
    /// Inside the support hours.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub during_support_hours: Option<ConstantUrgency>,
    /// Outside them.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub outside_support_hours: Option<ConstantUrgency>,
}

/// An urgency that does not depend on the hour.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ConstantUrgency {
    /// `constant`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// `high`, `low` or `severity_based`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub urgency: String,
}

impl ConstantUrgency {
    fn new(urgency: &str) -> Self {
        Self { kind: "constant".to_owned(), urgency: urgency.to_owned() }
    }
}

impl IncidentUrgencyRule {
    /// Makes a rule that holds at all hours; `urgency` is `high`, `low` or `severity_based`.
    pub fn constant(urgency: &str) -> Self {
        Self {
            kind: "constant".to_owned(),
            urgency: Some(urgency.to_owned()),
            during_support_hours: None,
            outside_support_hours: None,
        }
    }

    /// Makes a rule that depends on the service's support hours.
    pub fn by_support_hours(during: &str, outside: &str) -> Self {
        Self {
            kind: "use_support_hours".to_owned(),
            urgency: None,
            during_support_hours: Some(ConstantUrgency::new(during)),
            outside_support_hours: Some(ConstantUrgency::new(outside)),
        }
    }
}

/// The hours in which somebody is at work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SupportHours {
    /// `fixed_time_per_day`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// Time zone, e.g. `Europe/Berlin`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub time_zone: String,
    /// Days, 1 is Monday.
    #[serde(default, deserialize_with = "lenient::field")]
    pub days_of_week: Vec<u8>,
    /// Start, `HH:mm:ss`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub start_time: String,
    /// End, `HH:mm:ss`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub end_time: String,
}

impl SupportHours {
    /// Makes the same hours on each of these days; 1 is Monday.
    pub fn new(time_zone: &str, days_of_week: Vec<u8>, start_time: &str, end_time: &str) -> Self {
        Self {
            kind: "fixed_time_per_day".to_owned(),
            time_zone: time_zone.to_owned(),
            days_of_week,
            start_time: start_time.to_owned(),
            end_time: end_time.to_owned(),
        }
    }
}

/// What happens to open incidents when support hours begin or end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ScheduledAction {
    /// `urgency_change`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// `high`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub to_urgency: String,
    /// When.
    #[serde(default, deserialize_with = "lenient::field")]
    pub at: Option<NamedTime>,
}

/// A time that the support hours define.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NamedTime {
    /// `named_time`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// `support_hours_start` or `support_hours_end`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub name: String,
}

impl ScheduledAction {
    /// Raises open incidents to high urgency at `support_hours_start` or `support_hours_end`.
    pub fn raise_at(name: &str) -> Self {
        Self {
            kind: "urgency_change".to_owned(),
            to_urgency: "high".to_owned(),
            at: Some(NamedTime { kind: "named_time".to_owned(), name: name.to_owned() }),
        }
    }
}
