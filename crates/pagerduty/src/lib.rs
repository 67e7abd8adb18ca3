#![doc = include_str!("../README.md")]

mod call;
mod client;
mod error;
pub mod events;
mod ids;
mod lenient;
mod open_enum;
mod page;
mod problem;
mod rate_limit;
mod request;
pub mod rest;
mod retry;
mod secret;
pub mod text;
pub mod time;
mod transport;
mod walk;
pub mod webhook;

pub use call::{Call, Effect, Host};
pub use client::{BuildError, Client, ClientBuilder, Region};
pub use error::{Class, Error, ResponseError};
pub use ids::{
    AlertId, BusinessServiceId, ChangeEventId, ContactMethodId, EscalationPolicyId, ExtensionId, ExtensionSchemaId,
    IncidentId, IntegrationId, LogEntryId, MaintenanceWindowId, NoteId, NotificationRuleId, ObjectId, OverrideId,
    PriorityId, ScheduleId, ServiceId, SubscriptionId, TagId, TeamId, UserId, VendorId,
};
pub use page::{CursorPage, LIMIT_MAX, OFFSET_PLUS_LIMIT_MAX, Page, Pages, Paging};
pub use rate_limit::{RateLimit, Wait};
pub use request::Request;
pub use retry::{RetryPolicy, Retrying};
pub use secret::Secret;
pub use transport::Reply;
pub use walk::{Caller, items, items_by_time};
