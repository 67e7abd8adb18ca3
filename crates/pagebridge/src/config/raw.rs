//! What the user wrote, with its places.

use super::access::{RawActions, RawToken};
use super::chat::RawChatCommands;
use super::mcp::RawMcp;
use super::netbox::RawNetBox;
use super::operator::RawOperator;
use super::posts::RawChat;
use super::profiles::RawProfile;
use super::rt::RawRt;
use super::section::{At, Section};
use super::text::Text;
use std::ops::{Range, RangeInclusive};

/// An hour, in seconds: nothing here should wait for longer.
pub(super) const HOUR_S: i64 = 3_600;

/// The file.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) listen: Option<At<Text>>,
    pub(crate) store: Option<At<Text>>,
    pub(crate) instance: Option<At<Text>>,
    pub(crate) api_token: Option<At<Text>>,
    pub(crate) tokens: Vec<RawToken>,
    pub(crate) actions: RawActions,
    pub(crate) chat: Option<RawChatCommands>,
    pub(crate) mcp: RawMcp,
    pub(crate) systems: Vec<RawSystem>,
    pub(crate) bridges: Vec<RawBridge>,
    pub(crate) polling: RawPolling,
    pub(crate) delivery: RawDelivery,
    pub(crate) operator: RawOperator,
    pub(crate) profiles: Vec<RawProfile>,
}

/// `[polling]`
#[derive(Debug, Default)]
pub(crate) struct RawPolling {
    pub(crate) interval_s: Option<At<i64>>,
    pub(crate) quiet_s: Option<At<i64>>,
    pub(crate) linger_s: Option<At<i64>>,
}

/// `[delivery]`
#[derive(Debug, Default)]
pub(crate) struct RawDelivery {
    pub(crate) first_wait_s: Option<At<i64>>,
    pub(crate) longest_wait_s: Option<At<i64>>,
    pub(crate) unanswered_wait_s: Option<At<i64>>,
    pub(crate) stop_s: Option<At<i64>>,
}

/// `[systems.NAME]`
#[derive(Debug)]
pub(crate) struct RawSystem {
    pub(crate) name: At<String>,
    /// Where it is, for what it lacks.
    pub(crate) at: Range<usize>,
    pub(crate) kind: RawKind,
    pub(crate) label: Option<At<Text>>,
    pub(crate) api_url: Option<At<Text>>,
    pub(crate) paths: Option<Vec<At<String>>>,
    pub(crate) webhook_secrets: Vec<At<Text>>,
    pub(crate) concurrency: Option<At<i64>>,
    pub(crate) calls_per_minute: Option<At<i64>>,
    pub(crate) lease_s: Option<At<i64>>,
    pub(crate) connect_timeout_s: Option<At<i64>>,
    pub(crate) timeout_s: Option<At<i64>>,
    pub(crate) proxy: Option<At<bool>>,
}

/// What only one kind of system has.
#[derive(Debug)]
pub(crate) enum RawKind {
    PagerDuty {
        api_token: Option<At<Text>>,
        from: Option<At<Text>>,
        service_id: Option<At<Text>>,
        user: Option<At<Text>>,
        insecure_webhooks: Option<At<bool>>,
        webhook_tokens: Vec<At<Text>>,
        webhook_url: Option<At<Text>>,
    },
    Opsgenie {
        api_key: Option<At<Text>>,
        integration_id: Option<At<Text>>,
        webhook_header: Option<At<Text>>,
        user: Option<At<Text>>,
        source: Option<At<Text>>,
    },
    Events {
        pass_through: Option<At<bool>>,
    },
    Alerts {
        routing_key: Option<At<Text>>,
        local_keys: Vec<At<Text>>,
        account: Option<At<String>>,
    },
    NetBox(Box<RawNetBox>),
    Rt(Box<RawRt>),
    Chat(RawChat),
    /// Missing or not known; has been reported.
    Unknown,
}

