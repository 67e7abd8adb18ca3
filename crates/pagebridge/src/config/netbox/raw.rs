//! `kind = "netbox"` as it is written.

use crate::config::section::{At, Section};
use crate::config::text::Text;
use std::ops::Range;

/// What only a system of kind netbox has.
#[derive(Debug, Default)]
pub(crate) struct RawNetBox {
    pub(crate) token: Option<At<Text>>,
    pub(crate) insecure_webhooks: Option<At<bool>>,
    pub(crate) enabled: Option<At<bool>>,
    pub(crate) base_url: Option<At<Text>>,
    pub(crate) source: Option<At<Text>>,
    pub(crate) component: Option<At<Text>>,
    pub(crate) group: Option<At<Text>>,
    pub(crate) send_on_event_create: Option<At<bool>>,
    pub(crate) send_on_incident_create: Option<At<bool>>,
    pub(crate) send_on_incident_update: Option<At<bool>>,
    pub(crate) auto_resolve: Option<At<bool>>,
    pub(crate) send_backlog: Option<At<bool>>,
    pub(crate) incident_tells_event: Option<At<bool>>,
    pub(crate) interval_s: Option<At<i64>>,
    pub(crate) answer_within_s: Option<At<i64>>,
    pub(crate) status_map: Option<At<String>>,
    pub(crate) statuses: Vec<(At<String>, At<String>)>,
    pub(crate) severities: Vec<(At<String>, At<String>)>,
    pub(crate) services: Vec<(At<String>, At<String>)>,
    pub(crate) applications: Vec<(At<String>, At<String>)>,
    pub(crate) tokens: Vec<RawToken>,
    pub(crate) back: RawBack,
}

/// One of `tokens`.
#[derive(Debug)]
pub(crate) struct RawToken {
    pub(crate) at: Range<usize>,
    pub(crate) token: Option<At<Text>>,
    pub(crate) may: Vec<At<String>>,
}

/// `[systems.NAME.back]`
#[derive(Debug, Default)]
pub(crate) struct RawBack {
    pub(crate) acknowledged: Option<At<String>>,
    pub(crate) triggered: Option<At<String>>,
    pub(crate) reopened: Option<At<String>>,
    pub(crate) resolved: Option<At<String>>,
    pub(crate) event_resolved: Option<At<String>>,
    pub(crate) notes: Option<At<String>>,
}

impl RawNetBox {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        Self {
            token: section.secret("token"),
            insecure_webhooks: section.flag("insecure_webhooks"),
            enabled: section.flag("enabled"),
            base_url: section.text("base_url"),
            source: section.text("source"),
            component: section.text("component"),
            group: section.text("group"),
            send_on_event_create: section.flag("send_on_event_create"),
            send_on_incident_create: section.flag("send_on_incident_create"),
            send_on_incident_update: section.flag("send_on_incident_update"),
            auto_resolve: section.flag("auto_resolve"),
            send_backlog: section.flag("send_backlog"),
            incident_tells_event: section.flag("incident_tells_event"),
            interval_s: section.number("interval_s", 5..=3_600),
            answer_within_s: section.number("answer_within_s", 1..=300),
            status_map: section.word("status_map"),
            statuses: section.pairs("statuses"),
            severities: section.pairs("severities"),
            services: section.pairs("services"),
            applications: section.pairs("applications"),
            tokens: section.list("tokens").into_iter().map(RawToken::read).collect(),
            back: section.section("back").map(RawBack::read).unwrap_or_default(),
        }
    }
}

impl RawToken {
    fn read(mut section: Section<'_>) -> Self {
        let at = section.at.clone();
        let token = Self { at, token: section.secret("token"), may: section.words("may").unwrap_or_default() };
        section.end();
        token
    }
}

impl RawBack {
    fn read(mut section: Section<'_>) -> Self {
        let back = Self {
            acknowledged: section.word("acknowledged"),
            triggered: section.word("triggered"),
            reopened: section.word("reopened"),
            resolved: section.word("resolved"),
            event_resolved: section.word("event_resolved"),
            notes: section.word("notes"),
        };
        section.end();
        back
    }
}
