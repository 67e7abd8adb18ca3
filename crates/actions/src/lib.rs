//! Everything that can be done at PagerDuty, once: as data, and one function that carries it out.
//!
//! Commands, HTTP, chat, StackStorm and assistants are made from the [`Catalogue`]: an [`Action`] has a name, the JSON Schema of its input
//! and of its result, says whether it changes something and in whose name, and where it is offered. [`run`] checks an input, sends the
//! requests, and gives an [`Outcome`] of always the same form. The tables are in `catalogue/`, one file for each kind of object; most rows
//! are all there is to an action. What a row cannot say is in `special/`.
//!
//! Deliberately absent: who may run what (each surface decides), and any memory between two runs.
//!
//! ```no_run
//! use pagebridge_actions::{Caller, Catalogue, run};
//! use pagerduty::{Client, RetryPolicy, Retrying};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), pagerduty::Error> {
//! let client = Client::builder().token("u+key").build().expect("valid settings");
//! let caller = Caller::new(Retrying::new(client, RetryPolicy::default()), 1_767_323_045_000);
//! let caller = Caller { from: Some("ann@example.com".to_owned()), ..caller };
//! let outcome = run(&Catalogue::new(), "incident.acknowledge", json!({"entity_id": "#42"}), &caller).await;
//! println!("{}", serde_json::to_string(&outcome).expect("JSON"));
//! # Ok(())
//! # }
//! ```

mod action;
mod caller;
mod catalogue;
mod incident;
mod input;
mod mend;
mod outcome;
mod param;
mod raw_schema;
mod request;
mod run;
mod schema;
mod session;
mod special;

pub use action::{Action, Effect, Identity, Since, Surface};
pub use caller::{Caller, Progress};
pub use catalogue::Catalogue;
pub use outcome::{ActionError, ErrorKind, Outcome};
pub use param::{Kind, Param, Preset};
pub use run::run;
