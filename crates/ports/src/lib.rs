//! What the engine needs from the world: a [`Store`], [`Connector`]s, an [`Operator`] to tell, a [`Clock`]; with a store
//! in memory and the conformance suite that every store must pass.

mod audit;
mod clock;
pub mod conformance;
mod connector;
mod endpoint;
mod guard;
mod kept;
mod memory;
mod operator;
mod store;
mod upkeep;

pub use audit::{AuditEnd, AuditFilter, AuditRow, Begun, CAP_WINDOW_MS, Cap, NewAudit};
pub use clock::{Clock, ManualClock, SystemClock};
pub use connector::{Answer, Check, CheckResult, Connector, Receive, Received, Refusal, SenderKey};
pub use endpoint::{Asked, Desk, Ending, Endpoint, Ticket};
pub use guard::{guarded, pick};
pub use kept::Kept;
pub use memory::MemoryStore;
pub use operator::{Alarm, AlarmState, OPERATOR, Operator, OperatorNews};
pub use store::{
    Accepted, Counts, EntryFilter, IncidentFilter, JournalRow, LaneCount, LaneFilter, Lease, Leased, Settled,
    Settlement, Store, StoreError,
};
pub use upkeep::{Upkeep, Upkept};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
