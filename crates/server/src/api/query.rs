//! Query parameters: parsed once, refused with a reason.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, Query};
use http::StatusCode;
use http::request::Parts;
use pagebridge_core::{Class, IncidentId, SystemName, Timestamp};
use pagebridge_ports::{AuditFilter, EntryFilter, IncidentFilter, LaneFilter};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Rows of a page unless the caller says otherwise.
const LIMIT_DEFAULT: usize = 50;

/// Most rows of a page.
const LIMIT_MAX: usize = 500;

/// Query parameters of type `T`.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let refused = |e: axum::extract::rejection::QueryRejection| bad(e.body_text());
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(refused)
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
}

fn capped(limit: Option<usize>) -> usize {
    limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
}

/// Which incidents.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Incidents {
    open: Option<bool>,
    dead_letters: bool,
    quarantined: bool,
    not_paged: bool,
    before: Option<i64>,
    limit: Option<usize>,
}

impl Incidents {
    pub(crate) fn not_paged(&self) -> bool {
        self.not_paged
    }

    pub(crate) fn filter(&self) -> IncidentFilter {
        IncidentFilter {
            open: self.open,
            dead_letters: self.dead_letters,
            quarantined: self.quarantined,
            before: self.before.map(IncidentId),
            limit: capped(self.limit),
        }
    }
}

/// Which entries. Times are RFC 3339.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Entries {
    incident: Option<i64>,
    after: Option<i64>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
}

impl Entries {
    pub(crate) fn filter(&self) -> Result<EntryFilter, Problem> {
        Ok(EntryFilter {
            incident: self.incident.map(IncidentId),
            after: self.after,
            since: self.since.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            limit: capped(self.limit),
        })
    }
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(Timestamp(time.as_millisecond())),
        Err(_) => Err(bad(format!("`{}` is not a time such as 2026-11-20T17:00:00Z", text.escape_debug()))),
    }
}

/// Which deliveries.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Lanes {
    system: Option<String>,
    incident: Option<i64>,
    class: Option<String>,
    limit: Option<usize>,
}

impl Lanes {
    pub(crate) fn filter(&self) -> Result<LaneFilter, Problem> {
        Ok(LaneFilter {
            system: self.system.as_deref().map(SystemName::new),
            incident: self.incident.map(IncidentId),
            class: self.class.as_deref().map(class).transpose()?,
            limit: capped(self.limit),
        })
    }
}

fn class(word: &str) -> Result<Class, Problem> {
    let found = Class::ALL.into_iter().find(|c| c.as_str() == word);
    found.ok_or_else(|| bad("a class is `urgent`, `normal` or `poll`"))
}

/// Which runs. Times are RFC 3339.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    who: Option<String>,
    action: Option<String>,
    failed: bool,
    since: Option<String>,
    until: Option<String>,
    before: Option<i64>,
    limit: Option<usize>,
}

impl Audit {
    pub(crate) fn filter(self) -> Result<AuditFilter, Problem> {
        Ok(AuditFilter {
            since: self.since.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            who: self.who,
            action: self.action,
            failed: self.failed,
            before: self.before,
            limit: capped(self.limit),
        })
    }
}

/// How many.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limit {
    limit: Option<usize>,
}

impl Limit {
    pub(crate) fn limit(&self) -> usize {
        capped(self.limit)
    }

    pub(crate) fn quarantined(&self) -> IncidentFilter {
        IncidentFilter { quarantined: true, limit: self.limit(), ..IncidentFilter::default() }
    }
}
