//! What events are about when it is neither an incident nor a note.

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{EscalationPolicyId, IncidentId, ObjectId, ServiceId, TeamId, UserId};
use crate::rest::Reference;
use crate::rest::custom_fields::FieldValue;
use crate::rest::object::object;

type Incident = Option<Reference<IncidentId>>;

object! {
    /// A status update that was sent.
    StatusUpdateData {
        /// The incident it is about.
        incident: Incident,
        /// Id.
        id: Option<String>,
        /// What was said; cut if `trimmed`.
        message: String,
        /// Whether the message is cut.
        trimmed: bool,
    }
}

object! {
    /// Somebody was asked to help, or answered.
    ResponderData {
        /// The incident it is about.
        incident: Incident,
        /// Who was asked.
        user: Option<Reference<UserId>>,
        /// The policy by which.
        escalation_policy: Option<Reference<EscalationPolicyId>>,
        /// In which words.
        message: Option<String>,
        /// `pending`, `joined`, `declined`.
        state: Option<String>,
    }
}

object! {
    /// Where people talk about an incident was set.
    ConferenceBridgeData {
        /// The incident it is about.
        incident: Incident,
        /// Numbers to call.
        conference_numbers: Vec<ConferenceNumber>,
        /// Address to open.
        conference_url: Option<String>,
    }
}

object! {
    /// A number to call.
    ConferenceNumber {
        /// What it is, e.g. a country.
        label: Option<String>,
        /// The number.
        number: Option<String>,
    }
}

object! {
    /// Custom fields were set: of an incident or a service.
    FieldValuesData {
        /// The incident it is about.
        incident: Incident,
        /// The service it is about.
        service: Option<Reference<ServiceId>>,
        /// The fields as they are now.
        custom_fields: Vec<FieldValue>,
        /// Those that changed, as they were before.
        changed_custom_fields: Vec<FieldValue>,
    }
}

object! {
    /// Who has which role was changed.
    RoleAssignmentData {
        /// The changes, all on one incident.
        incident_role_assignments: Vec<RoleAssignment>,
    }
}

object! {
    /// Who has a role.
    RoleAssignment {
        /// Id.
        id: Option<String>,
        /// The incident it is about.
        incident: Incident,
        /// The role, as it came.
        role: Value,
        /// Who has it now.
        assignee: Option<Reference<UserId>>,
        /// Who had it before.
        old_assignee: Option<Reference<UserId>>,
        /// State of the assignment.
        status: Option<String>,
    }
}

object! {
    /// A task was made, changed or finished.
    TaskData {
        /// The incident it is about.
        incident: Incident,
        /// Id.
        id: Option<String>,
        /// Name.
        name: Option<String>,
        /// Description.
        description: Option<String>,
        /// Name, made by PagerDuty.
        summary: Option<String>,
        /// State.
        status: Option<String>,
        /// Who is to do it.
        assignees: Vec<Reference<UserId>>,
    }
}

object! {
    /// A workflow began or ended.
    WorkflowData {
        /// The incident it is about.
        incident: Incident,
        /// Id of this run.
        id: Option<String>,
        /// Name, made by PagerDuty.
        summary: Option<String>,
        /// The workflow.
        incident_workflow: Option<Reference<ObjectId>>,
        /// What set it off.
        workflow_trigger: Option<Reference<ObjectId>>,
        /// The service.
        service: Option<Reference<ServiceId>>,
    }
}

object! {
    /// An action was invoked, or what became of it.
    ActionInvocationData {
        /// The incident it is about.
        incident: Incident,
        /// Id of this invocation.
        id: Option<String>,
        /// Address for people.
        html_url: Option<String>,
        /// The action.
        action: Option<Reference<ObjectId>>,
        /// State.
        state: Option<String>,
    }
}

object! {
    /// A service was made, changed or deleted.
    ServiceData(ServiceId) {
        /// `create_alerts_and_incidents`, in most cases.
        alert_creation: Option<String>,
        /// Teams it belongs to.
        teams: Vec<Reference<TeamId>>,
    }
}

/// Reads `data` as a `T`; `None` if it is no object.
pub(super) fn read<T: for<'de> Deserialize<'de>>(data: &Value) -> Option<T> {
    T::deserialize(data).ok()
}

impl RoleAssignmentData {
    pub(super) fn incident(&self) -> Option<&Reference<IncidentId>> {
        self.incident_role_assignments.iter().find_map(|assignment| assignment.incident.as_ref())
    }
}
