//! What to list and what to include.

use std::fmt;

use super::{IncidentStatus, Urgency};
use crate::call::Call;
use crate::ids::{PriorityId, ServiceId, TeamId, UserId};
use crate::page::Paging;
use crate::text::shorten_key;

/// Which incidents to list. Empty parts do not restrict; values inside a part are alternatives.
#[derive(Clone, Debug, Default)]
pub struct IncidentFilter {
    /// Incidents with this key, or with an alert of this key. Must not be blank: the API would then list everything.
    pub incident_key: Option<String>,
    /// On these services.
    pub service_ids: Vec<ServiceId>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// Assigned to these users; finds open incidents only.
    pub user_ids: Vec<UserId>,
    /// In these statuses.
    pub statuses: Vec<IncidentStatus>,
    /// Of these urgencies.
    pub urgencies: Vec<Urgency>,
    /// Of these priorities.
    pub priority_ids: Vec<PriorityId>,
    /// Created in this range.
    pub date_range: DateRange,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// Order, by at most two fields.
    pub sort_by: Vec<(SortField, Order)>,
    /// What to show in full instead of as a reference.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// A range of creation times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DateRange {
    /// The API's own: the last month.
    #[default]
    Recent,
    /// No restriction.
    All,
    /// From `since` to `until`, ISO 8601, at most six months.
    Between {
        /// Start.
        since: Option<String>,
        /// End.
        until: Option<String>,
    },
}

/// A field to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// The incident's number.
    IncidentNumber,
    /// When it was opened.
    CreatedAt,
    /// When it was resolved.
    ResolvedAt,
    /// Urgency.
    Urgency,
}

/// Direction of sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

/// What an answer should hold in full, or at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// People who have taken it.
    Acknowledgers,
    /// Who changed it last.
    Agents,
    /// People it is assigned to.
    Assignees,
    /// The details it was made with; for a single incident only.
    Body,
    /// The conference bridge.
    ConferenceBridge,
    /// Custom fields; for a single incident only.
    CustomFields,
    /// Escalation policies.
    EscalationPolicies,
    /// The log entries of the first trigger.
    FirstTriggerLogEntries,
    /// Priorities.
    Priorities,
    /// Services.
    Services,
    /// Teams.
    Teams,
    /// Users, wherever they are named.
    Users,
}

impl IncidentFilter {
    pub(super) fn apply<T>(&self, call: Call<T>) -> Call<T> {
        let call = call
            .query_opt("incident_key", self.incident_key.as_deref().map(shorten_key))
            .query_set("service_ids[]", &self.service_ids)
            .query_set("team_ids[]", &self.team_ids)
            .query_set("user_ids[]", &self.user_ids)
            .query_set("statuses[]", &self.statuses)
            .query_set("urgencies[]", &self.urgencies)
            .query_set("priority_ids[]", &self.priority_ids);
        let call = self.date_range.apply(call).query_opt("time_zone", self.time_zone.as_ref());
        let sort: Vec<String> = self.sort_by.iter().map(|(field, order)| format!("{field}:{order}")).collect();
        let call = call
            .query_opt("sort_by", (!sort.is_empty()).then(|| sort.join(",")))
            .query_set("include[]", &self.include)
            .paging(self.paging);
        match &self.incident_key {
            Some(key) if key.trim().is_empty() => {
                call.refused("an incident filter with a blank key would list every incident")
            }
            _ => call,
        }
    }
}

impl DateRange {
    fn apply<T>(&self, call: Call<T>) -> Call<T> {
        match self {
            Self::Recent => call,
            Self::All => call.query("date_range", "all"),
            Self::Between { since, until } => {
                call.query_opt("since", since.as_ref()).query_opt("until", until.as_ref())
            }
        }
    }
}

impl fmt::Display for SortField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IncidentNumber => "incident_number",
            Self::CreatedAt => "created_at",
            Self::ResolvedAt => "resolved_at",
            Self::Urgency => "urgency",
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        })
    }
}

impl fmt::Display for Include {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledgers => "acknowledgers",
            Self::Agents => "agents",
            Self::Assignees => "assignees",
            Self::Body => "body",
            Self::ConferenceBridge => "conference_bridge",
            Self::CustomFields => "custom_fields",
            Self::EscalationPolicies => "escalation_policies",
            Self::FirstTriggerLogEntries => "first_trigger_log_entries",
            Self::Priorities => "priorities",
            Self::Services => "services",
            Self::Teams => "teams",
            Self::Users => "users",
        })
    }
}
