//! Mattermost's REST API, as far as a bot that posts and answers needs it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::mattermost::{MattermostPost, State};
use crate::wire::{Call, Reply};

const MESSAGE_MAX: usize = 16_383;
const PAGE: usize = 60;
const PAGE_MAX: usize = 200;
const SINCE_MAX: usize = 1_000;

/// A refusal in Mattermost's shape.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    id: &'static str,
    message: &'static str,
}

impl Refusal {
    const AUTH: Refusal = Refusal {
        status: 401,
        id: "api.context.session_expired.app_error",
        message: "Invalid or expired session, please login again.",
    };
    const RIGHTS: Refusal = Refusal {
        status: 403,
        id: "api.context.permissions.app_error",
        message: "You do not have the appropriate permissions.",
    };
    const ROUTE: Refusal =
        Refusal { status: 404, id: "api.context.404.app_error", message: "Sorry, we could not find the page." };
    const POST: Refusal = Refusal { status: 404, id: "app.post.get.app_error", message: "Unable to get the post." };
    const CHANNEL: Refusal = Refusal {
        status: 404,
        id: "app.channel.get.existing.app_error",
        message: "Unable to find the existing channel.",
    };
    const USER: Refusal =
        Refusal { status: 404, id: "app.user.missing_account.const", message: "Unable to find the user." };
    const BODY: Refusal = Refusal {
        status: 400,
        id: "api.context.invalid_body_param.app_error",
        message: "Invalid or missing post in request body.",
    };
    const ROOT: Refusal =
        Refusal { status: 400, id: "api.post.create_post.root_id.app_error", message: "Invalid RootId parameter." };
    const LONG: Refusal = Refusal {
        status: 400,
        id: "model.post.is_valid.message_length.app_error",
        message: "Post Message property is longer than the maximum permitted length.",
    };

    /// Makes the reply of a server in trouble.
    pub(super) fn of_status(status: u16) -> Refusal {
        match status {
            401 => Refusal::AUTH,
            403 => Refusal::RIGHTS,
            404 => Refusal::ROUTE,
            429 => Refusal { status, id: "api.rate_limit.app_error", message: "limit exceeded" },
            _ => Refusal { status, id: "api.internal_error.app_error", message: "An internal error has occurred." },
        }
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({
            "id": self.id, "message": self.message, "detailed_error": "", "request_id": "sandbox",
            "status_code": self.status,
        });
        Reply::json(self.status, &body)
    }
}

