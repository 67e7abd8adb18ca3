//! `/notifications`: who was reached how.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::ask::Ask;
use super::include::Includes;
use crate::pagerduty::model::{Notification, NotificationKind};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const WINDOW_MAX_HOURS: i64 = 92 * 24;
const INCLUDES: &Includes = &[("users", "user")];

impl State {
    pub(crate) fn route_notifications(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        if ask.call.method != http::Method::GET || !parts.is_empty() {
            return Err(Refusal::not_found());
        }
        let needed = |name| {
            ask.time(name)?
                .ok_or_else(|| Refusal::new(400, 2003, "Missing Arguments").because(format!("{name} is needed")))
        };
        let (since, until) = (needed("since")?, needed("until")?);
        if since > until || until.duration_since(since) > SignedDuration::from_hours(WINDOW_MAX_HOURS) {
            return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
        }
        let kind = match ask.call.query("filter") {
            None | Some("") => None,
            Some(text) => Some(NotificationKind::parse(text).ok_or_else(|| {
                Refusal::invalid("Filter must be one of: sms_notification, email_notification, phone_notification, push_notification")
            })?),
        };
        let matches =
            |one: &&Notification| one.at >= since && one.at < until && kind.is_none_or(|kind| one.kind == kind);
        let found: Vec<&Notification> = self.notifications.iter().filter(matches).collect();
        self.listed(ask, "notifications", &found, INCLUDES, |one| -> Value {
            json!({
                "id": one.id,
                "type": one.kind.text(),
                "started_at": ask.links.time(one.at),
                "address": one.address,
                "status": "success",
                "user": self.user_ref(ask.links, one.user),
                "incident": self.incident_ref(ask.links, one.incident),
            })
        })
    }
}
