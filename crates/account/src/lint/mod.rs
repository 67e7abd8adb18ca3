//! Event linter: what PagerDuty would refuse, and what makes a bad page. Pure: an event in, findings out.

mod advice;
mod change;
mod v1;
mod v2;

use serde::Serialize;
use serde_json::Value;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is taken, and could be better.
    Warning,
    /// PagerDuty refuses it, or drops it without a word.
    Error,
}

/// What breaks a rule in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// The rule, one of [`RULES`].
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The field, such as `payload.summary`.
    pub field: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub remedy: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// A rule as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Whether breaking it is an error.
    pub level: Level,
    /// What breaks it.
    pub breaks: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

const V2: &str = "Events API v2";
const BEST: &str = "best practice: incident management";
const QUALITY: &str = "best practice: alert quality";
const KEYS: &str = "troubleshooting: duplicate incidents";

const fn error(name: &'static str, breaks: &'static str, remedy: &'static str, source: &'static str) -> Rule {
    Rule { name, level: Level::Error, breaks, remedy, source }
}

const fn advice(name: &'static str, breaks: &'static str, remedy: &'static str, source: &'static str) -> Rule {
    Rule { name, level: Level::Warning, breaks, remedy, source }
}

/// Every rule, errors first.
pub const RULES: [Rule; 26] = [
    error("json", "it is no JSON object", "send one JSON object for each event", V2),
    error("size", "it is larger than 512 000 bytes", "leave out details", "Events API v2: body limit of 512 KB"),
    error(
        "action",
        "the action is missing, or not `trigger`, `acknowledge` or `resolve`",
        "use one of the three, in lower case",
        V2,
    ),
    error("routing-key", "the routing key has not 32 letters and digits", "copy the integration key", V2),
    error("dedup-key-needed", "an acknowledge or resolve without a dedup key", "send the key that the trigger had", V2),
    error(
        "dedup-key-length",
        "the dedup key is longer than 255 characters",
        "shorten it, for instance by a hash of its end",
        V2,
    ),
    error("payload", "a trigger without a payload object", "add the payload", V2),
    error("summary", "the summary is missing or blank", "say what is wrong, and where", V2),
    error(
        "summary-length",
        "the summary is longer than 1024 characters: it is refused, not cut",
        "put the rest into custom_details",
        V2,
    ),
    error("source", "the source is missing or blank", "name the host or component", V2),
    error(
        "severity",
        "the severity is not `critical`, `error`, `warning` or `info`",
        "use one of the four, in lower case",
        V2,
    ),
    error("timestamp", "the timestamp is no ISO 8601 time", "write it as 2026-11-20T17:00:00Z", V2),
    error("custom-details", "custom_details is no object", "make it an object of names and values", V2),
    error(
        "links",
        "a link has no `href`, or there are more than 50 in a change event",
        "give each link its address",
        "Events API v2; change events",
    ),
    error("images", "an image has no `src`, or one that is not https", "serve the image over https", V2),
    error(
        "change-key",
        "a change event with the key of an orchestration, which takes alerts only",
        "use the key of a service's integration",
        "change events",
    ),
    error(
        "api-key",
        "a REST API key where a routing key belongs",
        "copy the integration key of the service",
        "troubleshooting: alerts not triggering",
    ),
    advice(
        "dedup-key",
        "a trigger without a dedup key: each repeat is a new incident, and nothing can resolve it",
        "make one of the service, host and check",
        KEYS,
    ),
    advice(
        "dedup-key-meaning",
        "the dedup key has a time, a counter or random characters in it, or says nothing",
        "make it of the service, host and check alone",
        KEYS,
    ),
    advice("runbook", "no link to a runbook", "add a link whose text or address has `runbook` in it", BEST),
    advice("details", "no custom details", "add what the one who is paged looks up first", BEST),
    advice(
        "source-default",
        "the source says nothing, such as `unknown` or `localhost`",
        "name the host or component",
        BEST,
    ),
    advice(
        "where",
        "the summary does not say where: no host, component or source in it",
        "put the host or service into the summary",
        BEST,
    ),
    advice(
        "summary-brief",
        "the summary has less than 10 or more than 200 characters, or several lines",
        "one line that can be read out",
        BEST,
    ),
    advice(
        "always-critical",
        "of ten events or more every trigger is critical",
        "keep critical for what cannot wait for the morning",
        QUALITY,
    ),
    advice(
        "resolves",
        "of ten events or more none is a resolve",
        "always send the resolve when a problem is over",
        BEST,
    ),
];

