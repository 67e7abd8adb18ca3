//! From a command to the actions of the catalogue, and to an answer.

use crate::command::{Command, Misread, VERBS, Verb, What};
use crate::look::Looker;
use crate::people::Person;
use crate::reply::Reply;
use crate::times;
use pagebridge_access::{Asked, Gate, Role};
use pagebridge_actions::{Outcome, Surface};
use pagebridge_ports::{BoxFuture, StoreError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Incidents that are listed at most.
const LISTED_MAX: i64 = 50;

/// Told before an action begins that must not be repeated without looking.
pub(crate) trait Begins: Send + Sync {
    /// Makes it durable that it begins.
    fn begins(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// One command under way.
pub(crate) struct Run<'r> {
    pub(crate) gate: &'r Gate,
    pub(crate) person: &'r Person,
    /// What tells a repeat from another command.
    pub(crate) key: Option<&'r str>,
    pub(crate) begins: &'r dyn Begins,
    pub(crate) looker: Looker<'r>,
}

impl Run<'_> {
    /// Carries a command out.
    pub(crate) async fn carry(&self, command: &Command) -> Reply {
        match self.answer(&command.what).await {
            Ok(reply) | Err(reply) => reply.cut(),
        }
    }

    async fn answer(&self, what: &What) -> Result<Reply, Reply> {
        match what {
            What::Help { about } => Ok(help(*about)),
            What::Create { description } => Ok(self.create(description).await),
            What::Incidents { statuses, is_alias } => self.incidents(statuses, *is_alias).await,
            What::Show { incident } => self.looker.show(incident).await,
            What::OnCall { about } => self.looker.on_call(about.as_deref()).await,
            What::Acknowledge { incidents } => {
                self.each("incident.acknowledge", incidents, json!({}), "acknowledged").await
            }
            What::Resolve { incidents } => self.each("incident.resolve", incidents, json!({}), "resolved").await,
            What::Snooze { incidents, seconds } => {
                let word = format!("snoozed for {}", duration(*seconds));
                self.each("incident.snooze", incidents, json!({"duration": seconds}), &word).await
            }
            What::Reassign { incidents, to } => self.reassign(incidents, to).await,
            What::Escalate { incident, level } => self.escalate(incident, *level).await,
            What::Note { incident, text } => {
                self.once("incident.create_note", json!({"entity_id": incident, "content": text})).await?;
                Ok(Reply::done(vec![format!("Confirming {incident} has a new note")]))
            }
            What::Merge { sources, target } => {
                let input = json!({"entity_id": target, "source_incidents": sources});
                let merged = self.once("incident.merge", input).await?;
                let id = merged["id"].as_str().unwrap_or(target);
                Ok(Reply::done(vec![format!("Confirming {} went into {id}", sources.join(", "))]))
            }
            What::Override { schedule, user, from_ms, until_ms } => {
                let (schedule, user) = (self.looker.schedule(schedule).await?, self.looker.user(user).await?);
                let (start, end) = (times::text_of(*from_ms), times::text_of(*until_ms));
                let input = json!({"entity_id": schedule.id, "user_id": user.id, "start": start, "end": end});
                self.once("schedule.create_override.simple", input).await?;
                let line = format!("Confirming {} takes {} from {start} until {end}", user.name, schedule.name);
                Ok(Reply::done(vec![line]))
            }
        }
    }

    async fn create(&self, description: &str) -> Reply {
        let mut input = json!({"description": description});
        // A repeat with the same key is the same incident, so nothing is lost by trying again.
        if let Some(key) = self.key {
            input["incident_key"] = json!(format!("chat-{}", &hex::encode(Sha256::digest(key))[..24]));
        }
        let outcome = self.write("incident.create.events_v1", input).await;
        match (&outcome.result, &outcome.error) {
            (_, Some(error)) => Reply::failed(error).after("Failed"),
            (Some(result), None) => {
                let key = result["incident_key"].as_str().unwrap_or("unknown");
                Reply::done(vec![format!("Successfully triggered event with inc de-dup key: {key}")])
            }
            (None, None) => Reply::done(vec!["Successfully triggered event".to_owned()]),
        }
    }

    async fn incidents(&self, statuses: &[&str], is_alias: bool) -> Result<Reply, Reply> {
        let input = json!({
            "statuses": statuses, "sort_by": "created_at:desc", "date_range": "all", "maximum": LISTED_MAX,
        });
        let outcome = self.looker.read("incident.find", input).await?;
        let found = outcome.result.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let line = |one: &Value| if is_alias { alias_line(one) } else { line(one) };
        let mut lines: Vec<String> = found.iter().map(line).collect();
        if lines.is_empty() {
            lines.push(format!("no incident is {}", statuses.join(" or ")));
        }
        if outcome.more {
            lines.push(format!("… and more; these are the latest {LISTED_MAX}"));
        }
        Ok(Reply::told(lines))
    }

    /// Brings each of several incidents to the same.
    async fn each(&self, action: &str, incidents: &[String], more: Value, word: &str) -> Result<Reply, Reply> {
        let mut input = more;
        input["entity_id"] = if let [one] = incidents { json!(one) } else { json!(incidents) };
        let outcome = self.write(action, input).await;
        let confirmed = |name: &str, result: &Value, already: bool| {
            let object = if result["incident"].is_object() { &result["incident"] } else { result };
            let already = if already { ", as it was already" } else { "" };
            format!("Confirming {} is {word}{already}", object["id"].as_str().unwrap_or(name))
        };
        match (outcome.result, outcome.error) {
            (Some(Value::Array(each)), error) => Ok(of_each(&each, error.is_none(), confirmed)),
            (_, Some(error)) => Err(Reply::failed(&error)),
            (result, None) => {
                let name = incidents.first().map_or("it", String::as_str);
                Ok(Reply::done(vec![confirmed(name, &result.unwrap_or_default(), outcome.already)]))
            }
        }
    }

    async fn reassign(&self, incidents: &[String], to: &[String]) -> Result<Reply, Reply> {
        let mut users = Vec::new();
        for one in to {
            users.push(self.looker.user(one).await?);
        }
        let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
        let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
        let word = format!("assigned to {}", names.join(", "));
        self.each("incident.reassign", incidents, json!({"user_ids": ids}), &word).await
    }

    async fn escalate(&self, incident: &str, level: Option<i64>) -> Result<Reply, Reply> {
        let word = |level: i64| format!("escalated to level {level}");
        let Some(level) = level else {
            let (id, level) = self.looker.next_level(incident).await?;
            self.once("incident.escalate", json!({"entity_id": id, "escalation_level": level})).await?;
            return Ok(Reply::done(vec![format!("Confirming {id} is {}", word(level))]));
        };
        self.each("incident.escalate", &[incident.to_owned()], json!({"escalation_level": level}), &word(level)).await
    }

    /// Runs an action that may be repeated; so it has no key, by which the gate would refuse it after a crash.
    async fn write(&self, action: &str, input: Value) -> Outcome {
        self.gate.run(&self.person.principal, Asked::new(Surface::Chat, action, input)).await
    }

    /// Runs an action that must not be repeated without looking.
    async fn once(&self, action: &str, input: Value) -> Result<Value, Reply> {
        if let Err(error) = self.begins.begins().await {
            tracing::error!(%error, "a command from a chat was not begun");
            return Err(Reply::refused("Pagebridge cannot write to its store now, so nothing was done; try again"));
        }
        let key = self.key.map(|key| format!("{key}/{action}"));
        let asked = Asked { key, ..Asked::new(Surface::Chat, action, input) };
        let outcome = self.gate.run(&self.person.principal, asked).await;
        match outcome.error {
            Some(error) => Err(Reply::failed(&error)),
            None => Ok(outcome.result.unwrap_or_default()),
        }
    }
}

/// In whose name a command is done that says `from`; why not, otherwise.
pub(crate) fn in_whose_name(person: &mut Person, from: Option<&str>) -> Result<(), Reply> {
    let Some(from) = from else { return Ok(()) };
    match &person.principal.from {
        Some(own) if own.eq_ignore_ascii_case(from) => {}
        Some(own) if person.principal.role < Role::Admin => {
            let why = format!("only an admin may act in another's name; leave out `from`, you are known as {own}");
            return Err(Reply::refused(why));
        }
        None if !person.may_say_from && person.principal.role < Role::Admin => {
            let why = "only an admin may act in another's name; ask the operator to add you to `[[chat.people]]`";
            return Err(Reply::refused(why));
        }
        Some(_) | None => person.principal.from = Some(from.to_owned()),
    }
    Ok(())
}

fn of_each(each: &[Value], is_ok: bool, confirmed: impl Fn(&str, &Value, bool) -> String) -> Reply {
    let mut lines = Vec::new();
    let mut failures = Vec::new();
    for one in each {
        let name = one["id"].as_str().unwrap_or("it");
        if one["ok"] == true {
            lines.push(confirmed(name, &one["result"], one["already"] == true));
        } else {
            failures.push(format!("{name}: {}", one["error"]["message"].as_str().unwrap_or("it failed")));
        }
    }
    let is_public = !lines.is_empty();
    Reply { block: (!failures.is_empty()).then(|| failures.join("\n")), lines, is_ok, is_public }
}

fn alias_line(incident: &Value) -> String {
    let text = |field: &str| incident[field].as_str().unwrap_or_default();
    format!("{} is '{}': Title '{}'", text("id"), text("status"), text("title"))
}

fn line(incident: &Value) -> String {
    let text = |field: &str| incident[field].as_str().unwrap_or_default();
    let number = incident["incident_number"].as_i64().or_else(|| incident["number"].as_i64()).unwrap_or_default();
    let service = incident["service"]["summary"].as_str().unwrap_or("a service");
    let (id, status, urgency, title) = (text("id"), text("status"), text("urgency"), text("title"));
    format!("#{number} {id} is {status} ({urgency}) on {service}: {title}")
}

fn duration(seconds: i64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn help(about: Option<&'static Verb>) -> Reply {
    if let Some(verb) = about {
        return Reply::told(vec![format!("{}: {}", verb.usage, verb.about)]);
    }
    let mut lines: Vec<String> = VERBS.iter().map(|verb| format!("{}: {}", verb.usage, verb.about)).collect();
    lines.push("INCIDENT is a number (42 or #42), an id, or a key (key:…). Quotes hold words together.".to_owned());
    Reply::told(lines)
}

/// What is said about a text that is no command.
pub(crate) fn misread(misread: &Misread) -> Reply {
    match misread {
        Misread::Unknown { word, near: Some(verb) } => {
            Reply::refused(format!("there is no command `{word}`; did you mean `{}`? `help` tells all", verb.usage))
        }
        Misread::Unknown { word, near: None } => {
            let mut reply = help(None);
            reply.is_ok = false;
            reply.after(&format!("there is no command `{word}`; there are:"))
        }
        Misread::Wrong { verb, why } => Reply::refused(format!("{why}; it is written `{}`", verb.usage)),
    }
}

/// What is said when nobody knows whether it was done.
pub(crate) fn nobody_knows(text: &str) -> Reply {
    let line = format!(
        "Pagebridge was stopped while it did `{text}`: nobody knows whether it was done. Look with `show` before you repeat it."
    );
    Reply::refused(line)
}
