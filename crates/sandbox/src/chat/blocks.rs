//! The limits of Slack's blocks.

use serde_json::Value;

const BLOCKS_MAX: usize = 50;
const SECTION_MAX: usize = 3_000;
const FIELD_MAX: usize = 2_000;
const FIELDS_MAX: usize = 10;
const ELEMENTS_MAX: usize = 25;
const CONTEXT_ELEMENTS_MAX: usize = 10;
const LABEL_MAX: usize = 75;
const VALUE_MAX: usize = 2_000;
const URL_MAX: usize = 3_000;
const ID_MAX: usize = 255;

/// Tells whether a message's blocks, and those in its attachments, keep to the limits.
pub(super) fn are_fine(blocks: &Value, attachments: &Value) -> bool {
    let within = attachments.as_array().into_iter().flatten().map(|one| &one["blocks"]);
    list_is_fine(blocks) && within.into_iter().all(list_is_fine)
}

fn list_is_fine(blocks: &Value) -> bool {
    let Some(blocks) = blocks.as_array() else {
        return blocks.is_null();
    };
    let mut ids: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    blocks.len() <= BLOCKS_MAX && ids.len() == all && blocks.iter().all(block_is_fine)
}

fn block_is_fine(block: &Value) -> bool {
    let fine = match block["type"].as_str() {
        Some("section") => {
            let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            let has_text = !block["text"].is_null();
            (has_text || !fields.is_empty())
                && (!has_text || is_text(&block["text"], 1, SECTION_MAX))
                && fields.len() <= FIELDS_MAX
                && fields.iter().all(|field| is_text(field, 1, FIELD_MAX))
        }
        Some("context") => elements(block, CONTEXT_ELEMENTS_MAX)
            .is_some_and(|all| all.iter().all(|one| one["type"] == "image" || is_text(one, 1, SECTION_MAX))),
        Some("actions") => elements(block, ELEMENTS_MAX).is_some_and(|all| all.iter().all(button_is_fine)),
        Some("header") => block["text"]["type"] == "plain_text" && is_text(&block["text"], 1, 150),
        Some("divider") => true,
        _ => false,
    };
    fine && id_is_fine(&block["block_id"])
}

fn elements(block: &Value, max: usize) -> Option<&Vec<Value>> {
    block["elements"].as_array().filter(|all| !all.is_empty() && all.len() <= max)
}

fn button_is_fine(button: &Value) -> bool {
    button["type"] == "button"
        && button["text"]["type"] == "plain_text"
        && is_text(&button["text"], 1, LABEL_MAX)
        && id_is_fine(&button["action_id"])
        && length(&button["value"]) <= VALUE_MAX
        && length(&button["url"]) <= URL_MAX
        && matches!(button["style"].as_str(), None | Some("primary" | "danger"))
}

fn is_text(text: &Value, min: usize, max: usize) -> bool {
    matches!(text["type"].as_str(), Some("mrkdwn" | "plain_text")) && (min..=max).contains(&length(&text["text"]))
}

fn id_is_fine(id: &Value) -> bool {
    id.is_null() || (1..=ID_MAX).contains(&length(id))
}

/// Counts a text's characters.
fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}
