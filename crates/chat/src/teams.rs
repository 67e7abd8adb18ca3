//! Microsoft Teams' form: what an outgoing webhook sends, and what it takes. Pure.

use crate::proof::is_fresh;
use crate::reply::Reply;
use crate::request::{Form, Request};
use serde_json::{Value, json};

/// Why a message is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoMessage {
    /// Too old, or from the future, or it does not say when it was sent.
    Stale,
    /// It is not what Teams sends.
    Malformed(&'static str),
}

/// Reads a message to the webhook.
pub(crate) fn message(body: &[u8], now_unix_ms: i64) -> Result<Request, NoMessage> {
    let sent: Value = serde_json::from_slice(body).map_err(|_| NoMessage::Malformed("the body is no JSON"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sent_ms = sent["timestamp"].as_str().and_then(pagerduty::time::unix_ms);
    if !sent_ms.is_some_and(|sent_ms| is_fresh(sent_ms, now_unix_ms)) {
        return Err(NoMessage::Stale);
    }
    let (id, user) = (text(&sent["id"]), text(&sent["from"]["aadObjectId"]));
    if id.is_empty() || user.is_empty() {
        return Err(NoMessage::Malformed("`id` and `from.aadObjectId` are missing"));
    }
    let channel = text(&sent["conversation"]["id"]);
    Ok(Request {
        form: Form::Teams,
        key: format!("teams/{channel}/{id}"),
        user,
        text: plain(&text(&sent["text"])),
        channel,
        response_url: None,
    })
}

/// The text without the name of the webhook, and without HTML.
pub(crate) fn plain(html: &str) -> String {
    let mut written = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        written.push_str(&rest[..start]);
        let tag = &rest[start..];
        let is_mention = tag.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("<at>") || t.eq_ignore_ascii_case("<at "));
        let len = if is_mention { tag.to_ascii_lowercase().find("</at>").map(|at| at + 5) } else { None };
        let Some(len) = len.or_else(|| tag.find('>').map(|at| at + 1)) else {
            rest = tag;
            break;
        };
        written.push(' ');
        rest = &tag[len..];
    }
    written.push_str(rest);
    let unescaped = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let written = unescaped.iter().fold(written, |text, (from, to)| text.replace(from, to));
    written.replace('\u{a0}', " ").trim().to_owned()
}

/// An answer.
pub(crate) fn answer(reply: &Reply) -> Value {
    json!({"type": "message", "textFormat": "xml", "text": reply.text(Form::Teams)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_webhooks_name_and_markup_are_no_part_of_the_command() {
        for (html, wanted) in [
            ("<at>Page Bridge</at> ack 42", "ack 42"),
            ("<p><at id=\"0\">Bridge</at>&nbsp;note 42 a &lt;b&gt; &amp;amp; c</p>\n", "note 42 a <b> &amp; c"),
            ("<AT>Bridge</AT> incidents", "incidents"),
            ("ack 42", "ack 42"),
            ("note 42 5 < 6", "note 42 5 < 6"),
            ("<at>Bridge ack", "Bridge ack"),
        ] {
            assert_eq!(plain(html), wanted, "{html}");
        }
    }

    #[test]
    fn a_message_says_when_it_was_sent() {
        let at = |timestamp: Value| {
            let body = json!({
                "type": "message", "id": "1", "timestamp": timestamp, "text": "<at>B</at> help",
                "from": {"aadObjectId": "a-1"}, "conversation": {"id": "19:x"},
            });
            message(body.to_string().as_bytes(), 1_772_366_400_000)
        };
        let request = at(json!("2026-03-01T12:04:59.123Z")).expect("a message");
        assert_eq!((request.key.as_str(), request.text.as_str()), ("teams/19:x/1", "help"));
        for stale in [json!("2026-03-01T12:05:01Z"), json!("2026-03-01T11:54:59Z"), json!(null), json!("x")] {
            assert_eq!(at(stale), Err(NoMessage::Stale));
        }
        assert!(matches!(message(b"{", 0), Err(NoMessage::Malformed(_))));
    }
}
