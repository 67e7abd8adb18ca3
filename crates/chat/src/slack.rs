//! Slack's forms: what it sends, and what it takes. Pure.

use crate::reply::Reply;
use crate::request::{Form, Request, command_of_button};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Blocks that a message may have.
const BLOCKS_MAX: usize = 50;

/// What Slack sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// Slack tries out whether we are there.
    Probe,
    /// Somebody asks for something.
    Request(Box<Request>),
    /// A click that asks us for nothing, such as one that opens a page.
    Nothing,
}

/// Reads a slash command.
pub(crate) fn command(body: &[u8]) -> Result<Heard, String> {
    let fields: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if field("ssl_check") == "1" {
        return Ok(Heard::Probe);
    }
    let (user, trigger) = (field("user_id"), field("trigger_id"));
    if user.is_empty() || trigger.is_empty() {
        return Err("the fields `user_id` and `trigger_id` of a slash command are missing".to_owned());
    }
    Ok(Heard::Request(Box::new(Request {
        form: Form::Slack,
        key: format!("slack/{trigger}"),
        user: user.to_owned(),
        channel: field("channel_id").to_owned(),
        text: plain(field("text")),
        response_url: fields.get("response_url").filter(|url| !url.is_empty()).cloned(),
    })))
}

/// Reads a click, with the message that it was under.
pub(crate) fn click(body: &[u8]) -> Result<(Heard, Value), String> {
    let payload = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or("the field `payload` is missing")?;
    let payload: Value = serde_json::from_str(&payload).map_err(|_| "`payload` is no JSON")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let action = &payload["actions"][0];
    let Some(command) = command_of_button(&text(&action["action_id"]), &text(&action["value"])) else {
        return Ok((Heard::Nothing, Value::Null));
    };
    let (user, trigger) = (text(&payload["user"]["id"]), text(&payload["trigger_id"]));
    if user.is_empty() || trigger.is_empty() {
        return Err("`user.id` and `trigger_id` of the payload are missing".to_owned());
    }
    let request = Request {
        form: Form::SlackButton,
        key: format!("slack/{trigger}"),
        user,
        channel: text(&payload["channel"]["id"]),
        text: command,
        response_url: payload["response_url"].as_str().map(str::to_owned),
    };
    Ok((Heard::Request(Box::new(request)), payload["message"].clone()))
}

/// The text as the user wrote it: mentions and links are told apart by Slack, and three signs are escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(len) = rest[start..].find('>') else { break };
        let (inner, label) = match rest[start + 1..start + len].split_once('|') {
            Some((inner, label)) => (inner, Some(label)),
            None => (&rest[start + 1..start + len], None),
        };
        written.push_str(&rest[..start]);
        match inner.strip_prefix("mailto:") {
            Some(address) => written.push_str(address),
            None if inner.starts_with(['@', '#']) => written.push_str(inner),
            None if inner.starts_with("http") => written.push_str(inner),
            None => written.push_str(label.unwrap_or(inner)),
        }
        rest = &rest[start + len + 1..];
    }
    written.push_str(rest);
    written.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// An answer, at once or later.
pub(crate) fn answer(reply: &Reply) -> Value {
    let to = if reply.is_public { "in_channel" } else { "ephemeral" };
    json!({"response_type": to, "text": reply.text(Form::Slack), "replace_original": false})
}

