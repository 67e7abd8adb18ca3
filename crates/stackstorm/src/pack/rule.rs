//! One rule, off until somebody switches it on: whatever can post to StackStorm can trigger an alert.

use serde_json::json;

use crate::pack::Ref;
use crate::yaml::Yaml;

pub(super) fn file(name: Ref) -> Yaml {
    let name = name.as_str();
    let optional = |field: &str| format!("{{{{ trigger.body.{field} | default(None) | use_none }}}}");
    let parameters = json!({
        "summary": "{{ trigger.body.summary }}",
        "source": "{{ trigger.body.source | default('stackstorm') }}",
        "severity": "{{ trigger.body.severity | default('critical') }}",
        "dedup_key": optional("dedup_key"),
    });
    Yaml::map([
        ("name", "trigger_from_webhook".into()),
        ("pack", name.into()),
        (
            "description",
            format!(
                "Triggers an alert from what is posted to /api/v1/webhooks/{name}: summary, source, severity, dedup_key"
            )
            .into(),
        ),
        ("enabled", false.into()),
        (
            "trigger",
            Yaml::map([("type", "core.st2.webhook".into()), ("parameters", Yaml::map([("url", name.into())]))]),
        ),
        ("action", Yaml::map([("ref", format!("{name}.event.trigger").into()), ("parameters", parameters.into())])),
    ])
}