/// `[[bridges]]`
#[derive(Debug)]
pub(crate) struct RawBridge {
    pub(crate) at: Range<usize>,
    pub(crate) name: Option<At<String>>,
    pub(crate) preset: Option<At<String>>,
    pub(crate) opsgenie: Option<At<String>>,
    pub(crate) netbox: Option<At<String>>,
    pub(crate) events: Option<At<String>>,
    pub(crate) confirm: Option<At<String>>,
    pub(crate) rt: Option<At<String>>,
    pub(crate) pagerduty: Option<At<String>>,
    pub(crate) channels: Option<Vec<At<String>>>,
    pub(crate) there: RawDirection,
    pub(crate) back: RawDirection,
}

/// `[bridges.rules.A-to-B]`
#[derive(Debug, Default)]
pub(crate) struct RawDirection {
    pub(crate) created: Option<At<String>>,
    pub(crate) acknowledged: Option<At<String>>,
    pub(crate) unacknowledged: Option<At<String>>,
    pub(crate) noted: Option<At<String>>,
    pub(crate) resolved: Option<At<String>>,
    pub(crate) reopened: Option<At<String>>,
    pub(crate) updated: Option<At<String>>,
}

impl Raw {
    pub(crate) fn read(mut file: Section<'_>) -> Self {
        let mut raw = Self {
            listen: file.text("listen"),
            // May hold a password.
            store: file.secret("store"),
            instance: file.text("instance"),
            ..Self::default()
        };
        if let Some(mut server) = file.section("server") {
            raw.api_token = server.secret("api_token");
            raw.tokens = server.list("tokens").into_iter().map(RawToken::read).collect();
            server.end();
        }
        raw.systems = file.named("systems").into_iter().map(|(name, section)| RawSystem::read(name, section)).collect();
        raw.bridges = file.list("bridges").into_iter().map(RawBridge::read).collect();
        raw.polling = file.section("polling").map(RawPolling::read).unwrap_or_default();
        raw.delivery = file.section("delivery").map(RawDelivery::read).unwrap_or_default();
        raw.actions = file.section("actions").map(RawActions::read).unwrap_or_default();
        raw.chat = file.section("chat").map(RawChatCommands::read);
        raw.mcp = file.section("mcp").map(RawMcp::read).unwrap_or_default();
        raw.operator = file.section("operator").map(RawOperator::read).unwrap_or_default();
        raw.profiles = RawProfile::all(&mut file);
        file.end();
        raw
    }
}

impl RawPolling {
    fn read(mut section: Section<'_>) -> Self {
        let range = || 5..=24 * HOUR_S;
        let polling = Self {
            interval_s: section.number("interval_s", range()),
            quiet_s: section.number("quiet_s", range()),
            linger_s: section.number("linger_s", 0..=30 * 24 * HOUR_S),
        };
        section.end();
        polling
    }
}

impl RawDelivery {
    fn read(mut section: Section<'_>) -> Self {
        let range = || 1..=HOUR_S;
        let delivery = Self {
            first_wait_s: section.number("first_wait_s", range()),
            longest_wait_s: section.number("longest_wait_s", range()),
            unanswered_wait_s: section.number("unanswered_wait_s", range()),
            stop_s: section.number("stop_s", 0..=HOUR_S),
        };
        section.end();
        delivery
    }
}

const KINDS: [&str; 9] =
    ["pagerduty", "opsgenie", "rt", "netbox", "events", "pagerduty-events", "slack", "mattermost", "teams"];

impl RawSystem {
    fn read(name: At<String>, mut section: Section<'_>) -> Self {
        let seconds: RangeInclusive<i64> = 1..=300;
        let at = section.at.clone();
        let kind = section.one_of("kind", &KINDS);
        let is_known = kind.is_some();
        let system = Self {
            name,
            at,
            label: section.text("label"),
            api_url: section.text("api_url"),
            paths: section.words("paths"),
            webhook_secrets: section.secrets("webhook_secrets"),
            concurrency: section.number("concurrency", 1..=256),
            calls_per_minute: section.number("calls_per_minute", 0..=1_000_000),
            lease_s: section.number("lease_s", 10..=HOUR_S),
            connect_timeout_s: section.number("connect_timeout_s", seconds.clone()),
            timeout_s: section.number("timeout_s", seconds),
            proxy: section.flag("proxy"),
            kind: kind.map_or(RawKind::Unknown, |kind| RawKind::read(kind, &mut section)),
        };
        // Without a kind nobody can say which keys are right.
        if is_known {
            section.end();
        }
        system
    }
}

