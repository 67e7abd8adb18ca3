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
mod secret;
pub mod text;
pub mod time;
mod transport;
pub mod webhook;

pub use call::{Call, Effect, Host};
pub use client::{BuildError, Client, ClientBuilder, Region};
pub use error::{Class, Error, ResponseError};
pub use ids::{
    EscalationPolicyId, IncidentId, NoteId, ObjectId, PriorityId, ServiceId, SubscriptionId, TeamId, UserId,
};
pub use page::{LIMIT_MAX, OFFSET_PLUS_LIMIT_MAX, Page, Paging};
pub use rate_limit::{RateLimit, Wait};
pub use request::Request;
pub use secret::Secret;
pub use transport::Reply;
