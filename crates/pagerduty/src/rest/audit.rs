//! Audit records: who changed the account's settings. Walked by cursor.
//!
//! ```
//! use pagerduty::rest::audit::{self, AuditFilter};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&audit::list(&AuditFilter::default()))?.url.path(), "/audit/records");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde_json::{Map, Value};

use super::Reference;
use super::object::object;
use crate::call::{Call, Segment, cursor_page};
use crate::ids::ObjectId;
use crate::open_enum::open_enum;
use crate::page::CursorPage;

object! {
    /// An audit record.
    AuditRecord {
        /// Id.
        id: Option<String>,
        /// When, ISO 8601.
        execution_time: Option<String>,
        /// `create`, `update`, `delete`.
        action: Option<String>,
        /// Who did it.
        actors: Vec<Reference<ObjectId>>,
        /// By which credential, as it came.
        method: Option<Map<String, Value>>,
        /// What was changed.
        root_resource: Option<Reference<ObjectId>>,
        /// What about it, field by field, as it came.
        details: Option<Map<String, Value>>,
    }
}

/// Which audit records to list; at most 31 days, the last day without times.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// From when, ISO 8601.
    pub since: Option<String>,
    /// Until when.
    pub until: Option<String>,
    /// About these kinds of objects, e.g. `users`; not for the records of one object.
    pub root_resource_types: Vec<String>,
    /// Only these actions, e.g. `delete`; not for the records of one object.
    pub actions: Vec<String>,
    /// Where to go on, from [`CursorPage::next_cursor`].
    pub cursor: Option<String>,
    /// Records wanted, at most 100.
    pub limit: Option<u32>,
}

open_enum! {
    /// Objects that have audit records of their own.
    Audited {
        /// Escalation policies.
        EscalationPolicies = "escalation_policies",
        /// Schedules.
        Schedules = "schedules",
        /// Services.
        Services = "services",
        /// Teams.
        Teams = "teams",
        /// Users.
        Users = "users",
    }
}

impl AuditFilter {
    fn apply<T>(&self, call: Call<T>) -> Call<T> {
        call.query_opt("since", self.since.as_ref())
            .query_opt("until", self.until.as_ref())
            .query_set("root_resource_types[]", &self.root_resource_types)
            .query_set("actions[]", &self.actions)
            .cursor(self.cursor.as_ref(), self.limit)
    }
}

/// Lists the audit records of the account (`GET /audit/records`).
pub fn list(filter: &AuditFilter) -> Call<CursorPage<AuditRecord>> {
    filter.apply(cursor_page([Segment::Fixed("audit"), Segment::Fixed("records")], "records"))
}

/// Lists the audit records of one object (`GET /{kind}/{id}/audit/records`).
pub fn of(kind: &Audited, id: &str, filter: &AuditFilter) -> Call<CursorPage<AuditRecord>> {
    let path = [Segment::Id(kind.as_str()), Segment::Id(id), Segment::Fixed("audit"), Segment::Fixed("records")];
    filter.apply(cursor_page(path, "records"))
}
