//! Webhooks v3: what PagerDuty tells us.
//!
//! Verify the raw bytes first, parse after. A delivery may come more than once: drop repeats by the `X-Webhook-Id` header, then by
//! [`Event::id`]. Answer any 2xx within 5 s, also to types you do not know: other answers lose the delivery, and three lost in a
//! row switch the subscription off for a day.
//!
//! ```
//! use pagerduty::webhook::{self, EventData};
//! use pagerduty::Secret;
//!
//! let secrets = [Secret::new("current"), Secret::new("previous")];
//! let body = br#"{"event":{"id":"01H","event_type":"pagey.ping","resource_type":"pagey",
//!     "occurred_at":"2026-01-02T03:04:05.678Z","agent":null,"client":null,
//!     "data":{"message":"Hello from your friend Pagey!","type":"ping"}}}"#;
//! let header = webhook::sign(&secrets[1], body);
//!
//! webhook::verify(&secrets, &header, body)?;
//! let event = webhook::parse(body)?;
//! assert!(matches!(event.data, EventData::Ping { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod data;
mod event;
mod more_data;
mod signature;

pub use data::{IncidentData, NoteData};
pub use event::{Agent, Event, EventData, EventType, ParseError, Source, parse};
pub use more_data::{
    ActionInvocationData, ConferenceBridgeData, ConferenceNumber, FieldValuesData, ResponderData, RoleAssignment,
    RoleAssignmentData, ServiceData, StatusUpdateData, TaskData, WorkflowData,
};
pub use signature::{SignatureError, sign, verify};

/// Header with the signatures.
pub const SIGNATURE_HEADER: &str = "x-pagerduty-signature";

/// Header that is the same on every attempt of one delivery.
pub const ID_HEADER: &str = "x-webhook-id";

/// Header with the id of the subscription, by which to choose the secret.
pub const SUBSCRIPTION_HEADER: &str = "x-webhook-subscription";
