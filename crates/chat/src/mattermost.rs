//! Mattermost's forms: what it sends, and what it takes. Pure.

use crate::proof::is_our_button;
use crate::reply::Reply;
use crate::request::{Form, Request, command_of_button};
use pagerduty::Secret;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Reads a slash command.
pub(crate) fn command(body: &[u8]) -> Result<Request, String> {
    let fields: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let (user, trigger) = (field("user_id"), field("trigger_id"));
    if user.is_empty() || trigger.is_empty() {
        return Err("the fields `user_id` and `trigger_id` of a slash command are missing".to_owned());
    }
    Ok(Request {
        form: Form::Mattermost,
        key: format!("mattermost/{trigger}"),
        user: user.to_owned(),
        channel: field("channel_id").to_owned(),
        text: field("text").to_owned(),
        response_url: fields.get("response_url").filter(|url| !url.is_empty()).cloned(),
    })
}

/// Why a click is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoClick {
    /// The button is not one of ours.
    Forged,
    /// It is not what Mattermost sends.
    Malformed(&'static str),
}

/// Reads a click; what the button carries is its only proof.
pub(crate) fn click(body: &[u8], secrets: &[Secret]) -> Result<Request, NoClick> {
    let sent: Value = serde_json::from_slice(body).map_err(|_| NoClick::Malformed("the body is no JSON"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let context = &sent["context"];
    let (action, incident) = (text(&context["action"]), text(&context["incident"]));
    if !is_our_button(secrets, &action, &incident, &text(&context["mac"])) {
        return Err(NoClick::Forged);
    }
    let command =
        command_of_button(&action, &incident).ok_or(NoClick::Malformed("the button asks for nothing known"))?;
    let (user, post, trigger) = (text(&sent["user_id"]), text(&sent["post_id"]), text(&sent["trigger_id"]));
    if user.is_empty() {
        return Err(NoClick::Malformed("`user_id` is missing"));
    }
    let key = if trigger.is_empty() { format!("{post}/{action}/{incident}/{user}") } else { trigger };
    Ok(Request {
        form: Form::MattermostButton,
        key: format!("mattermost/{key}"),
        user,
        channel: text(&sent["channel_id"]),
        text: command,
        response_url: None,
    })
}

/// An answer to a command, at once or later.
pub(crate) fn answer(reply: &Reply) -> Value {
    let to = if reply.is_public { "in_channel" } else { "ephemeral" };
    json!({"response_type": to, "text": reply.text(Form::Mattermost), "skip_slack_parsing": true})
}

/// An answer to a click. Unless somebody else brings the post up to date, its text says what was done; the buttons go once the
/// incident is resolved.
pub(crate) fn clicked(reply: &Reply, request: &Request, who: &str, are_posts_kept: bool) -> Value {
    let text = reply.text(Form::MattermostButton);
    if are_posts_kept || !reply.is_ok {
        return json!({"ephemeral_text": text});
    }
    let line = Reply::told(vec![format!("{} ({who})", reply.lines.join("; "))]).text(Form::MattermostButton);
    if request.text.starts_with("resolve ") {
        json!({"update": {"message": line, "props": {}}})
    } else {
        json!({"update": {"message": line}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::button_mac;

    fn body(action: &str, incident: &str, mac: &str) -> Vec<u8> {
        let context = json!({"action": action, "incident": incident, "mac": mac});
        json!({"user_id": "u1", "post_id": "p1", "channel_id": "c1", "trigger_id": "t1", "context": context})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn only_a_button_of_ours_is_a_command() {
        let secrets = [Secret::new("old"), Secret::new("new")];
        let mac = button_mac(&secrets[0], "pb_ack", "Q123");
        let request = click(&body("pb_ack", "Q123", &mac), &secrets).expect("a click");
        assert_eq!(
            (request.text.as_str(), request.key.as_str(), request.user.as_str()),
            ("ack Q123", "mattermost/t1", "u1")
        );
        assert_eq!(click(&body("pb_resolve", "Q123", &mac), &secrets), Err(NoClick::Forged));
        assert_eq!(click(&body("pb_ack", "Q124", &mac), &secrets), Err(NoClick::Forged));
        assert_eq!(click(&body("pb_ack", "Q123", ""), &secrets), Err(NoClick::Forged));
        assert_eq!(click(&body("pb_ack", "Q123", &mac), &[]), Err(NoClick::Forged));
        assert!(matches!(click(b"no", &secrets), Err(NoClick::Malformed(_))));
        let mac = button_mac(&secrets[1], "open", "Q123");
        assert!(matches!(click(&body("open", "Q123", &mac), &secrets), Err(NoClick::Malformed(_))));
    }

    #[test]
    fn a_post_is_updated_in_place_unless_somebody_else_does_it() {
        let reply = Reply::done(vec!["Confirming Q123 is acknowledged".to_owned()]);
        let secrets = [Secret::new("new")];
        let mut request =
            click(&body("pb_ack", "Q123", &button_mac(&secrets[0], "pb_ack", "Q123")), &secrets).expect("a click");
        let line = "Confirming Q123 is acknowledged (ann@example.com)";
        assert_eq!(clicked(&reply, &request, "ann@example.com", false), json!({"update": {"message": line}}));
        let kept = json!({"ephemeral_text": "Confirming Q123 is acknowledged"});
        assert_eq!(clicked(&reply, &request, "ann@example.com", true), kept);
        request.text = "resolve Q123".to_owned();
        let wanted = json!({"update": {"message": line, "props": {}}});
        assert_eq!(clicked(&reply, &request, "ann@example.com", false), wanted);
        let refused = clicked(&Reply::refused("no"), &request, "x", false);
        assert_eq!(refused, json!({"ephemeral_text": "no"}));
    }
}
