//! One action of the catalogue as one of the pack.

use pagebridge_actions::{Action, Effect, Kind, Param, Preset};
use serde_json::{Value, json};

use crate::check::HTTP_NAMES;
use crate::yaml::Yaml;

/// Lists that the pack 2.0.0 took as text; commas part their members.
const LISTS_AS_TEXT: &[(&str, &str)] =
    &[("incident.find", "urgencies"), ("maintenance_window.create.simple", "service_id")];

/// The runner's own.
const TIMEOUT_S: usize = 60;

/// Gives the name that a field of an action has in the pack: its own, or, where the runner has that name for something of its own, the
/// object's name before it (`webhook_subscription_url`).
pub fn field_name(action: &Action, field: &str) -> String {
    let object = action.name.split('.').next().unwrap_or_default();
    if HTTP_NAMES.contains(&field) { format!("{object}_{field}") } else { field.to_owned() }
}

pub(super) fn file(action: &Action) -> Yaml {
    let fields = action.fields();
    let mut parameters: Vec<(String, Yaml)> = Vec::new();
    let mut position = 0;
    for field in &fields {
        // Those that have to be given, but for the one who does it, can be given without their names.
        let place = (field.required && field.preset.is_none()).then_some(position);
        position += usize::from(place.is_some());
        parameters.push((field_name(action, field.name), parameter(action, field, place)));
    }
    parameters.extend(of_runner(action, &fields));
    Yaml::map([
        ("name", action.name.into()),
        ("description", description(action).into()),
        ("runner_type", "http-request".into()),
        ("entry_point", "".into()),
        ("enabled", true.into()),
        ("parameters", Yaml::Map(parameters)),
    ])
}

fn description(action: &Action) -> String {
    let effect = match action.effect {
        Effect::ReadOnly | Effect::Writes => "",
        Effect::Destructive => ". It cannot be undone",
    };
    // What the catalogue says of the old pack is no longer so here.
    let more = match (action.name, action.description) {
        (_, "") | ("team.remove_user", _) => String::new(),
        (_, about) => format!(". {}", about.trim_end_matches('.')),
    };
    format!("{}{more}{effect}", action.title)
}

fn parameter(action: &Action, field: &Param, position: Option<usize>) -> Yaml {
    let mut fields = of_kind(action, field);
    fields.push(("description", about(field).into()));
    if field.required {
        fields.push(("required", true.into()));
    }
    if let Some(default) = default(field) {
        fields.push(("default", default.into()));
    }
    if field.secret {
        fields.push(("secret", true.into()));
    }
    if let Some(position) = position {
        fields.push(("position", position.into()));
    }
    Yaml::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn about(field: &Param) -> String {
    match field.kind {
        Kind::Choices(words) => format!("{}; some of {}", field.description, words.join(", ")),
        _ => field.description.to_owned(),
    }
}

/// StackStorm takes one type, written as text.
fn of_kind(action: &Action, field: &Param) -> Vec<(&'static str, Yaml)> {
    let kind = |name: &str| ("type", Yaml::from(name));
    let items = |of: Value| ("items", Yaml::from(of));
    if LISTS_AS_TEXT.contains(&(action.name, field.name)) {
        return vec![kind("string")];
    }
    match field.kind {
        Kind::Text | Kind::Id | Kind::Incident => vec![kind("string")],
        // Words are left to the bridge: brackets that are typed in a chat come to StackStorm's own check as part of them.
        Kind::Texts | Kind::Incidents | Kind::Choices(_) => vec![kind("array"), items(json!({"type": "string"}))],
        Kind::Choice(words) => vec![kind("string"), ("enum", Yaml::list(words.iter().copied()))],
        Kind::Integer(least, most) => {
            vec![kind("integer"), ("minimum", json!(least).into()), ("maximum", json!(most).into())]
        }
        Kind::Boolean => vec![kind("boolean")],
        Kind::Object => vec![kind("object")],
        Kind::Json(schema) => vec![kind(schema()["type"].as_str().unwrap_or("object"))],
    }
}

fn default(field: &Param) -> Option<Value> {
    if field.name == "service_key" {
        // As in the pack 2.0.0, but for that it may be missing: then the bridge's own is taken.
        return Some(json!("{{ config_context.service_key | default('', true) }}"));
    }
    field.preset.map(|preset| match preset {
        Preset::Text(text) => json!(text),
        Preset::Integer(number) => json!(number),
        Preset::Boolean(flag) => json!(flag),
        Preset::Texts(texts) => json!(texts),
    })
}

/// What the runner is told; nobody can tell it otherwise, but for the time.
fn of_runner(action: &Action, fields: &[Param]) -> Vec<(String, Yaml)> {
    let fixed = |kind: &str, default: Yaml| {
        Yaml::map([("type", kind.into()), ("immutable", true.into()), ("default", default)])
    };
    let url = format!("{{{{ config_context.url }}}}/api/v1/actions/{}", action.name);
    let headers = json!({
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": "Bearer {{ config_context.token }}",
    });
    let timeout = Yaml::map([
        ("type", "integer".into()),
        ("description", "How long to wait for the bridge, in seconds".into()),
        ("default", TIMEOUT_S.into()),
    ]);
    let rows = [
        ("url", fixed("string", url.into())),
        ("method", fixed("string", "POST".into())),
        ("headers", fixed("object", headers.into())),
        ("body", fixed("string", body(action, fields).into())),
        ("timeout", timeout),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The template of the body: JSON with what was given, and nothing for what was left out.
fn body(action: &Action, fields: &[Param]) -> String {
    let row = |field: &Param| {
        let name = field_name(action, field.name);
        let pair = format!("  '\"{}\": ' ~ ({name} | to_json_string)", field.name);
        match field.kind {
            _ if field.required && field.preset.is_none() => pair,
            Kind::Integer(..) | Kind::Boolean => format!("{pair} if {name} is not none else ''"),
            _ => format!("{pair} if {name} else ''"),
        }
    };
    match fields {
        [] => "{}".to_owned(),
        _ => {
            let rows: Vec<String> = fields.iter().map(row).collect();
            format!("{{\n{{{{ [\n{}\n] | select | join(', ') }}}}\n}}", rows.join(",\n"))
        }
    }
}
