//! `kind = "rt"` as it is written.

use crate::config::section::{At, Section};
use crate::config::text::Text;
use std::ops::Range;

/// What only a system of kind rt has.
#[derive(Debug, Default)]
pub(crate) struct RawRt {
    pub(crate) token: Option<At<Text>>,
    pub(crate) web_url: Option<At<Text>>,
    pub(crate) rtname: Option<At<Text>>,
    pub(crate) id_field: Option<At<Text>>,
    pub(crate) url_field: Option<At<Text>>,
    pub(crate) notes: Option<At<String>>,
    pub(crate) rejected: Option<At<String>>,
    pub(crate) deleted: Option<At<String>>,
    pub(crate) auto_open: Option<At<bool>>,
    pub(crate) owner_acknowledges: Option<At<bool>>,
    pub(crate) set_owner: Option<At<bool>>,
    pub(crate) backlog: Option<At<bool>>,
    pub(crate) interval_s: Option<At<i64>>,
    pub(crate) sweep_s: Option<At<i64>>,
    pub(crate) calls_per_round: Option<At<i64>>,
    pub(crate) queues: Vec<RawQueue>,
    pub(crate) services: Vec<RawService>,
    pub(crate) priorities: Vec<RawPriority>,
}

/// `[systems.NAME.queues.QUEUE]`
#[derive(Debug)]
pub(crate) struct RawQueue {
    pub(crate) key: At<String>,
    pub(crate) name: Option<At<Text>>,
    pub(crate) service: Option<At<Text>>,
    pub(crate) acknowledged: Option<At<Text>>,
    pub(crate) resolved: Option<At<Text>>,
    pub(crate) triggered: Option<At<Text>>,
    pub(crate) reopened: Option<At<Text>>,
    pub(crate) initial: Option<Vec<At<String>>>,
    pub(crate) active: Option<Vec<At<String>>>,
    pub(crate) inactive: Option<Vec<At<String>>>,
    pub(crate) subject_tag: Option<At<Text>>,
}

/// `[systems.NAME.services.SERVICE]`
#[derive(Debug)]
pub(crate) struct RawService {
    pub(crate) key: At<String>,
    pub(crate) id: Option<At<Text>>,
    pub(crate) create_queue: Option<At<Text>>,
    pub(crate) name: Option<At<Text>>,
}

/// One of `[[systems.NAME.priorities]]`
#[derive(Debug)]
pub(crate) struct RawPriority {
    pub(crate) at: Range<usize>,
    pub(crate) number: Option<At<i64>>,
    pub(crate) name: Option<At<Text>>,
    pub(crate) urgency: Option<&'static str>,
}

impl RawRt {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        Self {
            token: section.secret("token"),
            web_url: section.text("web_url"),
            rtname: section.text("rtname"),
            id_field: section.text("id_field"),
            url_field: section.text("url_field"),
            notes: section.word("notes"),
            rejected: section.word("rejected"),
            deleted: section.word("deleted"),
            auto_open: section.flag("auto_open"),
            owner_acknowledges: section.flag("owner_acknowledges"),
            set_owner: section.flag("set_owner"),
            backlog: section.flag("backlog"),
            interval_s: section.number("interval_s", 2..=3_600),
            sweep_s: section.number("sweep_s", 10..=3_600),
            calls_per_round: section.number("calls_per_round", 3..=1_000),
            queues: section.named("queues").into_iter().map(|(key, section)| RawQueue::read(key, section)).collect(),
            services: section.named("services").into_iter().map(|(key, s)| RawService::read(key, s)).collect(),
            priorities: section.list("priorities").into_iter().map(RawPriority::read).collect(),
        }
    }
}

impl RawQueue {
    fn read(key: At<String>, mut section: Section<'_>) -> Self {
        let queue = Self {
            key,
            name: section.text("name"),
            service: section.text("service"),
            acknowledged: section.text("acknowledged"),
            resolved: section.text("resolved"),
            triggered: section.text("triggered"),
            reopened: section.text("reopened"),
            initial: section.words("initial"),
            active: section.words("active"),
            inactive: section.words("inactive"),
            subject_tag: section.text("subject_tag"),
        };
        section.end();
        queue
    }
}

impl RawService {
    fn read(key: At<String>, mut section: Section<'_>) -> Self {
        let service = Self {
            key,
            id: section.text("id"),
            create_queue: section.text("create_queue"),
            name: section.text("name"),
        };
        section.end();
        service
    }
}

impl RawPriority {
    fn read(mut section: Section<'_>) -> Self {
        let priority = Self {
            at: section.at.clone(),
            number: section.number("number", 0..=1_000_000),
            name: section.text("name"),
            urgency: section.one_of("urgency", &["high", "low"]),
        };
        section.end();
        priority
    }
}
