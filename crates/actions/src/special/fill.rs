//! Filling in what the input may leave out and PagerDuty needs.

use pagerduty::time::text_of_unix_s;
use serde_json::{Value, json};

use crate::input::Args;
use crate::outcome::{ActionError, ErrorKind};
use crate::request::{Built, text};
use crate::session::{Session, Stop};

const DAYS_S: i64 = 30 * 24 * 3600;

/// Sets `requester_id` to the id of the user in whose name the action is done.
pub(crate) async fn requester(session: &Session<'_>, args: &mut Args) -> Result<(), Stop> {
    if args.contains_key("requester_id") {
        return Ok(());
    }
    let nobody = |message: String| ActionError::new(ErrorKind::UnknownRequester, message);
    let Some(from) = &session.from else {
        return Err(nobody("nobody asks: give `from_email` or `requester_id`".to_owned()).into());
    };
    let users = Built::get(&["users"], &[("query", from)]);
    let (users, _) = session.list(&users, "users", 100, false).await?;
    let is_meant = |user: &&Value| user["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(from));
    let Some(user) = users.iter().find(is_meant) else {
        return Err(nobody(format!("the account has no user with the address `{from}`")).into());
    };
    args.insert("requester_id".to_owned(), user["id"].clone());
    Ok(())
}

/// Sets the type of the contact method of a notification rule, where only its id is given.
pub(crate) async fn contact_method_type(session: &Session<'_>, args: &mut Args) -> Result<(), Stop> {
    let user = args.get("entity_id").map(text).unwrap_or_default();
    let (id, given) = match args.get("data") {
        Some(data) => (text(&data["contact_method"]["id"]), data["contact_method"].get("type").is_some()),
        None => (args.get("contact_method_id").map(text).unwrap_or_default(), args.contains_key("contact_method_type")),
    };
    if given || id.is_empty() {
        return Ok(());
    }
    let found = session.look(Built::get(&["users", &user, "contact_methods", &id], &[]).call()).await?.value;
    let kind = found["contact_method"]["type"].clone();
    match args.get_mut("data") {
        Some(data) => data["contact_method"]["type"] = kind,
        None => {
            args.insert("contact_method_type".to_owned(), kind);
        }
    }
    Ok(())
}

/// Sets `since` and `until` to the 30 days before now, or before `until`, or after `since`.
pub(crate) fn last_days(session: &Session<'_>, args: &mut Args) -> Result<(), Stop> {
    let now_s = session.caller.now_unix_ms.div_euclid(1000);
    let read = |name: &str| -> Result<Option<i64>, Stop> {
        let Some(given) = args.get(name) else { return Ok(None) };
        let wrong = || ActionError::invalid(format!("`{name}` is not a time like 2026-01-02T03:04:05Z"));
        let ms = pagerduty::time::unix_ms(&text(given)).ok_or_else(wrong)?;
        Ok(Some(ms.div_euclid(1000)))
    };
    let (since, until) = match (args.contains_key("since"), args.contains_key("until")) {
        (true, true) => return Ok(()),
        (true, false) => {
            let since = read("since")?.unwrap_or(now_s);
            (since, now_s.min(since + DAYS_S))
        }
        (false, _) => {
            let until = read("until")?.unwrap_or(now_s);
            (until - DAYS_S, until)
        }
    };
    for (name, seconds) in [("since", since), ("until", until)] {
        if let Some(time) = text_of_unix_s(seconds).filter(|_| !args.contains_key(name)) {
            args.insert(name.to_owned(), json!(time));
        }
    }
    Ok(())
}
