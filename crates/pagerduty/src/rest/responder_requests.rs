//! Responder requests: asking more people to help with an incident.
//!
//! ```
//! use pagerduty::rest::responder_requests::{self, Responder};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let who = [Responder::User("PUSR002".into())];
//! let call = responder_requests::create(&"Q1".into(), &"PUSR001".into(), "please help", &who);
//! assert_eq!(client.request(&call)?.url.path(), "/incidents/Q1/responder_requests");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::Reference;
use super::object::object;
use super::reference::RefBody;
use crate::call::{Call, Effect, Segment, object as object_at, whole};
use crate::ids::{EscalationPolicyId, IncidentId, ObjectId, UserId};

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Responder {
    /// A user.
    User(UserId),
    /// Whoever is on call for a policy.
    EscalationPolicy(EscalationPolicyId),
}

impl Serialize for Responder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::User(id) => RefBody::new(id.as_str(), "user_reference"),
            Self::EscalationPolicy(id) => RefBody::new(id.as_str(), "escalation_policy_reference"),
        }
        .serialize(serializer)
    }
}

object! {
    /// A responder request.
    ResponderRequest {
        /// The incident.
        incident: Option<Reference<IncidentId>>,
        /// Who asked.
        requester: Option<Reference<UserId>>,
        /// When, ISO 8601.
        requested_at: Option<String>,
        /// In which words.
        message: Option<String>,
        /// Who is asked.
        responder_request_targets: Vec<WrappedTarget>,
    }
}

object! {
    /// Who is asked, as the answer wraps it.
    WrappedTarget {
        /// Who.
        responder_request_target: Option<RequestTarget>,
    }
}

object! {
    /// Who is asked.
    RequestTarget {
        /// Id of the user or policy.
        id: Option<ObjectId>,
        /// `user` or `escalation_policy`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Name.
        summary: Option<String>,
        /// The people this came to.
        incidents_responders: Vec<IncidentResponder>,
    }
}

object! {
    /// One person who was asked.
    IncidentResponder {
        /// `pending`, `joined`, `declined` or `user_cancelled`.
        state: Option<String>,
        /// Who.
        user: Option<Reference<UserId>>,
        /// When the person was asked, ISO 8601.
        requested_at: Option<String>,
        /// When the state changed last.
        updated_at: Option<String>,
        /// In which words.
        message: Option<String>,
        /// Who asked.
        requester: Option<Reference<UserId>>,
    }
}

object! {
    /// What became of requests that were taken back.
    Cancelled {
        /// One for each target.
        responder_request_targets: Vec<CancelledTarget>,
    }
}

object! {
    /// What became of one request that was taken back.
    CancelledTarget {
        /// Id of the user or policy.
        id: Option<ObjectId>,
        /// `user_reference` or `escalation_policy_reference`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// `cancelled`, `joined`, `declined` or `not_found`.
        result: Option<String>,
    }
}

/// Asks for help (`POST /incidents/{id}/responder_requests`), in the name of `requester`. Refused with 402 without the ability
/// `coordinated_responding`.
pub fn create(incident: &IncidentId, requester: &UserId, message: &str, who: &[Responder]) -> Call<ResponderRequest> {
    let targets: Vec<_> = who.iter().map(|who| json!({ "responder_request_target": who })).collect();
    object_at(Method::POST, requests(incident), "responder_request")
        .sent_by_user()
        .json(&json!({ "requester_id": requester, "message": message, "responder_request_targets": targets }))
        .refused_if(who.is_empty(), "there is nobody to ask")
}

/// Takes requests back (`PUT /incidents/{id}/responder_requests/cancel`). Look at each result.
pub fn cancel(incident: &IncidentId, requester: &UserId, who: &[Responder]) -> Call<Cancelled> {
    let path = requests(incident).into_iter().chain([Segment::Fixed("cancel")]);
    whole(Method::PUT, path)
        .sent_by_user()
        .json(&json!({ "requester_id": requester, "responder_request_targets": who }))
        .with_effect(Effect::Repeatable)
        .refused_if(who.is_empty(), "there is no request to take back")
}

fn requests(incident: &IncidentId) -> [Segment<'_>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed("responder_requests")]
}
