//! Tools that look at the bridge's own data: what happened, and what waits.

use crate::tools::{Hints, Tool};
use pagebridge_core::{IncidentId, Timestamp};
use pagebridge_ports::{EntryFilter, IncidentFilter, Store, StoreError};
use pagebridge_server::view::{DeadLetterView, EntryView, IncidentView};
use serde_json::{Map, Value, json};

/// Most rows of an answer.
const ROWS_MAX: usize = 200;

/// Rows of an answer that does not say how many.
const ROWS: usize = 50;

const INCIDENTS: &str = "bridge_incidents";
const INCIDENT: &str = "bridge_incident";
const JOURNAL: &str = "bridge_journal";
const DEAD_LETTERS: &str = "bridge_dead_letters";

/// The tools.
pub(crate) fn tools() -> Vec<Tool> {
    let limit =
        json!({"type": "integer", "minimum": 1, "maximum": ROWS_MAX, "default": ROWS, "description": "Most rows"});
    let time = |about: &str| json!({"type": "string", "format": "date-time", "description": about});
    let number = |about: &str| json!({"type": "integer", "minimum": 1, "description": about});
    vec![
        tool(
            INCIDENTS,
            "List the bridge's incidents",
            "Newest first, each with its records in the systems that it ties together. The numbers are the bridge's own, not PagerDuty's.",
            json!({"open": {"type": "boolean", "description": "Only open ones, or only closed ones"}, "limit": limit}),
            &[],
        ),
        tool(
            INCIDENT,
            "Show one of the bridge's incidents",
            "Its records, what each holds and should hold, its notes, and its journal: what came in, what was sent, and how that ended.",
            json!({"number": number("Its number")}),
            &["number"],
        ),
        tool(
            JOURNAL,
            "Show what happened",
            "The bridge's journal, oldest first; without `since` the last entries. Answers why somebody was paged, or was not.",
            json!({
                "incident": number("Only of this incident"),
                "since": time("Only from this time on, such as 2026-11-27T03:00:00Z"),
                "until": time("Only before this time"),
                "limit": limit,
            }),
            &[],
        ),
        tool(
            DEAD_LETTERS,
            "List what waits for an operator",
            "Deliveries that cannot be made, each with the reason and the remedy.",
            json!({"limit": limit}),
            &[],
        ),
    ]
}

fn tool(name: &str, title: &str, description: &str, properties: Value, required: &[&str]) -> Tool {
    let schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    Tool {
        name: name.to_owned(),
        title: title.to_owned(),
        description: format!("{title}. {description}"),
        input: schema.as_object().cloned().unwrap_or_default(),
        hints: Hints { read_only: true, destructive: false, idempotent: true },
    }
}

/// Answers a call; `None` when there is no such tool, and an `Err` in words for the one who called.
pub(crate) async fn call(store: &dyn Store, name: &str, input: &Map<String, Value>) -> Option<Result<Value, String>> {
    let known = tools().into_iter().find(|tool| tool.name == name)?;
    if let Some(field) = input.keys().find(|field| known.input["properties"].get(field.as_str()).is_none()) {
        return Some(Err(format!("`{name}` has no field `{}`", field.escape_debug())));
    }
    Some(match name {
        INCIDENTS => incidents(store, input).await,
        INCIDENT => incident(store, input).await,
        JOURNAL => journal(store, input).await,
        _ => dead_letters(store, input).await,
    })
}

async fn incidents(store: &dyn Store, input: &Map<String, Value>) -> Result<Value, String> {
    let open = match input.get("open") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(open)) => Some(*open),
        Some(_) => return Err("`open` is true or false".to_owned()),
    };
    let filter = IncidentFilter { open, limit: limit(input)?, ..IncidentFilter::default() };
    let found = store.incidents(filter).await.map_err(trouble)?;
    Ok(json!({"incidents": found.iter().map(IncidentView::brief).collect::<Vec<_>>()}))
}

async fn incident(store: &dyn Store, input: &Map<String, Value>) -> Result<Value, String> {
    let number = whole(input, "number")?.ok_or("`number` is missing: `bridge_incidents` lists them")?;
    let found = store.incident(IncidentId(number)).await.map_err(trouble)?;
    let found = found.ok_or_else(|| format!("there is no incident {number}: `bridge_incidents` lists them"))?;
    let filter = EntryFilter { incident: Some(found.id), limit: ROWS_MAX, ..EntryFilter::default() };
    let entries = store.entries(filter).await.map_err(trouble)?;
    let entries: Vec<_> = entries.iter().map(EntryView::of).collect();
    Ok(json!({"incident": IncidentView::whole(&found), "journal": entries}))
}

async fn journal(store: &dyn Store, input: &Map<String, Value>) -> Result<Value, String> {
    let since = time(input, "since")?;
    let filter = EntryFilter {
        incident: whole(input, "incident")?.map(IncidentId),
        after: since.map(|_| 0),
        since,
        until: time(input, "until")?,
        limit: limit(input)?,
    };
    let rows = store.entries(filter).await.map_err(trouble)?;
    Ok(json!({"entries": rows.iter().map(EntryView::of).collect::<Vec<_>>()}))
}

async fn dead_letters(store: &dyn Store, input: &Map<String, Value>) -> Result<Value, String> {
    let letters = store.dead_letters(limit(input)?).await.map_err(trouble)?;
    Ok(json!({"dead_letters": letters.into_iter().map(DeadLetterView::of).collect::<Vec<_>>()}))
}

fn trouble(error: StoreError) -> String {
    format!("the store does not answer: {error}")
}

fn whole(input: &Map<String, Value>, field: &str) -> Result<Option<i64>, String> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            value.as_i64().filter(|number| *number > 0).map(Some).ok_or(format!("`{field}` is a whole number from 1"))
        }
    }
}

fn limit(input: &Map<String, Value>) -> Result<usize, String> {
    let wrong = || format!("`limit` is a whole number from 1 to {ROWS_MAX}");
    match input.get("limit") {
        None | Some(Value::Null) => Ok(ROWS),
        Some(value) => {
            let rows = value.as_u64().and_then(|rows| usize::try_from(rows).ok());
            rows.filter(|rows| (1..=ROWS_MAX).contains(rows)).ok_or_else(wrong)
        }
    }
}

fn time(input: &Map<String, Value>, field: &str) -> Result<Option<Timestamp>, String> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let parsed = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            let time = parsed.map(|time| Timestamp(time.as_millisecond()));
            time.map(Some).ok_or(format!("`{field}` is a time such as 2026-11-27T03:00:00Z"))
        }
    }
}