/// The largest event that is surely taken, in bytes.
pub const EVENT_SIZE_BYTES_MAX: usize = 512_000;

fn found(rule: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Lint {
    let known = RULES.iter().find(|known| known.name == rule).expect("every rule is in the table");
    Lint {
        rule,
        level: known.level,
        field: field.into(),
        detail: detail.into(),
        remedy: known.remedy,
        source: known.source,
    }
}

/// What kind of event it is, by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Events API v2.
    V2,
    /// Events API v1.
    V1,
    /// A change event.
    Change,
}

/// Tells what kind of event it is: v1 has a `service_key` or `event_type`, a change event neither an action nor a severity.
pub fn kind_of(event: &Value) -> Kind {
    let has = |name: &str| !event[name].is_null();
    let action = event["event_action"].as_str().is_some_and(|action| !action.is_empty());
    if !action && (has("service_key") || has("event_type")) {
        Kind::V1
    } else if !has("event_action")
        && !has("dedup_key")
        && event["payload"].is_object()
        && event["payload"]["severity"].is_null()
    {
        Kind::Change
    } else {
        Kind::V2
    }
}

/// Lints one event, given as it would be sent.
pub fn lint(text: &str) -> Vec<Lint> {
    let mut all = Vec::new();
    if text.len() > EVENT_SIZE_BYTES_MAX {
        all.push(found("size", "", format!("it has {} bytes", text.len())));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(event) if event.is_object() => all.extend(lint_value(&event)),
        Ok(_) => all.push(found("json", "", "it is JSON, but no object")),
        Err(error) => all.push(found("json", "", format!("it is no JSON: {error}"))),
    }
    all
}

/// Lints one event that is an object already.
pub fn lint_value(event: &Value) -> Vec<Lint> {
    match kind_of(event) {
        Kind::V2 => v2::lint(event),
        Kind::V1 => v1::lint(event),
        Kind::Change => change::lint(event),
    }
}

/// What can only be said of many events together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Together {
    triggers: usize,
    critical: usize,
    resolves: usize,
}

/// From so many events on they are judged together.
const MANY_MIN: usize = 10;

impl Together {
    /// Counts an event in.
    pub fn add(&mut self, event: &Value) {
        let action = [&event["event_action"], &event["event_type"]].into_iter().find_map(Value::as_str);
        match action {
            Some("trigger") => {
                self.triggers += 1;
                self.critical += usize::from(event["payload"]["severity"] == "critical");
            }
            Some("resolve") => self.resolves += 1,
            _ => {}
        }
    }

    /// Judges all that were counted.
    pub fn judge(&self) -> Vec<Lint> {
        let mut all = Vec::new();
        if self.triggers >= MANY_MIN && self.critical == self.triggers {
            all.push(found(
                "always-critical",
                "payload.severity",
                format!("all {} triggers are critical", self.triggers),
            ));
        }
        if self.triggers >= MANY_MIN && self.resolves == 0 {
            all.push(found("resolves", "event_action", format!("{} triggers and no resolve", self.triggers)));
        }
        all
    }
}

/// Splits a text into events: one JSON value, a list of them, or one a line. Empty lines are left out.
///
/// Gives each with the number of its line, from 1, where there is one a line.
pub fn split(text: &str) -> Vec<(Option<usize>, String)> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(events)) => events.into_iter().map(|event| (None, event.to_string())).collect(),
        Ok(_) => vec![(None, text.trim().to_owned())],
        Err(_) => {
            let lines: Vec<_> = text
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim().is_empty())
                .map(|(n, line)| (Some(n + 1), line.trim().to_owned()))
                .collect();
            // An object over several lines that is not JSON is one broken event.
            let one_a_line =
                lines.len() > 1 && lines.iter().all(|(_, line)| line.starts_with('{') && line.ends_with('}'));
            if one_a_line { lines } else { vec![(None, text.trim().to_owned())] }
        }
    }
}

#[cfg(test)]
mod tests;
