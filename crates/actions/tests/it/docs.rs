//! `docs/actions.md` is made from the catalogue.

use std::fmt::Write;
use std::path::Path;

use pagebridge_actions::{Action, Catalogue, Effect, Identity, Since, Surface};
use serde_json::Value;

const HEAD: &str = "# Actions

What can be done at PagerDuty, by name. This page is made from the catalogue (`crates/actions`) by a test:
`UPDATE_DOCS=1 cargo test -p pagebridge-actions` writes it anew.

* `*` marks a field that has to be given, `=` what is taken if it is left out, `[]` a list. Lists may be given as text with commas,
  numbers and yes or no as text, objects as JSON text. Empty text and null mean that a field is left out. Unknown fields are refused.
* `entity_id[]`: one, or a list of up to 1000, each with an outcome of its own. An incident is named by its id, its number
  (`42`, `#42`) or its key (with `key:` in front where it looks like an id or a number).
* Every run gives `{\"ok\": true, \"result\": ..}` or `{\"ok\": false, \"error\": {\"kind\", \"code\", \"message\", \"errors\", \"http_status\"}}`:
  `kind` is one of the words below, `code` is PagerDuty's own, `http_status` that of its answer. `already` says that nothing had to be
  changed, `more` that a list was cut at `maximum` (10000 at most).
* Several ids give a list in `result`, of each its `id` (as given), `ok`, and `result` or `error`; `ok` of the whole says whether all went well.
* A dry run gives `{\"dry_run\": true, \"requests\": [..]}`: each request with method, address, `From` and body, secrets as `***`. What has
  to be read to make them (an incident by its number, say) is read. Of a listing it shows the first page.
* Calls are repeated where that is safe and may help: throttling, 5xx, and trouble on the way.
* Changes: `-` reads only, `w` writes, `d` destroys what cannot be had back. Who: `u` wants a user's e-mail address as `from_email`, or
  one that is set up; `(u)` sends it if there is one.
* Where: C command, H HTTP, T chat, S StackStorm, M assistants. Since: `pack` has the name and the fields of the StackStorm pack 2.0.0.

| `kind` | means |
| --- | --- |
| `unknown_action`, `invalid_input` | nothing was sent: the message says what to change |
| `not_one_incident` | a number or key fits none, or a key fits several open ones |
| `partial` | some of several were not done |
| `unreachable` | nothing was done |
| `unknown` | no usable answer: look before repeating |
| `rate_limited`, `unavailable` | not done, try later |
| `not_found`, `unauthorized`, `forbidden`, `unknown_requester`, `refused` | PagerDuty said so |
| `not_allowed`, `cap_reached` | we said so: this caller may not do it here, or not yet again |
| `in_progress` | the same request came before and has not ended, or nobody knows how |
";

#[test]
fn the_page_is_up_to_date() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/actions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/actions.md is not what the catalogue says; UPDATE_DOCS=1 writes it anew");
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut group = "";
    for action in Catalogue::new().actions() {
        let of = action.name.split('.').next().unwrap_or_default();
        if of != group {
            group = of;
            write!(page, "\n## {of}\n\n| action | input | call | | who | where | since |\n").expect("a string");
            page += "| --- | --- | --- | --- | --- | --- | --- |\n";
        }
        page += &row(action);
    }
    page
}

fn row(action: &Action) -> String {
    let about = if action.description.is_empty() { String::new() } else { format!(" {}", action.description) };
    let effect = match action.effect {
        Effect::ReadOnly => "-",
        Effect::Writes => "w",
        Effect::Destructive => "d",
    };
    let who = match action.identity {
        Identity::Unneeded => "",
        Identity::Accepted => "(u)",
        Identity::Needed => "u",
    };
    let since = match action.since {
        Since::Pack => "pack",
        Since::Version(version) => version,
    };
    let surfaces: String = action.surfaces.iter().map(|surface| letter(*surface)).collect();
    let (name, title, call) = (action.name, action.title, action.call());
    format!(
        "| `{name}`<br>{title}.{about} | {} | `{call}` | {effect} | {who} | {surfaces} | {since} |\n",
        input(action)
    )
}

fn letter(surface: Surface) -> char {
    match surface {
        Surface::Cli => 'C',
        Surface::Http => 'H',
        Surface::Chat => 'T',
        Surface::StackStorm => 'S',
        Surface::Mcp => 'M',
    }
}

/// The schema in short, in the order of the row.
fn input(action: &Action) -> String {
    let schema = action.input();
    let required = schema["required"].as_array().expect("a list").clone();
    let order = action.params.iter().map(|param| param.name).chain(["from_email", "maximum"]);
    let mut seen: Vec<&str> = Vec::new();
    let mut fields = Vec::new();
    for name in order {
        let Some(property) = schema["properties"].get(name).filter(|_| !seen.contains(&name)) else { continue };
        seen.push(name);
        fields.push(field(name, property, required.iter().any(|one| one == name)));
    }
    fields.join(", ")
}

fn field(name: &str, property: &Value, required: bool) -> String {
    let is_list = property["type"] == "array" || property["type"].is_array() && property.get("items").is_some();
    let star = if required { "*" } else { "" };
    let preset =
        property.get("default").map(|preset| format!("={}", preset.to_string().trim_matches('"'))).unwrap_or_default();
    let words = property.get("enum").or_else(|| property.pointer("/items/enum")).and_then(Value::as_array);
    let words = match words {
        Some(words) if words.len() <= 8 => {
            format!(" ({})", words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        Some(words) => format!(" (one of {} words)", words.len()),
        None => match (property.get("minimum"), property.get("maximum")) {
            (Some(least), Some(most)) => format!(" ({least} to {most})"),
            _ => String::new(),
        },
    };
    format!("`{name}{}`{star}{preset}{words}", if is_list { "[]" } else { "" })
}