impl State {
    pub(super) fn answer(&mut self, call: &Call, now: Timestamp) -> Reply {
        let parts = call.parts();
        if let ("POST", ["hooks", "commands", id]) = (call.method.as_str(), parts.as_slice()) {
            return self.respond(id, call, now);
        }
        let token = call.header("authorization").and_then(|value| value.split_once(' '));
        let known =
            token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token == self.bot_token);
        let answered = match parts.as_slice() {
            ["api", "v4", rest @ ..] if known => self.route(call, rest, now),
            ["api", "v4", ..] => Err(Refusal::AUTH),
            _ => Err(Refusal::ROUTE),
        };
        answered.unwrap_or_else(|refusal| refusal.reply())
    }

    fn route(&mut self, call: &Call, parts: &[&str], now: Timestamp) -> Result<Reply, Refusal> {
        match (call.method.as_str(), parts) {
            ("GET", ["users", id]) => self.user(id),
            ("GET", ["channels", id]) => {
                self.channel(id)?;
                let delete_at = if self.is_archived { now.as_millisecond() } else { 0 };
                Ok(Reply::json(
                    200,
                    &json!({"id": id, "name": "incidents", "display_name": "Incidents", "type": "O", "delete_at": delete_at}),
                ))
            }
            ("GET", ["channels", id, "members", user]) => {
                self.channel(id)?;
                let me = *user == "me" || *user == self.bot_user;
                if me && self.is_member {
                    Ok(Reply::json(200, &json!({"channel_id": id, "user_id": self.bot_user, "roles": "channel_user"})))
                } else {
                    Err(Refusal {
                        status: 404,
                        id: "app.channel.get_member.missing.app_error",
                        message: "No channel member found for that user ID and channel ID.",
                    })
                }
            }
            ("GET", ["channels", id, "posts"]) => self.list(call, id),
            ("POST", ["posts"]) => self.create(call, now),
            ("GET", ["posts", id]) => {
                self.member()?;
                Ok(Reply::json(200, &shown(self.post(id).ok_or(Refusal::POST)?)))
            }
            ("GET", ["posts", id, "thread"]) => self.thread(id),
            ("PUT", ["posts", id, "patch"]) => self.patch(call, id, now),
            _ => Err(Refusal::ROUTE),
        }
    }

    fn user(&self, id: &str) -> Result<Reply, Refusal> {
        if id == "me" || id == self.bot_user {
            let body =
                json!({"id": self.bot_user, "username": "pagebridge", "email": "pagebridge@localhost", "is_bot": true});
            return Ok(Reply::json(200, &body));
        }
        let user = self.users.iter().find(|user| user.id == id).ok_or(Refusal::USER)?;
        let (first, last) = user.name.split_once(' ').unwrap_or((&user.name, ""));
        Ok(Reply::json(
            200,
            &json!({
                "id": user.id, "username": user.name.to_lowercase().replace(' ', "."), "first_name": first, "last_name": last,
                "email": user.email.clone().unwrap_or_default(), "delete_at": 0,
            }),
        ))
    }

    fn create(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Refusal> {
        let body: Map<String, Value> = serde_json::from_slice(&call.body).map_err(|_| Refusal::BODY)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("channel_id") != self.channel_id {
            return Err(Refusal::RIGHTS);
        }
        self.member()?;
        let (message, root_id) = (text("message"), text("root_id"));
        let props = body.get("props").cloned().unwrap_or_else(|| json!({}));
        if message.chars().count() > MESSAGE_MAX {
            return Err(Refusal::LONG);
        }
        if message.is_empty() && props["attachments"].as_array().is_none_or(Vec::is_empty) || !props.is_object() {
            return Err(Refusal::BODY);
        }
        let is_root = |post: &MattermostPost| post.root_id.is_empty();
        if !root_id.is_empty() && !self.post(&root_id).is_some_and(|post| is_root(post)) {
            return Err(Refusal::ROOT);
        }
        let made = self.add(self.bot_user.clone(), root_id, message, of_bot(props), now);
        Ok(Reply::json(201, &shown(&made)))
    }

    fn patch(&mut self, call: &Call, id: &str, now: Timestamp) -> Result<Reply, Refusal> {
        let body: Map<String, Value> = serde_json::from_slice(&call.body).map_err(|_| Refusal::BODY)?;
        self.member()?;
        let bot = self.bot_user.clone();
        let post = self.post(id).ok_or(Refusal::POST)?;
        if post.user_id != bot {
            return Err(Refusal::RIGHTS);
        }
        if let Some(message) = body.get("message").and_then(Value::as_str) {
            if message.chars().count() > MESSAGE_MAX {
                return Err(Refusal::LONG);
            }
            message.clone_into(&mut post.message);
        }
        // Given props take the place of all that were there.
        if let Some(props) = body.get("props") {
            post.props = of_bot(props.clone());
        }
        post.update_at = now.as_millisecond();
        post.edits += 1;
        Ok(Reply::json(200, &shown(post)))
    }

    /// The channel's posts, the newest first; with `since`, those changed after it, in one answer.
    fn list(&mut self, call: &Call, id: &str) -> Result<Reply, Refusal> {
        self.channel(id)?;
        self.member()?;
        let number = |name: &str| call.query(name).and_then(|value| value.parse::<i64>().ok());
        let size =
            |name: &str, default: usize| number(name).and_then(|value| usize::try_from(value).ok()).unwrap_or(default);
        let newest = self.posts.iter().rev();
        let page: Vec<&MattermostPost> = match number("since") {
            Some(since) => newest.filter(|post| post.update_at.max(post.delete_at) > since).take(SINCE_MAX).collect(),
            None => {
                let per_page = size("per_page", PAGE).clamp(1, PAGE_MAX);
                newest.filter(|post| post.delete_at == 0).skip(size("page", 0) * per_page).take(per_page).collect()
            }
        };
        Ok(Reply::json(200, &list(&page)))
    }

    fn thread(&mut self, id: &str) -> Result<Reply, Refusal> {
        self.member()?;
        let post = self.post(id).ok_or(Refusal::POST)?;
        let root = if post.root_id.is_empty() { id.to_owned() } else { post.root_id.clone() };
        let mine = |post: &&MattermostPost| post.delete_at == 0 && (post.id == root || post.root_id == root);
        let all: Vec<&MattermostPost> = self.posts.iter().filter(mine).collect();
        Ok(Reply::json(200, &list(&all)))
    }

    fn channel(&self, id: &str) -> Result<(), Refusal> {
        if id == self.channel_id { Ok(()) } else { Err(Refusal::CHANNEL) }
    }

    fn member(&self) -> Result<(), Refusal> {
        if self.is_member && !self.is_archived { Ok(()) } else { Err(Refusal::RIGHTS) }
    }

    fn respond(&mut self, id: &str, call: &Call, now: Timestamp) -> Reply {
        let Ok(body) = serde_json::from_slice(&call.body) else {
            return Refusal::BODY.reply();
        };
        match self.response_urls.take(id, body, now) {
            Ok(()) => Reply::json(200, &json!({"status": "OK"})),
            Err(_) => Refusal::ROUTE.reply(),
        }
    }
}

fn list(posts: &[&MattermostPost]) -> Value {
    let order: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    let by_id: Map<String, Value> = posts.iter().map(|post| (post.id.clone(), shown(post))).collect();
    json!({"order": order, "posts": by_id, "next_post_id": "", "prev_post_id": ""})
}

/// Adds what the server notes about a bot's posts.
fn of_bot(mut props: Value) -> Value {
    if props.is_object() {
        props["from_bot"] = json!("true");
    }
    props
}

/// Shows a post as clients see it: where buttons lead stays on the server.
fn shown(post: &MattermostPost) -> Value {
    let mut shown = json!(post);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("edits");
    }
    for attachment in shown["props"]["attachments"].as_array_mut().into_iter().flatten() {
        for action in attachment["actions"].as_array_mut().into_iter().flatten() {
            if let Some(fields) = action.as_object_mut() {
                fields.remove("integration");
            }
        }
    }
    shown
}
