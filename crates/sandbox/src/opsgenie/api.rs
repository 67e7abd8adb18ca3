//! Opsgenie's alert API: reads answer at once, writes are accepted and processed later.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Alert, AlertAct, Way, Who};
use super::query::Query;
use super::refusal::Refusal;
use super::requests::Write;
use super::state::{AlertName, State};
use crate::clock::milliseconds;
use crate::wire::{Call, Reply, encode};

const LIST_LIMIT_DEFAULT: usize = 20;
const LIST_LIMIT_MAX: usize = 100;
const LIST_DEPTH_MAX: usize = 20_000;

impl State {
    pub(crate) fn get_alert(&self, call: &Call, id: &str) -> Result<Reply, Refusal> {
        let place = self.named(call, id)?;
        Ok(Reply::json(200, &json!({"data": self.alert_json(&self.alerts[place])})))
    }

    pub(crate) fn list_alerts(&self, call: &Call) -> Result<Reply, Refusal> {
        let number = |name| call.query(name).and_then(|text| text.parse::<usize>().ok());
        let limit = number("limit").unwrap_or(LIST_LIMIT_DEFAULT).clamp(1, LIST_LIMIT_MAX);
        let offset = number("offset").unwrap_or(0);
        if offset + limit > LIST_DEPTH_MAX {
            return Err(Refusal::invalid("offset", "Sum of offset and limit can not be more than 20000."));
        }
        let mut found = self.search(call)?;
        self.sort(&mut found, call);
        let shown: Vec<Value> =
            found.iter().skip(offset).take(limit).map(|place| self.alert_json(&self.alerts[*place])).collect();
        let last = found.len().saturating_sub(1) / limit * limit;
        let link = |offset: usize| list_link(call, offset, limit);
        let mut paging = json!({"first": link(0), "last": link(last)});
        if offset + shown.len() < found.len() {
            paging["next"] = link(offset + limit).into();
        }
        let mut reply = Reply::json(200, &json!({"data": shown, "paging": paging}));
        for (name, key) in [("X-Paging-Next", "next"), ("X-Paging-First", "first"), ("X-Paging-Last", "last")] {
            if let Some(url) = paging[key].as_str() {
                reply = reply.with(name, url);
            }
        }
        Ok(reply)
    }

    pub(crate) fn count_alerts(&self, call: &Call) -> Result<Reply, Refusal> {
        Ok(Reply::json(200, &json!({"data": {"count": self.search(call)?.len()}})))
    }

    fn search(&self, call: &Call) -> Result<Vec<usize>, Refusal> {
        let query = Query::parse(call.query("query").unwrap_or_default());
        let query = query.map_err(|why| Refusal::invalid("query", &why))?;
        let matches = |place: &usize| !self.alerts[*place].deleted && query.matches(&self.alerts[*place]);
        if query.only_open() {
            return Ok(self.open.iter().copied().filter(matches).collect());
        }
        Ok((0..self.alerts.len()).filter(matches).collect())
    }

    fn sort(&self, found: &mut [usize], call: &Call) {
        let field = call.query("sort").unwrap_or("createdAt").to_owned();
        let key = |place: &usize| {
            let alert = &self.alerts[*place];
            let value = match field.as_str() {
                "updatedAt" => alert.updated_at.as_millisecond(),
                "lastOccurredAt" => alert.last_occurred_at.as_millisecond(),
                "count" => alert.count as i64,
                "tinyId" => *place as i64,
                _ => alert.created_at.as_millisecond(),
            };
            (value, *place)
        };
        found.sort_by_key(key);
        if call.query("order") != Some("asc") {
            found.reverse();
        }
    }

    pub(crate) fn get_request(&self, id: &str) -> Result<Reply, Refusal> {
        let result = self.requests.result(id);
        let result = result.ok_or_else(|| Refusal::not_found("Request not found. It might not be processed, yet."))?;
        Ok(Reply::json(200, &json!({"data": result})))
    }

    pub(crate) fn list_notes(&self, call: &Call, id: &str) -> Result<Reply, Refusal> {
        let place = self.named(call, id)?;
        let items: Vec<Value> = self.alerts[place]
            .notes
            .iter()
            .enumerate()
            .map(|(number, note)| {
                json!({
                    "note": note.text, "owner": note.owner, "createdAt": milliseconds(note.at),
                    "offset": offset_mark(note.at, number),
                })
            })
            .collect();
        Ok(by_mark(call, items))
    }

    pub(crate) fn list_logs(&self, call: &Call, id: &str) -> Result<Reply, Refusal> {
        let place = self.named(call, id)?;
        let items: Vec<Value> = self.alerts[place]
            .log
            .iter()
            .enumerate()
            .map(|(number, (at, owner, what))| {
                json!({
                    "log": what, "type": "system", "owner": owner, "createdAt": milliseconds(*at),
                    "offset": offset_mark(*at, number),
                })
            })
            .collect();
        Ok(by_mark(call, items))
    }

