//! Audit records: who changed what through this API, paged by cursor.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::auth::Caller;
use crate::pagerduty::model::{Actor, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const WINDOW_DEFAULT_HOURS: i64 = 24;
const WINDOW_MAX_HOURS: i64 = 31 * 24;
const LIMIT_MAX: usize = 100;
/// The oldest records are forgotten beyond so many.
const RECORDS_MAX: usize = 10_000;

/// The kinds of object whose changes are recorded: path, type.
const KINDS: [(&str, &str); 5] = [
    ("users", "user"),
    ("teams", "team"),
    ("schedules", "schedule"),
    ("escalation_policies", "escalation_policy"),
    ("services", "service"),
];

/// One change that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AuditRecord {
    id: String,
    at: Timestamp,
    /// None for the account's own key.
    by: Option<UserIx>,
    /// The path of the kind: `users`.
    kind: String,
    object: String,
    summary: String,
    /// `create`, `update` or `delete`.
    action: String,
}

impl State {
    /// Records what a call changed, if it changed an object of the recorded kinds.
    pub(super) fn record(&mut self, ask: &Ask<'_>, parts: &[&str], reply: &Reply) {
        let Some((kind, root)) = parts.first().and_then(|first| KINDS.iter().find(|(path, _)| path == first)) else {
            return;
        };
        let action = match (ask.call.method.as_str(), parts) {
            ("POST", [_]) => "create",
            ("DELETE", [_, _]) => "delete",
            ("PUT", [_, _]) | ("POST" | "PUT" | "DELETE", [_, _, _, ..]) => "update",
            _ => return,
        };
        let shown: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let object = parts.get(1).copied().or(shown[root]["id"].as_str()).unwrap_or_default().to_owned();
        let summary = shown[root]["summary"].as_str().unwrap_or(&object).to_owned();
        let by = match self.actor_of(ask) {
            Actor::User(user) => Some(user),
            _ => None,
        };
        if self.audit.len() >= RECORDS_MAX {
            self.audit.pop_front();
        }
        let id = self.random.uuid();
        let (kind, action) = ((*kind).to_owned(), action.to_owned());
        self.audit.push_back(AuditRecord { id, at: ask.now, by, kind, object, summary, action });
    }

    /// Tells who makes a call that need not say so: the key's user, or the `From` header's if it names one.
    pub(super) fn actor_of(&self, ask: &Ask<'_>) -> Actor {
        let user = match ask.caller {
            Caller::User(user) => Some(user),
            Caller::Account => ask.call.header("from").and_then(|from| self.user_by_email(from)),
        };
        user.map_or(Actor::Automation, Actor::User)
    }

    /// Lists the records, newest first; those of one object, if named.
    pub(super) fn list_audit(&self, ask: &Ask<'_>, object: Option<(&str, &str)>) -> Result<Reply, Refusal> {
        if ask.call.method != http::Method::GET {
            return Err(Refusal::not_found());
        }
        let until = ask.time("until")?.unwrap_or(ask.now);
        let day_before = || until.checked_sub(SignedDuration::from_hours(WINDOW_DEFAULT_HOURS)).unwrap_or(until);
        let since = ask.time("since")?.unwrap_or_else(day_before);
        if since > until || until.duration_since(since) > SignedDuration::from_hours(WINDOW_MAX_HOURS) {
            return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
        }
        let matches = |one: &&AuditRecord| {
            let (kind, id) = object.unwrap_or((&one.kind, &one.object));
            one.kind == kind
                && one.object == id
                && one.at >= since
                && one.at <= until
                && ask.wants("root_resource_types", &one.kind)
                && ask.wants("actions", &one.action)
        };
        let found: Vec<&AuditRecord> = self.audit.iter().rev().filter(matches).collect();
        let limit = ask.call.query("limit").and_then(|text| text.parse::<usize>().ok()).unwrap_or(LIMIT_MAX);
        let limit = limit.clamp(1, LIMIT_MAX);
        // The cursor is the id of the last record seen; what came since does not move the page.
        let begin = match ask.call.query("cursor").filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => {
                let place = found.iter().position(|one| one.id == cursor);
                place.ok_or_else(|| Refusal::invalid("Cursor is not one of this list"))? + 1
            }
        };
        let page: Vec<&&AuditRecord> = found.iter().skip(begin).take(limit).collect();
        let more = begin + page.len() < found.len();
        let next = page.last().filter(|_| more).map(|one| one.id.clone());
        let records: Vec<Value> = page.iter().map(|one| self.audit_json(ask.links, one)).collect();
        Ok(Reply::json(
            200,
            &json!({
                "records": records, "limit": limit, "next_cursor": next,
                "response_metadata": {"messages": [], "rulesets": []},
            }),
        ))
    }

    fn audit_json(&self, links: &Links, one: &AuditRecord) -> Value {
        let root = KINDS.iter().find(|(path, _)| *path == one.kind).map_or("", |(_, root)| root);
        let path = format!("{}/{}", one.kind, one.object);
        let resource = links.object(&format!("{root}_reference"), &one.object, &one.summary, &path, &path);
        let actors: Vec<Value> = one.by.into_iter().map(|user| self.user_ref(links, user)).collect();
        json!({
            "id": one.id,
            "self": null,
            "execution_time": links.time(one.at),
            "execution_context": {"request_id": null, "remote_address": null},
            "actors": actors,
            "method": {"type": "api_token", "description": null, "truncated_token": null},
            "root_resource": resource,
            "action": one.action,
            "details": {"resource": resource, "fields": [], "references": []},
        })
    }
}
