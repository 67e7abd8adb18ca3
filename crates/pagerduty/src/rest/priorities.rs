//! Priorities of incidents.
//!
//! ```
//! use pagerduty::{Client, Paging, rest::priorities};
//!
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&priorities::list(Paging::default()))?.url.path(), "/priorities");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::object::object;
use crate::call::{Call, Segment, page};
use crate::ids::PriorityId;
use crate::page::{Page, Paging};

object! {
    /// A priority.
    Priority(PriorityId) {
        /// Name, e.g. `P1`.
        name: String,
        /// Description.
        description: Option<String>,
        /// Rank; larger is more severe.
        order: Option<u64>,
        /// Colour, six hex digits.
        color: Option<String>,
    }
}

/// Lists priorities, most severe first (`GET /priorities`). Refused with 402 where the account does not use them.
pub fn list(paging: Paging) -> Call<Page<Priority>> {
    page([Segment::Fixed("priorities")], "priorities").paging(paging)
}
