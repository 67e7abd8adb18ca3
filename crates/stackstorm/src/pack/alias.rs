//! The four chat commands of the pack 2.0.0: what is typed and what is replied are the same.

use crate::pack::Ref;
use crate::yaml::Yaml;

/// Why something was not done, whoever says so: the action, the bridge, or StackStorm's own client.
const WHY: &str = "{% set body = execution.result.body | default({}) %}
{% set error = body.error | default({}) %}
```{{ error.message | default(body.detail | default(execution.result.error | default('no usable answer'))) }}```";

struct Row {
    name: &'static str,
    action: &'static str,
    description: &'static str,
    format: &'static str,
    /// The reply to a success.
    reply: &'static str,
    /// What is before the reason in the reply to a failure.
    failed: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "launch_incident",
        action: "incident.create.events_v1",
        description: "Trigger an incident",
        format: "create incident {{description}}",
        reply: "Successfully triggered event with inc de-dup key: {{ execution.result.body.result.incident_key }}",
        failed: "Failed ",
    },
    Row {
        name: "find_incidents",
        action: "incident.find",
        description: "List the open incidents",
        // Without brackets: StackStorm parts the text of a list at commas, and brackets would be in the words.
        format: "get open incidents {{statuses=triggered,acknowledged}}",
        reply: "{% for item in execution.result.body.result %}
{{ item.id }} is '{{ item.status }}': Title '{{ item.title }}'
{% endfor %}",
        failed: "",
    },
    Row {
        name: "acknowledge_incident",
        action: "incident.acknowledge",
        description: "Acknowledge an incident",
        format: "ack incident id {{entity_id}} from {{from_email}}",
        reply: "Confirming {{ execution.result.body.result.incident.id }} is acknowledged",
        failed: "",
    },
    Row {
        name: "resolve_incident",
        action: "incident.resolve",
        description: "Resolve an incident",
        format: "resolve incident id {{entity_id}} from {{from_email}}",
        reply: "Confirming {{ execution.result.body.result.incident.id }} is resolved",
        failed: "",
    },
];

/// Gives the files by name.
pub(super) fn files(name: Ref) -> impl Iterator<Item = (&'static str, Yaml)> {
    ROWS.iter().map(move |row| (row.name, file(name, row)))
}

fn file(name: Ref, row: &Row) -> Yaml {
    let name = name.as_str();
    let (reply, failed) = (row.reply, row.failed);
    let why = WHY.replace("```{{", &format!("{failed}```{{{{"));
    let format = format!("{{% if execution.status == 'succeeded' %}}\n{reply}\n{{% else %}}\n{why}\n{{% endif %}}\n");
    Yaml::map([
        // Names of aliases are one space for all packs.
        ("name", format!("{name}_{}", row.name).into()),
        ("pack", name.into()),
        ("description", row.description.into()),
        ("action_ref", format!("{name}.{}", row.action).into()),
        ("enabled", true.into()),
        ("formats", Yaml::list([row.format])),
        ("ack", Yaml::map([("enabled", false.into())])),
        ("result", Yaml::map([("format", format.into())])),
    ])
}
