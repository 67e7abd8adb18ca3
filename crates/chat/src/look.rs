//! Looking things up at PagerDuty: people and schedules by what they are called, how an incident stands, who is on call.

use crate::people::{People, Person};
use crate::reply::Reply;
use crate::request::Form;
use pagebridge_access::{Asked, Gate};
use pagebridge_actions::{Outcome, Surface};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Found ones that are named when more than one fits.
const NAMED_MAX: usize = 5;

/// Notes that are shown of an incident.
const NOTES_MAX: usize = 3;

/// On-calls that are read.
const ON_CALLS_MAX: i64 = 200;

/// Looks things up for a person.
pub(crate) struct Looker<'l> {
    pub(crate) gate: &'l Gate,
    pub(crate) person: &'l Person,
    pub(crate) people: &'l People,
    pub(crate) form: Form,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Looker<'_> {
    /// Runs an action that only reads.
    pub(crate) async fn read(&self, action: &str, input: Value) -> Result<Outcome, Reply> {
        let outcome = self.gate.run(&self.person.principal, Asked::new(Surface::Chat, action, input)).await;
        match &outcome.error {
            Some(error) => Err(Reply::failed(error)),
            None => Ok(outcome),
        }
    }

    async fn list(&self, action: &str, input: Value) -> Result<Vec<Value>, Reply> {
        match self.read(action, input).await?.result {
            Some(Value::Array(found)) => Ok(found),
            _ => Ok(Vec::new()),
        }
    }

    /// The user who is called so: by e-mail address, `@name`, name, a mention of the chat, or `me`.
    pub(crate) async fn user(&self, said: &str) -> Result<Found, Reply> {
        let mut wanted = said.trim().to_owned();
        if wanted.eq_ignore_ascii_case("me") {
            wanted = self.person.principal.from.clone().ok_or_else(|| {
                Reply::refused("nobody knows who you are at PagerDuty; give an e-mail address in place of `me`")
            })?;
        } else if let Some(name) = wanted.strip_prefix('@') {
            wanted = match self.people.address_of(self.form, name).await {
                Some(address) => address,
                None => name.to_owned(),
            };
        }
        let found = self.list("user.find", json!({"query": wanted, "maximum": 25})).await?;
        let fits = |user: &&Value| {
            let email = user["email"].as_str().unwrap_or_default();
            let local = email.split('@').next().unwrap_or_default();
            let name = user["name"].as_str().unwrap_or_default();
            [email, local, name].iter().any(|own| own.eq_ignore_ascii_case(&wanted))
        };
        let exact: Vec<&Value> = found.iter().filter(fits).collect();
        let candidates = match (exact.is_empty(), wanted.contains('@')) {
            (false, _) => exact,
            // An address that is nobody's is not somebody's whose address is longer.
            (true, true) => Vec::new(),
            (true, false) => found.iter().collect(),
        };
        the_one(&candidates, "user", said)
    }

    /// The schedule that is called so, by name or id.
    pub(crate) async fn schedule(&self, said: &str) -> Result<Found, Reply> {
        let found = self.list("schedule.find", json!({"query": said, "maximum": 25})).await?;
        if found.is_empty() && is_id(said) {
            return Ok(Found { id: said.to_owned(), name: said.to_owned() });
        }
        the_one(&narrowed(&found, said), "schedule", said)
    }

    /// The level after the one that an incident is at.
    pub(crate) async fn next_level(&self, incident: &str) -> Result<(String, i64), Reply> {
        let outcome = self.read("incident.get", json!({"entity_id": incident})).await?;
        let read = outcome.result.unwrap_or_default();
        let id = read["id"].as_str().unwrap_or(incident).to_owned();
        let assigned: Vec<&Value> =
            read["assignments"].as_array().into_iter().flatten().map(|one| &one["assignee"]["id"]).collect();
        let policy = &read["escalation_policy"]["id"];
        let input = json!({"escalation_policy_ids": [policy], "maximum": ON_CALLS_MAX});
        let on_calls = self.list("on_call.find", input).await?;
        let level = |one: &Value| one["escalation_level"].as_i64();
        let now = on_calls.iter().filter(|one| assigned.contains(&&one["user"]["id"])).filter_map(level).min();
        let last = on_calls.iter().filter_map(level).max();
        match (now, last) {
            (Some(now), Some(last)) if now < last => Ok((id, now + 1)),
            (Some(now), _) => Err(Reply::refused(format!("{id} is at level {now}, the last of its escalation policy"))),
            (None, _) => Err(Reply::refused(format!(
                "nobody knows the level that {id} is at; say one: `escalate {id} to level 2`"
            ))),
        }
    }

    /// How an incident stands.
    pub(crate) async fn show(&self, incident: &str) -> Result<Reply, Reply> {
        let outcome = self.read("incident.get", json!({"entity_id": incident})).await?;
        let read = outcome.result.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = text(&read["id"]);
        let notes = self.list("incident.find_notes", json!({"entity_id": id})).await?;
        let number = read["incident_number"].as_i64().unwrap_or_default();
        let assigned: Vec<String> =
            read["assignments"].as_array().into_iter().flatten().map(|one| text(&one["assignee"]["summary"])).collect();
        let mut lines = vec![
            format!(
                "#{number} {id} is {} ({}): {}",
                text(&read["status"]),
                text(&read["urgency"]),
                text(&read["title"])
            ),
            format!("service {}, since {}", text(&read["service"]["summary"]), text(&read["created_at"])),
        ];
        if !assigned.is_empty() {
            lines.push(format!("assigned to {}", assigned.join(", ")));
        }
        lines.push(text(&read["html_url"]));
        let mut notes: Vec<&Value> = notes.iter().collect();
        notes.sort_by_key(|note| std::cmp::Reverse(text(&note["created_at"])));
        lines.extend(
            notes
                .iter()
                .take(NOTES_MAX)
                .map(|note| format!("{}: {}", text(&note["user"]["summary"]), text(&note["content"]))),
        );
        lines.retain(|line| !line.is_empty());
        Ok(Reply::told(lines))
    }

    /// Who is on call.
    pub(crate) async fn on_call(&self, about: Option<&str>) -> Result<Reply, Reply> {
        let mut input = json!({"maximum": ON_CALLS_MAX, "time_zone": "UTC"});
        if let Some(about) = about {
            let (filter, ids) = self.on_call_for(about).await?;
            input[filter] = json!(ids);
        }
        let outcome = self.read("on_call.find", input).await?;
        let found = outcome.result.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        let mut lines: BTreeMap<(String, i64, String), ()> = BTreeMap::new();
        for one in &found {
            let text = |value: &Value| value["summary"].as_str().unwrap_or_default().to_owned();
            let level = one["escalation_level"].as_i64().unwrap_or(1);
            // Nobody's schedule: the policy names the user.
            let how = match (one["schedule"].is_object(), one["end"].as_str()) {
                (false, _) => "always".to_owned(),
                (true, Some(end)) => format!("{} until {end}", text(&one["schedule"])),
                (true, None) => text(&one["schedule"]),
            };
            lines.insert((text(&one["escalation_policy"]), level, format!("{} ({how})", text(&one["user"]))), ());
        }
        let mut told: Vec<String> =
            lines.into_keys().map(|(policy, level, who)| format!("{policy}, level {level}: {who}")).collect();
        if told.is_empty() {
            told.push("nobody is on call".to_owned());
        }
        if outcome.more {
            told.push("… and more; ask for a name: `who is on call for NAME`".to_owned());
        }
        Ok(Reply::told(told))
    }

    /// What has this name: schedules first, then escalation policies, then services.
    async fn on_call_for(&self, about: &str) -> Result<(&'static str, Vec<String>), Reply> {
        let query = json!({"query": about, "maximum": 25});
        let ids = |found: Vec<Value>| -> Vec<String> {
            let narrowed: Vec<String> =
                narrowed(&found, about).into_iter().filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
            narrowed
        };
        let schedules = ids(self.list("schedule.find", query.clone()).await?);
        if !schedules.is_empty() {
            return Ok(("schedule_ids", schedules));
        }
        let policies = ids(self.list("escalation_policy.find", query).await?);
        if !policies.is_empty() {
            return Ok(("escalation_policy_ids", policies));
        }
        let services = self.list("service.find", json!({"query": about, "maximum": 25})).await?;
        let policies: Vec<String> = narrowed(&services, about)
            .into_iter()
            .filter_map(|one| one["escalation_policy"]["id"].as_str())
            .map(str::to_owned)
            .collect();
        if policies.is_empty() {
            return Err(Reply::refused(format!("no schedule, escalation policy or service is called `{about}`")));
        }
        Ok(("escalation_policy_ids", policies))
    }
}

