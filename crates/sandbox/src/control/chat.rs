//! What tests and people do to the chats over HTTP.

use serde::Deserialize;
use serde_json::json;

use super::{ControlError, no_endpoint, read};
use crate::running::Handle;
use crate::wire::{Call, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserBody {
    name: String,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelBody {
    member: Option<bool>,
    archived: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SayBody {
    text: String,
}

pub(super) fn slack(handle: &Handle, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
    let slack = handle.slack();
    match (call.method.as_str(), parts) {
        ("POST", ["users"]) => {
            let body: UserBody = read(call)?;
            Ok(Reply::json(201, &json!({"id": slack.add_user(&body.name, body.email.as_deref())})))
        }
        ("POST", ["channel"]) => {
            let body: ChannelBody = read(call)?;
            body.member.into_iter().for_each(|is_member| slack.set_member(is_member));
            body.archived.into_iter().for_each(|is_archived| slack.set_archived(is_archived));
            Ok(Reply::empty(204))
        }
        ("POST", ["messages"]) => Ok(Reply::json(201, &json!({"ts": slack.say(&read::<SayBody>(call)?.text)}))),
        ("DELETE", ["messages", ts]) => {
            slack.delete(ts)?;
            Ok(Reply::empty(204))
        }
        ("POST", ["response-urls"]) => Ok(Reply::json(201, &json!({"url": slack.response_url()}))),
        _ => Err(no_endpoint(call)),
    }
}

pub(super) fn mattermost(handle: &Handle, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
    let mattermost = handle.mattermost();
    match (call.method.as_str(), parts) {
        ("POST", ["users"]) => {
            let body: UserBody = read(call)?;
            Ok(Reply::json(201, &json!({"id": mattermost.add_user(&body.name, body.email.as_deref())})))
        }
        ("POST", ["channel"]) => {
            let body: ChannelBody = read(call)?;
            body.member.into_iter().for_each(|is_member| mattermost.set_member(is_member));
            body.archived.into_iter().for_each(|is_archived| mattermost.set_archived(is_archived));
            Ok(Reply::empty(204))
        }
        ("POST", ["posts"]) => Ok(Reply::json(201, &json!({"id": mattermost.say(&read::<SayBody>(call)?.text)}))),
        ("DELETE", ["posts", id]) => {
            mattermost.delete(id)?;
            Ok(Reply::empty(204))
        }
        ("POST", ["response-urls"]) => Ok(Reply::json(201, &json!({"url": mattermost.response_url()}))),
        _ => Err(no_endpoint(call)),
    }
}
