//! Slack's Web API, as far as a bot that posts and answers needs it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::blocks;
use super::slack::{SlackMessage, State};
use crate::wire::{Call, Reply, pairs};

const TEXT_MAX: usize = 40_000;
const PAGE: usize = 100;
const PAGE_MAX: usize = 999;

/// A call's arguments, from wherever the method takes them.
type Args = Map<String, Value>;
/// An error by Slack's word for it.
type Answered = Result<Value, &'static str>;

/// Makes the reply of a server in trouble.
pub(super) fn refusal(status: u16) -> Reply {
    let error = match status {
        429 => "ratelimited",
        401 | 403 => "invalid_auth",
        503 => "service_unavailable",
        _ => "internal_error",
    };
    Reply::json(status, &json!({"ok": false, "error": error}))
}

impl State {
    pub(super) fn answer(&mut self, call: &Call, now: Timestamp) -> Reply {
        let parts = call.parts();
        let method = match (call.method.as_str(), parts.as_slice()) {
            ("POST", ["response", id]) => return self.respond(id, call, now),
            ("POST" | "GET", ["api", method]) => *method,
            _ => return Reply::text(404, "not found"),
        };
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let answered = match token {
            None => Err("not_authed"),
            Some(token) if token != self.bot_token => Err("invalid_auth"),
            Some(_) => args(call, method).and_then(|args| self.method(method, &args, now)),
        };
        let body = answered.unwrap_or_else(|error| json!({"ok": false, "error": error}));
        Reply::json(200, &body)
    }

    fn method(&mut self, method: &str, args: &Args, now: Timestamp) -> Answered {
        match method {
            "auth.test" => Ok(json!({
                "ok": true, "url": "https://sandbox.slack.com/", "team": "Sandbox", "user": "pagebridge",
                "team_id": "T0SANDBOX", "user_id": self.bot_user, "bot_id": "B0SANDBOX",
            })),
            "chat.postMessage" => self.post(args, now),
            "chat.update" => self.update(args),
            "conversations.info" => self.info(args),
            "conversations.history" => self.history(args),
            "conversations.replies" => self.replies(args),
            "users.info" => self.user(args),
            _ => Err("unknown_method"),
        }
    }

    fn post(&mut self, args: &Args, now: Timestamp) -> Answered {
        let channel = self.writable(args)?;
        let content = content(args)?;
        let thread_ts = text(args, "thread_ts").map(str::to_owned);
        let ts = self.next_ts(now);
        let user = self.bot_user.clone();
        let message = SlackMessage { channel: channel.clone(), ts: ts.clone(), thread_ts, user, edits: 0, ..content };
        let shown = shown(&message, true);
        self.messages.push(message);
        Ok(json!({"ok": true, "channel": channel, "ts": ts, "message": shown}))
    }

    fn update(&mut self, args: &Args) -> Answered {
        let channel = self.writable(args)?;
        let content = content(args)?;
        let bot = self.bot_user.clone();
        let ts = text(args, "ts").ok_or("message_not_found")?;
        let message = self.message(&channel, ts).ok_or("message_not_found")?;
        if message.user != bot {
            return Err("cant_update_message");
        }
        message.text = content.text;
        // What is not given stays, but a text alone takes blocks away.
        message.blocks = content.blocks;
        message.attachments = content.attachments;
        if !content.metadata.is_null() {
            message.metadata = content.metadata;
        }
        message.edits += 1;
        Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": message.text, "message": shown(message, true)}))
    }

    fn info(&self, args: &Args) -> Answered {
        let wanted = text(args, "channel").unwrap_or_default();
        let channel = self.channels.iter().find(|channel| channel.id == wanted).ok_or("channel_not_found")?;
        Ok(json!({"ok": true, "channel": {
            "id": channel.id, "name": channel.name, "is_channel": true, "is_member": channel.is_member,
            "is_archived": channel.is_archived,
        }}))
    }

    /// The newest first, without replies.
    fn history(&self, args: &Args) -> Answered {
        let channel = self.readable(args)?;
        let limit = number(args, "limit").unwrap_or(PAGE).clamp(1, PAGE_MAX);
        let inclusive = matches!(text(args, "inclusive"), Some("true" | "1"));
        let (oldest, latest) = (text(args, "oldest").unwrap_or("0"), text(args, "latest"));
        let begin: usize = text(args, "cursor").map_or(Ok(0), |cursor| cursor.parse().map_err(|_| "invalid_cursor"))?;
        let within = |message: &&SlackMessage| {
            let (ts, edge) = (micros(&message.ts), micros(oldest));
            let early = latest.is_none_or(|latest| ts < micros(latest) || (inclusive && ts == micros(latest)));
            early && (ts > edge || (inclusive && ts == edge))
        };
        let top = self.messages.iter().rev().filter(|one| one.channel == channel && one.thread_ts.is_none());
        let all: Vec<&SlackMessage> = top.filter(within).collect();
        let with_metadata = matches!(text(args, "include_all_metadata"), Some("true" | "1"));
        let page: Vec<Value> = all.iter().skip(begin).take(limit).map(|one| shown(one, with_metadata)).collect();
        let end = begin + page.len();
        let more = end < all.len();
        let next = if more { end.to_string() } else { String::new() };
        Ok(json!({"ok": true, "messages": page, "has_more": more, "response_metadata": {"next_cursor": next}}))
    }