/// Those of exactly this name, if there are any; else all whose name has it in it.
fn narrowed<'f>(found: &'f [Value], said: &str) -> Vec<&'f Value> {
    let name =
        |one: &Value| one["name"].as_str().or_else(|| one["summary"].as_str()).unwrap_or_default().to_lowercase();
    let said = said.to_lowercase();
    let exact: Vec<&Value> = found.iter().filter(|one| name(one) == said).collect();
    if exact.is_empty() { found.iter().filter(|one| name(one).contains(&said)).collect() } else { exact }
}

fn the_one(candidates: &[&Value], kind: &str, said: &str) -> Result<Found, Reply> {
    let name = |one: &Value| one["name"].as_str().or_else(|| one["summary"].as_str()).unwrap_or_default().to_owned();
    match candidates {
        [] => Err(Reply::refused(format!("PagerDuty has no {kind} `{said}`"))),
        [one] => Ok(Found { id: one["id"].as_str().unwrap_or_default().to_owned(), name: name(one) }),
        several => {
            let names: Vec<String> = several.iter().take(NAMED_MAX).map(|one| name(one)).collect();
            let more = if several.len() > NAMED_MAX { ", …" } else { "" };
            Err(Reply::refused(format!("`{said}` fits more than one {kind}: {}{more}; say more", names.join(", "))))
        }
    }
}

fn is_id(said: &str) -> bool {
    said.len() >= 7 && said.starts_with('P') && said.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
