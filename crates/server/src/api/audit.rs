//! The audit trail: who asked for which action, and what became of it.

use crate::api::query::{Audit, Params};
use crate::api::view::rfc3339;
use crate::api::{App, access, fresh};
use crate::problem::Problem;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use pagebridge_access::{Principal, Role};
use pagebridge_ports::AuditRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// One run that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    /// Its place in the trail.
    pub id: i64,
    /// When it was asked for.
    pub at: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Who asked.
    pub who: String,
    /// The way in: `http`, `chat`, `mcp`.
    pub surface: String,
    /// The action.
    pub action: String,
    /// Its input; secrets are `***`.
    pub input: Value,
    /// By which a repeat is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it was only shown.
    pub dry_run: bool,
    /// What became of it: `done`, `already`, `failed`, `refused` (by us; nothing was sent), or `unknown` (it runs, or nobody
    /// knows because the server was ended meanwhile).
    pub ended: String,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Ids of what was changed.
    pub ids: Vec<String>,
}

/// A page of the audit trail, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The runs.
    pub runs: Vec<AuditView>,
    /// Give this as `before` to get the next page; `null` on the last one.
    pub next: Option<i64>,
}

impl AuditView {
    /// Shows a row.
    #[must_use]
    pub fn of(row: AuditRow) -> Self {
        let outcome = row.end.as_ref().map(|end| &end.outcome);
        let error = outcome.and_then(|outcome| outcome.get("error")).cloned();
        let ids = outcome.and_then(|outcome| outcome["ids"].as_array()).into_iter().flatten();
        Self {
            id: row.id,
            at: rfc3339(row.at),
            ended_at: row.end.as_ref().map(|end| rfc3339(end.at)),
            ended: ended(&row).to_owned(),
            ids: ids.filter_map(Value::as_str).map(str::to_owned).collect(),
            who: row.who,
            surface: row.surface,
            action: row.action,
            input: row.input,
            key: row.key,
            dry_run: row.dry_run,
            error,
        }
    }
}

fn ended(row: &AuditRow) -> &'static str {
    let Some(end) = &row.end else { return "unknown" };
    match end.outcome["error"]["kind"].as_str() {
        _ if end.ok && end.outcome["already"] == true => "already",
        _ if end.ok => "done",
        Some("not_allowed" | "cap_reached") => "refused",
        _ => "failed",
    }
}

/// Lists it, for admins: inputs may hold what others need not know.
pub(crate) async fn list(
    State(app): App,
    Extension(who): Extension<Arc<Principal>>,
    Params(query): Params<Audit>,
) -> Result<Response, Problem> {
    access::at_least(&who, Role::Admin)?;
    let filter = query.filter()?;
    let limit = filter.limit;
    let rows = app.store.audit_rows(filter).await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.id)).flatten();
    Ok(fresh(AuditPage { runs: rows.into_iter().map(AuditView::of).collect(), next }))
}
