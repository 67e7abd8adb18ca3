//! What makes a good page, whatever the version of the API.

use super::{Lint, found};
use serde_json::Value;

/// What is judged of a trigger.
pub(super) struct About<'a> {
    pub(super) summary: &'a str,
    pub(super) source: &'a str,
    /// Names of hosts, components and the like, of which the summary should have one.
    pub(super) places: Vec<&'a str>,
    /// The dedup key, and its field.
    pub(super) key: (&'a str, &'static str),
    pub(super) details: &'a Value,
    pub(super) links: &'a [Value],
    pub(super) names: Names,
}

/// What the fields are called.
pub(super) struct Names {
    pub(super) summary: &'static str,
    /// Empty where there is no such field.
    pub(super) source: &'static str,
    pub(super) details: &'static str,
    pub(super) links: &'static str,
}

const SUMMARY_CHARS: std::ops::RangeInclusive<usize> = 10..=200;
/// Sources that say nothing.
const NO_SOURCES: [&str; 10] =
    ["unknown", "localhost", "127.0.0.1", "none", "null", "n/a", "test", "default", "server", "source"];
/// Keys that say nothing.
const NO_KEYS: [&str; 9] = ["alert", "incident", "test", "default", "none", "null", "key", "error", "unknown"];

pub(super) fn judge(about: &About<'_>) -> Vec<Lint> {
    let mut all = Vec::new();
    let (key, field) = about.key;
    if key.is_empty() {
        all.push(found("dedup-key", field, "there is none"));
    } else if let Some(why) = meaningless(key) {
        all.push(found("dedup-key-meaning", field, why));
    }
    let (details, names) = (about.details, &about.names);
    if details.is_null() || details.as_object().is_some_and(serde_json::Map::is_empty) {
        all.push(found("details", names.details, "there are none"));
    }
    if !has_runbook(about) {
        all.push(found("runbook", names.links, "there is none"));
    }
    let source = about.source.to_lowercase();
    if !names.source.is_empty() && NO_SOURCES.contains(&source.as_str()) {
        all.push(found("source-default", names.source, format!("`{}` says nothing", about.source)));
    }
    all.extend(judge_summary(about));
    all
}

fn judge_summary(about: &About<'_>) -> Vec<Lint> {
    let (summary, field) = (about.summary, about.names.summary);
    if summary.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let chars = summary.chars().count();
    if summary.contains('\n') {
        all.push(found("summary-brief", field, "it has several lines"));
    } else if !SUMMARY_CHARS.contains(&chars) {
        all.push(found("summary-brief", field, format!("it has {chars} characters")));
    }
    if !says_where(about) {
        all.push(found("where", field, "it names neither a host nor a component"));
    }
    all
}

/// Whether the summary has one of the places in it, or a word that looks like a host's name.
fn says_where(about: &About<'_>) -> bool {
    let summary = about.summary.to_lowercase();
    let short = |place: &str| place.split('.').next().unwrap_or_default().to_lowercase();
    let named = about.places.iter().map(|place| short(place)).any(|place| place.len() > 1 && summary.contains(&place));
    let letters = |word: &str| word.chars().any(char::is_alphabetic);
    let host = |word: &str| {
        let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
        letters(inner) && (inner.contains('.') || inner.contains('-')) && inner.chars().any(|c| c.is_ascii_digit())
            || inner.parse::<std::net::IpAddr>().is_ok()
            || inner.matches('.').count() > 1 && letters(inner)
    };
    named || summary.split_whitespace().any(host)
}

/// Whether a link or a detail names a runbook.
fn has_runbook(about: &About<'_>) -> bool {
    let is_one = |text: &str| {
        let text = text.to_lowercase();
        ["runbook", "playbook", "wiki"].iter().any(|word| text.contains(word))
    };
    let linked = |link: &Value| ["href", "text"].iter().filter_map(|name| link[*name].as_str()).any(is_one);
    let detailed = about.details.as_object().is_some_and(|details| details.keys().any(|name| is_one(name)));
    about.links.iter().any(linked) || detailed
}

/// Says why a key cannot be the same for all events of one problem, or is the same for all problems.
fn meaningless(key: &str) -> Option<&'static str> {
    let lower = key.to_lowercase();
    if NO_KEYS.contains(&lower.as_str()) {
        return Some("it says nothing, so all problems are one");
    }
    let digits: Vec<&str> = key.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
    if digits.iter().any(|run| is_unix_time(run)) || has_date(&lower) {
        return Some("it has a time in it, so each event is a new incident");
    }
    if is_uuid(&lower) {
        return Some("it looks random: unless all events of one problem have it, each is a new incident");
    }
    if key.chars().all(|c| c.is_ascii_digit()) {
        return Some("it is a number that tells nobody what it is about");
    }
    None
}

/// Seconds or milliseconds since 1970, from 2001 to 2065.
fn is_unix_time(run: &str) -> bool {
    let number = run.parse::<u64>().unwrap_or(0);
    matches!(run.len(), 10) && (1_000_000_000..3_000_000_000).contains(&number)
        || matches!(run.len(), 13) && (1_000_000_000_000..3_000_000_000_000).contains(&number)
}

/// A date with a time behind it, as `2026-11-20T17:00`.
fn has_date(key: &str) -> bool {
    let bytes = key.as_bytes();
    let shape = |at: &[u8]| {
        at.iter()
            .zip(b"dddd-dd-dd")
            .all(|(is, wanted)| if *wanted == b'd' { is.is_ascii_digit() } else { is == wanted })
    };
    bytes.windows(11).any(|at| shape(&at[..10]) && matches!(at[10], b't' | b' ' | b'_' | b'-'))
}

/// The shape of a random id.
fn is_uuid(key: &str) -> bool {
    let parts: Vec<&str> = key.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
