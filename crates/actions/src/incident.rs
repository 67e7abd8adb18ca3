//! Finding the incident that is meant by an id, a number or a key.

use pagerduty::Class;
use pagerduty::rest::raw;
use serde_json::Value;

use crate::outcome::{ActionError, ErrorKind};
use crate::request::Built;
use crate::run::refused_as;
use crate::session::{Session, Stop};

const OPEN: [(&str, &str); 2] = [("statuses[]", "triggered"), ("statuses[]", "acknowledged")];

/// Gives the id of the incident that `name` means.
pub(crate) async fn find(session: &Session<'_>, name: &str) -> Result<String, Stop> {
    let name = name.trim();
    if let Some(key) = name.strip_prefix("key:") {
        return by_key(session, key.trim()).await;
    }
    let number = name.strip_prefix('#').unwrap_or(name);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let looked = session.look(raw::request_at(http::Method::GET, &["incidents", number], &[], None)).await;
        let reply = looked.map_err(|stop| if refused_as(&stop, Class::NotFound) { none(name).into() } else { stop })?;
        let id = reply.value["incident"]["id"].as_str();
        return id.map(str::to_owned).ok_or_else(|| none(name).into());
    }
    if is_id(name) { Ok(name.to_owned()) } else { by_key(session, name).await }
}

/// Old ids have 7 characters, newer ones 14.
fn is_id(name: &str) -> bool {
    let is_char = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    matches!(name.len(), 7 | 14) && name.starts_with(['P', 'Q', 'R']) && name.bytes().all(is_char)
}

/// Gives the open incident with this key; if there is none, the one that was made last.
async fn by_key(session: &Session<'_>, key: &str) -> Result<String, Stop> {
    // An empty filter would fit all incidents.
    if key.is_empty() {
        return Err(ActionError::invalid("the key of the incident is empty").into());
    }
    let open = ids(session, key, &OPEN).await?;
    match open.as_slice() {
        [id] => return Ok(id.clone()),
        [] => {}
        several => {
            let message = format!(
                "the key `{key}` fits {} open incidents, name one by id: {}",
                several.len(),
                several.join(", ")
            );
            return Err(ActionError::new(ErrorKind::NotOneIncident, message).into());
        }
    }
    let ever = ids(session, key, &[("date_range", "all"), ("sort_by", "created_at:desc")]).await?;
    ever.into_iter().next().ok_or_else(|| none(key).into())
}

async fn ids(session: &Session<'_>, key: &str, filter: &[(&str, &str)]) -> Result<Vec<String>, Stop> {
    let query: Vec<(&str, &str)> = [("incident_key", key)].into_iter().chain(filter.iter().copied()).collect();
    let (found, _) = session.list(&Built::get(&["incidents"], &query), "incidents", 10, false).await?;
    // The filter fits the keys of alerts too: what carries the key itself goes first.
    let own: Vec<&Value> = found.iter().filter(|incident| incident["incident_key"] == key).collect();
    let chosen = if own.is_empty() { found.iter().collect() } else { own };
    Ok(chosen.iter().filter_map(|incident| incident["id"].as_str()).map(str::to_owned).collect())
}

fn none(name: &str) -> ActionError {
    let message = format!("there is no incident `{name}`; give its id, its number (#42), or its key");
    ActionError::new(ErrorKind::NotOneIncident, message)
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_are_told_from_keys() {
        assert!(is_id("PT4KHLK") && is_id("Q1A2B3C4D5E6F7"));
        assert!(!is_id("db-1/disk") && !is_id("DISKFULL") && !is_id("pt4khlk") && !is_id("PT4KHL"));
    }
}
