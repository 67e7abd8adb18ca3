//! Who may run which action, how often, and what is remembered of it.
//!
//! Every way in that is not a person's own terminal goes through the [`Gate`]: HTTP, chats, StackStorm and assistants. A
//! way in finds out who asks (a token, a signature, a chat's user) and makes a [`Principal`] of it; the gate knows what
//! that one may do, runs the action of the catalogue, and answers with the catalogue's own [`Outcome`](pagebridge_actions::Outcome).

mod account;
mod gate;
mod principal;
mod redact;

pub use account::Account;
pub use gate::{Asked, Gate, surface_name};
pub use principal::{KEY_SIZE_BYTES_MAX, Principal, Role, fits, needed};