    pub(crate) fn create_alert(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Refusal> {
        let body = object(call)?;
        let new = super::fields::new_alert(&body)?;
        let who = caller(&body);
        Ok(self.accepted(Write::Create(new), who, now))
    }

    /// Accepts an action on an alert; whether the alert exists shows only in the result.
    pub(crate) fn act_on_alert(
        &mut self,
        call: &Call,
        id: &str,
        parts: &[&str],
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let body = object(call)?;
        let act = super::fields::act(call, parts, &body, now)?;
        let note = body["note"].as_str().filter(|note| !note.is_empty()).map(str::to_owned);
        let note = note.filter(|_| !matches!(act, AlertAct::AddNote(_)));
        let write = Write::Act { name: alert_name(call, id)?, act, note };
        Ok(self.accepted(write, caller(&body), now))
    }

    fn accepted(&mut self, write: Write, who: Who, now: Timestamp) -> Reply {
        let request_id = self.accept(write, who, now);
        Reply::json(202, &json!({"result": "Request will be processed", "requestId": request_id}))
            .with("X-Request-ID", request_id)
    }

    pub(crate) fn ping_heartbeat(&mut self, name: &str) -> Reply {
        *self.heartbeats.entry(name.to_owned()).or_default() += 1;
        Reply::json(202, &json!({"result": "PONG - Heartbeat received"}))
    }

    fn named(&self, call: &Call, id: &str) -> Result<usize, Refusal> {
        let found = self.find(&alert_name(call, id)?);
        found.ok_or_else(|| Refusal::not_found(&format!("Alert with id [{id}] does not exist.")))
    }

    pub(crate) fn alert_json(&self, alert: &Alert) -> Value {
        let mut shown = json!({
            "id": alert.id,
            "tinyId": alert.tiny.to_string(),
            "alias": alert.alias,
            "message": alert.message,
            "status": if alert.open { "open" } else { "closed" },
            "acknowledged": alert.acknowledged,
            "isSeen": alert.acknowledged,
            "tags": alert.tags,
            "snoozed": alert.snoozed_until.is_some(),
            "count": alert.count,
            "lastOccurredAt": milliseconds(alert.last_occurred_at),
            "createdAt": milliseconds(alert.created_at),
            "updatedAt": milliseconds(alert.updated_at),
            "source": alert.source,
            "owner": alert.owner,
            "priority": format!("P{}", alert.priority),
            "responders": alert.responders,
            "integration": {"id": self.integration_id, "name": "Bridge", "type": "API"},
            "report": report(alert),
            "actions": alert.actions,
            "entity": alert.entity,
            "description": alert.description,
            "details": alert.details,
        });
        if let Some(until) = alert.snoozed_until {
            shown["snoozedUntil"] = milliseconds(until).into();
        }
        shown
    }
}

/// Reads a write's body; an empty one counts as no fields.
fn object(call: &Call) -> Result<Value, Refusal> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(body) if body.is_object() => Ok(body),
        _ => Err(Refusal::new(400, "Request body is not processable, it is not valid JSON.")),
    }
}

fn caller(body: &Value) -> Who {
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Who {
        name: text("user").unwrap_or_else(|| "Bridge".to_owned()),
        user_id: String::new(),
        way: Way::Api,
        source: text("source").unwrap_or_else(|| "127.0.0.1".to_owned()),
    }
}

fn alert_name(call: &Call, id: &str) -> Result<AlertName, Refusal> {
    match call.query("identifierType").unwrap_or("id") {
        "id" => Ok(AlertName::Id(id.to_owned())),
        "tiny" => Ok(AlertName::Tiny(id.to_owned())),
        "alias" => Ok(AlertName::Alias(id.to_owned())),
        _ => Err(Refusal::invalid("identifierType", "Identifier type should be one of [ id, alias, tiny ].")),
    }
}

fn report(alert: &Alert) -> Value {
    let mut report = json!({});
    let since = |at: &Timestamp| at.as_millisecond() - alert.created_at.as_millisecond();
    if let Some((at, by)) = &alert.acknowledged_by {
        report["ackTime"] = since(at).into();
        report["acknowledgedBy"] = by.clone().into();
    }
    if let Some((at, by)) = &alert.closed_by {
        report["closeTime"] = since(at).into();
        report["closedBy"] = by.clone().into();
    }
    report
}

fn list_link(call: &Call, offset: usize, limit: usize) -> String {
    let query = encode(call.query("query").unwrap_or_default());
    let sort = encode(call.query("sort").unwrap_or("createdAt"));
    let order = encode(call.query("order").unwrap_or("desc"));
    format!("{}/v2/alerts?query={query}&offset={offset}&limit={limit}&sort={sort}&order={order}", call.base)
}

/// Makes the opaque mark that notes and logs are paged by; it grows with the item's place.
fn offset_mark(at: Timestamp, number: usize) -> String {
    format!("{0}_{0}{number:06}", at.as_millisecond())
}

/// Replies with one page of items (oldest first), starting after the mark the client gives; newest first by default.
fn by_mark(call: &Call, mut items: Vec<Value>) -> Reply {
    let limit = call.query("limit").and_then(|text| text.parse().ok()).unwrap_or(LIST_LIMIT_DEFAULT);
    let limit = limit.clamp(1, LIST_LIMIT_MAX);
    let order = call.query("order").unwrap_or("desc");
    if (order == "asc") == (call.query("direction") == Some("prev")) {
        items.reverse();
    }
    let mark = call.query("offset").unwrap_or_default();
    let place = items.iter().position(|item| item["offset"].as_str() == Some(mark));
    let mut rest = items.split_off(place.map_or(0, |place| place + 1));
    let more = rest.len() > limit;
    rest.truncate(limit);
    let mut paging = json!({});
    if let Some(last) = rest.last().filter(|_| more).and_then(|item| item["offset"].as_str()) {
        let path = call.segments.iter().map(|part| encode(part)).collect::<Vec<_>>().join("/");
        let kind = call.query("identifierType").unwrap_or("id");
        paging["next"] = format!(
            "{}/{path}?identifierType={kind}&offset={last}&direction=next&limit={limit}&order={order}",
            call.base
        )
        .into();
    }
    Reply::json(200, &json!({"data": rest, "paging": paging}))
}
