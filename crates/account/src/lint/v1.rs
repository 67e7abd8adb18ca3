//! Events API v1.

use super::{Lint, advice, found, v2};
use serde_json::Value;

pub(super) fn lint(event: &Value) -> Vec<Lint> {
    let mut all = Vec::new();
    all.extend(v2::routing_key(event, "service_key"));
    let action = event["event_type"].as_str().unwrap_or_default();
    all.extend(v2::judge_action(action, "event_type", &event["event_type"]));
    let key = v2::text(&event["incident_key"]);
    all.extend(v2::judge_key(key, "incident_key"));
    if matches!(action, "acknowledge" | "resolve") {
        if key.is_empty() {
            all.push(found(
                "dedup-key-needed",
                "incident_key",
                format!("{action} says of nothing that it is over or taken"),
            ));
        }
        return all;
    }
    let summary = v2::text(&event["description"]);
    all.extend(v2::judge_summary(summary, "description"));
    all.extend(v2::judge_details(&event["details"], "details"));
    let contexts: &[Value] = event["contexts"].as_array().map_or(&[], Vec::as_slice);
    for (place, context) in contexts.iter().enumerate() {
        let (field, address) = if context["type"] == "image" { ("src", "images") } else { ("href", "links") };
        if v2::text(&context[field]).is_empty() {
            all.push(found(address, format!("contexts[{place}].{field}"), "it is missing"));
        }
    }
    let about = advice::About {
        summary,
        source: "",
        places: vec![v2::text(&event["client"])],
        key: (key, "incident_key"),
        details: &event["details"],
        links: contexts,
        names: advice::Names { summary: "description", source: "", details: "details", links: "contexts" },
    };
    all.extend(advice::judge(&about));
    all
}