impl RawKind {
    fn read(kind: &str, section: &mut Section<'_>) -> Self {
        match kind {
            "events" => Self::Events { pass_through: section.flag("pass_through") },
            "pagerduty-events" => Self::Alerts {
                routing_key: section.secret("routing_key"),
                local_keys: section.secrets("local_keys"),
                account: section.word("account"),
            },
            "rt" => Self::Rt(Box::new(RawRt::read(section))),
            "pagerduty" => Self::PagerDuty {
                api_token: section.secret("api_token"),
                from: section.text("from"),
                service_id: section.text("service_id"),
                user: section.text("user"),
                insecure_webhooks: section.flag("insecure_webhooks"),
                webhook_tokens: section.secrets("webhook_tokens"),
                webhook_url: section.text("webhook_url"),
            },
            chat if RawChat::KINDS.contains(&chat) => Self::Chat(RawChat::read(chat, section)),
            "netbox" => Self::NetBox(Box::new(RawNetBox::read(section))),
            _ => Self::Opsgenie {
                api_key: section.secret("api_key"),
                integration_id: section.text("integration_id"),
                webhook_header: section.text("webhook_header"),
                user: section.text("user"),
                source: section.text("source"),
            },
        }
    }
}

impl RawBridge {
    fn read(mut section: Section<'_>) -> Self {
        let (at, name, preset) = (section.at.clone(), section.word("name"), section.word("preset"));
        let preset_is = |word: &str| preset.as_ref().is_some_and(|preset| preset.value == word);
        let (is_rt, is_netbox, is_chat) = (preset_is("rt-extension"), preset_is("netbox"), preset_is("chat"));
        let mut of = |wanted: bool, key: &'static str| if wanted { section.word(key) } else { None };
        let (opsgenie, rt) = (of(!is_rt && !is_netbox && !is_chat, "opsgenie"), of(is_rt, "rt"));
        let pagerduty = of(!is_netbox, "pagerduty");
        let (netbox, events, confirm) = (of(is_netbox, "netbox"), of(is_netbox, "events"), of(is_netbox, "confirm"));
        let channels = if is_chat { section.words("channels") } else { None };
        let (there, back) = (RawDirection::default(), RawDirection::default());
        let mut bridge =
            Self { at, name, preset, opsgenie, rt, pagerduty, netbox, events, confirm, channels, there, back };
        let (there, back) = match () {
            () if is_rt => ("rt-to-pagerduty", "pagerduty-to-rt"),
            () if is_netbox => ("netbox-to-pagerduty", "pagerduty-to-netbox"),
            () => ("opsgenie-to-pagerduty", "pagerduty-to-opsgenie"),
        };
        if is_chat {
            section.end();
            return bridge;
        }
        if let Some(mut rules) = section.section("rules") {
            bridge.there = rules.section(there).map(RawDirection::read).unwrap_or_default();
            bridge.back = rules.section(back).map(RawDirection::read).unwrap_or_default();
            rules.end();
        }
        section.end();
        bridge
    }
}

impl RawDirection {
    fn read(mut section: Section<'_>) -> Self {
        let direction = Self {
            created: section.word("created"),
            acknowledged: section.word("acknowledged"),
            unacknowledged: section.word("unacknowledged"),
            noted: section.word("noted"),
            resolved: section.word("resolved"),
            reopened: section.word("reopened"),
            updated: section.word("updated"),
        };
        section.end();
        direction
    }
}