/// What the message is replaced with after a click: the same with what was done below it, and without buttons that are of no
/// use any more.
pub(crate) fn replaced(message: &Value, request: &Request, reply: &Reply, who: &str) -> Option<Value> {
    let blocks = message["blocks"].as_array()?;
    let line = format!("{} ({who})", reply.lines.join("; "));
    let pressed = request.text.split(' ').next().unwrap_or_default();
    let is_spent = |element: &Value| match element["action_id"].as_str() {
        Some("pb_ack") => pressed == "ack",
        _ => false,
    };
    let mut kept: Vec<Value> = Vec::new();
    for block in blocks {
        let mut block = block.clone();
        if block["type"] == "actions" {
            if pressed == "resolve" {
                continue;
            }
            let Some(elements) = block["elements"].as_array_mut() else { continue };
            elements.retain(|element| !is_spent(element));
            if elements.is_empty() {
                continue;
            }
        }
        kept.push(block);
    }
    kept.truncate(BLOCKS_MAX - 1);
    let line = pagerduty::text::cut(&line, 2_000).into_owned();
    kept.push(json!({"type": "context", "elements": [{"type": "plain_text", "text": line, "emoji": false}]}));
    Some(json!({"replace_original": true, "text": Reply::told(vec![line]).text(Form::Slack), "blocks": kept}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slack_marks_is_read_as_it_was_written() {
        for (text, wanted) in [
            ("reassign 42 to <@U024BE7LH|ann>", "reassign 42 to @U024BE7LH"),
            ("ack 42 from <mailto:ann@example.com|ann@example.com>", "ack 42 from ann@example.com"),
            ("note 42 see <https://example.com/a?b|example.com>", "note 42 see https://example.com/a?b"),
            ("note 42 a &lt;b&gt; &amp;lt; c", "note 42 a <b> &lt; c"),
            ("note 42 5 < 6", "note 42 5 < 6"),
            ("create incident <!here> down", "create incident !here down"),
        ] {
            assert_eq!(plain(text), wanted);
        }
    }

    #[test]
    fn a_probe_is_no_command_and_a_command_needs_its_fields() {
        assert_eq!(command(b"ssl_check=1&token=x"), Ok(Heard::Probe));
        assert!(command(b"text=help").is_err());
        let Ok(Heard::Request(request)) =
            command(b"user_id=U1&trigger_id=13.37&text=ack+42&response_url=https%3A%2F%2Fx")
        else {
            panic!("a command");
        };
        assert_eq!((request.key.as_str(), request.text.as_str()), ("slack/13.37", "ack 42"));
        assert_eq!(request.response_url.as_deref(), Some("https://x"));
    }

    fn clicked(action: &str, value: &str) -> Result<(Heard, Value), String> {
        let payload = json!({
            "type": "block_actions", "user": {"id": "U1"}, "trigger_id": "13.37", "response_url": "https://x",
            "channel": {"id": "C1"}, "message": {"blocks": []},
            "actions": [{"action_id": action, "value": value}],
        });
        let body: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        click(body.as_bytes())
    }

    #[test]
    fn a_click_is_a_command_only_if_the_button_is_one_of_ours() {
        let text = |action, value| match clicked(action, value) {
            Ok((Heard::Request(request), _)) => request.text,
            other => format!("{other:?}"),
        };
        assert_eq!(text("pb_ack", "Q123"), "ack Q123");
        assert_eq!(text("pb_resolve", "Q123"), "resolve Q123");
        assert_eq!(text("pb_escalate", "Q123"), "escalate Q123");
        for (action, value) in [("open", "Q123"), ("pb_ack", "Q1 Q2"), ("pb_ack", ""), ("pb_ack", "42 from a@b")] {
            assert_eq!(clicked(action, value).map(|(heard, _)| heard), Ok(Heard::Nothing), "{action} {value}");
        }
        assert!(click(b"payload=no").is_err() && click(b"x=y").is_err());
    }

    #[test]
    fn a_message_keeps_its_look_and_loses_the_buttons_that_are_spent() {
        let button = |id: &str| json!({"type": "button", "action_id": id});
        let message = json!({"blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Disk full*"}},
            {"type": "actions", "elements": [button("pb_ack"), button("pb_resolve"), button("open")]},
        ]});
        let Ok((Heard::Request(mut request), _)) = clicked("pb_ack", "Q123") else { panic!("a request") };
        let reply = Reply::done(vec!["Confirming Q123 is acknowledged".to_owned()]);
        let after = replaced(&message, &request, &reply, "ann@example.com").expect("blocks");
        assert_eq!(after["blocks"][0], message["blocks"][0]);
        assert_eq!(after["blocks"][1]["elements"], json!([button("pb_resolve"), button("open")]));
        assert_eq!(after["blocks"][2]["elements"][0]["text"], "Confirming Q123 is acknowledged (ann@example.com)");
        request.text = "resolve Q123".to_owned();
        let after = replaced(&message, &request, &reply, "ann@example.com").expect("blocks");
        assert_eq!(after["blocks"].as_array().map(Vec::len), Some(2));
        assert_eq!(replaced(&json!({}), &request, &reply, "x"), None);
    }
}