    /// The message and its replies, oldest first.
    fn replies(&self, args: &Args) -> Answered {
        let channel = self.readable(args)?;
        let ts = text(args, "ts").ok_or("thread_not_found")?;
        let mine =
            |one: &&SlackMessage| one.channel == channel && (one.ts == ts || one.thread_ts.as_deref() == Some(ts));
        let all: Vec<&SlackMessage> = self.messages.iter().filter(mine).collect();
        if !all.iter().any(|one| one.ts == ts) {
            return Err("thread_not_found");
        }
        let begin: usize = text(args, "cursor").map_or(Ok(0), |cursor| cursor.parse().map_err(|_| "invalid_cursor"))?;
        let limit = number(args, "limit").unwrap_or(1_000).clamp(1, 1_000);
        let with_metadata = matches!(text(args, "include_all_metadata"), Some("true" | "1"));
        let page: Vec<Value> = all.iter().skip(begin).take(limit).map(|one| shown(one, with_metadata)).collect();
        let end = begin + page.len();
        let next = if end < all.len() { end.to_string() } else { String::new() };
        let more = end < all.len();
        Ok(json!({"ok": true, "messages": page, "has_more": more, "response_metadata": {"next_cursor": next}}))
    }

    fn user(&self, args: &Args) -> Answered {
        let id = text(args, "user").unwrap_or_default();
        let user = self.users.iter().find(|user| user.id == id).ok_or("user_not_found")?;
        let mut profile = json!({"real_name": user.name, "display_name": ""});
        if let Some(email) = &user.email {
            profile["email"] = json!(email);
        }
        let name = user.name.to_lowercase().replace(' ', ".");
        Ok(json!({"ok": true, "user": {
            "id": user.id, "team_id": "T0SANDBOX", "name": name, "deleted": false, "real_name": user.name,
            "is_bot": false, "profile": profile,
        }}))
    }

    fn readable(&self, args: &Args) -> Result<String, &'static str> {
        let wanted = text(args, "channel").unwrap_or_default();
        let channel = self.channels.iter().find(|channel| channel.id == wanted).ok_or("channel_not_found")?;
        if channel.is_member { Ok(channel.id.clone()) } else { Err("not_in_channel") }
    }

    fn writable(&self, args: &Args) -> Result<String, &'static str> {
        let id = self.readable(args)?;
        let archived = self.channels.iter().any(|channel| channel.id == id && channel.is_archived);
        if archived { Err("is_archived") } else { Ok(id) }
    }

    fn respond(&mut self, id: &str, call: &Call, now: Timestamp) -> Reply {
        let Ok(body) = serde_json::from_slice(&call.body) else {
            return Reply::text(400, "invalid_payload");
        };
        match self.response_urls.take(id, body, now) {
            Ok(()) => Reply::text(200, "ok"),
            Err(why) => Reply::text(404, why),
        }
    }
}

/// Reads a call's arguments: methods that write take JSON too, the others only a form or the query.
fn args(call: &Call, method: &str) -> Result<Args, &'static str> {
    let is_json = call.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if is_json && method.starts_with("chat.") {
        return serde_json::from_slice(&call.body).map_err(|_| "invalid_json");
    }
    let body = if is_json { Vec::new() } else { pairs(&String::from_utf8_lossy(&call.body)) };
    let both = call.query.iter().cloned().chain(body);
    let parsed = |name: &str, value: String| match name {
        "blocks" | "attachments" | "metadata" => serde_json::from_str(&value).unwrap_or(Value::String(value)),
        _ => Value::String(value),
    };
    Ok(both.map(|(name, value)| (name.clone(), parsed(&name, value))).collect())
}

/// Reads what a message says.
fn content(args: &Args) -> Result<SlackMessage, &'static str> {
    let of = |name: &str| args.get(name).cloned().unwrap_or_default();
    let (blocks, attachments, metadata) = (of("blocks"), of("attachments"), of("metadata"));
    let said = text(args, "text").unwrap_or_default().to_owned();
    let is_empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    if said.is_empty() && is_empty(&blocks) && is_empty(&attachments) {
        return Err("no_text");
    }
    if said.chars().count() > TEXT_MAX {
        return Err("msg_too_long");
    }
    if !blocks::are_fine(&blocks, &attachments) {
        return Err("invalid_blocks");
    }
    let has_form = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !metadata.is_null() && !has_form {
        return Err("invalid_metadata_format");
    }
    let (channel, ts, user) = Default::default();
    Ok(SlackMessage { channel, ts, thread_ts: None, user, text: said, blocks, attachments, metadata, edits: 0 })
}

fn shown(message: &SlackMessage, with_metadata: bool) -> Value {
    let mut shown = json!({"type": "message", "user": message.user, "ts": message.ts, "text": message.text});
    let mut add = |name: &str, value: &Value| {
        if !value.is_null() {
            shown[name] = value.clone();
        }
    };
    add("blocks", &message.blocks);
    add("attachments", &message.attachments);
    add("thread_ts", &json!(message.thread_ts));
    if with_metadata {
        add("metadata", &message.metadata);
    }
    shown
}

fn text<'a>(args: &'a Args, name: &str) -> Option<&'a str> {
    args.get(name).and_then(Value::as_str).filter(|value| !value.is_empty())
}

fn number(args: &Args, name: &str) -> Option<usize> {
    text(args, name).and_then(|value| value.parse().ok())
}

/// Reads a message's time in microseconds.
fn micros(ts: &str) -> i64 {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, "0"));
    let rest = format!("{rest:0<6}");
    let part = |text: &str| text.parse::<i64>().unwrap_or_default();
    part(seconds).saturating_mul(1_000_000).saturating_add(part(rest.get(..6).unwrap_or_default()))
}
