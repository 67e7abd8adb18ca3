//! How actions are called as commands: `incident.create_note` is `incident create-note`.

use pagebridge_actions::{Action, Catalogue, Surface};

/// A kind of object with what can be done with it.
pub(super) struct Noun {
    /// e.g. `escalation-policy`
    pub(super) name: String,
    /// Other names.
    pub(super) aliases: &'static [&'static str],
    pub(super) about: &'static str,
    /// By name.
    pub(super) verbs: Vec<Verb>,
}

/// One action as a command.
pub(super) struct Verb {
    /// e.g. `create-note`
    pub(super) name: String,
    /// The catalogue's own word, where the command has a more usual one, and short ones.
    pub(super) aliases: Vec<String>,
    pub(super) action: &'static Action,
}

/// What each kind of object is, for people.
const NOUNS: &[(&str, &[&str], &str)] = &[
    ("ability", &[], "What the account can do"),
    ("business-service", &[], "Business services"),
    ("change-event", &[], "Changes, such as deploys, that PagerDuty is told of"),
    ("escalation-policy", &[], "Escalation policies"),
    ("event", &[], "Alerts by the Events API: trigger, acknowledge, resolve"),
    ("incident", &[], "PagerDuty's incidents (those of the bridge: `incidents`)"),
    ("integration", &[], "Integrations of services"),
    ("log-entry", &[], "What happened at PagerDuty, entry by entry"),
    ("maintenance-window", &[], "Maintenance windows"),
    ("notification", &[], "Who was notified, when and how"),
    ("on-call", &["oncall"], "Who is on call"),
    ("priority", &[], "Priorities of incidents"),
    ("schedule", &[], "Schedules and their overrides"),
    ("service", &[], "Services"),
    ("tag", &[], "Tags of users, teams and escalation policies"),
    ("team", &[], "Teams and their members"),
    ("user", &[], "Users, their contact methods and notification rules"),
    ("vendor", &[], "Vendors of integrations"),
    ("webhook-subscription", &[], "Where PagerDuty posts what happens"),
];

/// Short names of what is done often.
const SHORT: &[(&str, &str)] = &[
    ("acknowledge", "ack"),
    ("create-note", "note"),
    ("list-notes", "notes"),
    ("create-override", "override"),
    ("list-overrides", "overrides"),
    ("create-status-update", "status-update"),
];

/// Gives all commands, nouns and verbs in alphabetical order.
pub(super) fn nouns(catalogue: &Catalogue) -> Vec<Noun> {
    let mut nouns: Vec<Noun> = Vec::new();
    for action in catalogue.actions().filter(|action| action.surfaces.contains(&Surface::Cli)) {
        let (noun, verb) = command(catalogue, action);
        if nouns.last().is_none_or(|last| last.name != noun) {
            let (_, aliases, about) = NOUNS.iter().find(|(name, ..)| *name == noun).copied().unwrap_or(("", &[], ""));
            nouns.push(Noun { name: noun, aliases, about, verbs: Vec::new() });
        }
        nouns.last_mut().expect("pushed above").verbs.push(verb);
    }
    for noun in &mut nouns {
        noun.verbs.sort_by(|a, b| a.name.cmp(&b.name));
    }
    nouns
}

/// Gives noun and verb. Of two ways to make an object the pleasant one has the short name: `create` for the action `.simple`, and `create-raw`
/// for the one that takes JSON.
pub(super) fn command(catalogue: &Catalogue, action: &'static Action) -> (String, Verb) {
    let with_dashes = |text: &str| text.replace('_', "-");
    let (noun, rest) = action.name.split_once('.').unwrap_or((action.name, ""));
    let parts: Vec<String> =
        rest.split('.').filter(|part| *part != "rest_v2" && *part != "simple").map(with_dashes).collect();
    let raw = if catalogue.get(&format!("{}.simple", action.name)).is_some() { "-raw" } else { "" };
    let own = parts.join("-") + raw;
    let usual = [("find", "list"), ("get", "show")].into_iter().find_map(|(ours, usual)| {
        let rest = own.strip_prefix(ours)?;
        (rest.is_empty() || rest.starts_with('-')).then(|| format!("{usual}{rest}"))
    });
    let (name, mut aliases) = match usual {
        Some(usual) => (usual, vec![own]),
        None => (own, Vec::new()),
    };
    aliases.extend(SHORT.iter().filter(|(long, _)| *long == name).map(|(_, short)| (*short).to_owned()));
    (with_dashes(noun), Verb { name, aliases, action })
}
