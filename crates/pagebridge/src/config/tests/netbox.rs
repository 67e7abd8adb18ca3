//! NetBox: its settings, its bridges, and the old module's variables.

use super::read;
use crate::config::load::{Loaded, Overrides, from_text, load};
use crate::config::{Config, Findings, Kind, NetBox};
use crate::env::Env;
use pagebridge_core::{Cell, ChangeKind, Role, SystemName};

const NETBOX: &str = r#"
[systems.netbox]
kind = "netbox"
api_url = "https://netbox.example.com"
token = { env = "TOKEN" }
webhook_secrets = { env = "SECRET" }

[systems.alerts]
kind = "pagerduty-events"
routing_key = { env = "ROUTING_KEY" }

[systems.pagerduty]
kind = "pagerduty"
api_token = { env = "TOKEN" }
from = "bridge@example.com"
service_id = "PSERVICE"
webhook_secrets = { env = "SECRET" }

[[bridges]]
preset = "netbox"
netbox = "netbox"
events = "alerts"
confirm = "pagerduty"
"#;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn loaded(text: &str) -> Loaded {
    let env = Env::of(&[("TOKEN", "t-1"), ("SECRET", "s-1"), ("ROUTING_KEY", KEY)]);
    from_text("pagebridge.toml", text.to_owned(), &Overrides::default(), &env, Findings::default())
}

fn config(text: &str) -> Config {
    let loaded = loaded(text);
    let told = loaded.findings.render(&loaded.path, &loaded.source, false);
    loaded.config.unwrap_or_else(|| panic!("{told}"))
}

fn told(text: &str) -> String {
    let loaded = loaded(text);
    loaded.findings.render(&loaded.path, &loaded.source, false)
}

/// With lines in the first system, and more tables.
fn with(lines: &str, tables: &str) -> String {
    NETBOX.replace("kind = \"netbox\"", &format!("kind = \"netbox\"\n{lines}")) + tables
}

fn netbox(config: &Config) -> &NetBox {
    let Kind::NetBox(own) = &config.systems[0].kind else { panic!("the first is NetBox") };
    own
}

/// What a change in NetBox causes at PagerDuty, by the name of the bridge.
fn cell(config: &Config, bridge: &str, kind: ChangeKind) -> Cell {
    let found = config.bridges.iter().find(|b| b.name.as_str() == bridge).expect(bridge);
    found.cell(&SystemName::new("netbox"), &SystemName::new("alerts"), kind)
}

fn names(config: &Config) -> Vec<&str> {
    config.bridges.iter().map(|b| b.name.as_str()).collect()
}

#[test]
fn a_bridge_stands_for_one_of_events_one_of_incidents_and_one_of_callers() {
    let config = config(NETBOX);
    assert_eq!(told(NETBOX).trim(), "");
    assert_eq!(names(&config), ["netbox-events", "netbox-incidents", "netbox-custom"]);
    for name in ["netbox-events", "netbox-incidents"] {
        for kind in [ChangeKind::Created, ChangeKind::Acknowledged, ChangeKind::Resolved, ChangeKind::Reopened] {
            assert_eq!(cell(&config, name, kind), Cell::STATUS, "{name} {kind:?}");
        }
        let bridge = config.bridges.iter().find(|b| b.name.as_str() == name).expect(name);
        let back = |kind| bridge.cell(&SystemName::new("pagerduty"), &SystemName::new("netbox"), kind);
        assert_eq!(back(ChangeKind::Resolved), Cell::IGNORE, "the way back is off");
        let roles: Vec<_> = bridge.roles.iter().map(|(system, role)| (system.as_str(), *role)).collect();
        assert_eq!(roles, [("alerts", Role::Events), ("pagerduty", Role::Confirm)]);
    }
    let custom = &config.bridges[2];
    assert_eq!(custom.roles[0], (SystemName::new("netbox-custom"), Role::Source));
    let own = netbox(&config);
    assert_eq!((own.sweep_ms, own.answer_ms, config.systems[0].timeout_ms), (30_000, 30_000, 30_000));
}

#[test]
fn the_switches_of_the_old_module_switch_rules_off() {
    let quiet = config(&with("send_on_event_create = false\nsend_on_incident_create = false", ""));
    for name in ["netbox-events", "netbox-incidents"] {
        assert_eq!(cell(&quiet, name, ChangeKind::Created), Cell::IGNORE, "{name}");
        assert_eq!(cell(&quiet, name, ChangeKind::Resolved), Cell::STATUS, "{name}: what was sent by hand ends");
    }
    let kept = config(&with("auto_resolve = false", ""));
    assert_eq!(cell(&kept, "netbox-incidents", ChangeKind::Resolved), Cell::IGNORE);
    assert_eq!(cell(&kept, "netbox-incidents", ChangeKind::Acknowledged), Cell::STATUS);
    assert_eq!(cell(&kept, "netbox-events", ChangeKind::Resolved), Cell::STATUS, "only Incidents have this switch");
    let fixed = config(&with("send_on_incident_update = false", ""));
    assert_eq!(cell(&fixed, "netbox-incidents", ChangeKind::Acknowledged), Cell::IGNORE);
    assert_eq!(cell(&fixed, "netbox-incidents", ChangeKind::Created), Cell::STATUS);
    let off = config(&with("enabled = false", ""));
    assert_eq!(cell(&off, "netbox-events", ChangeKind::Created), Cell::IGNORE);
    assert_eq!(cell(&off, "netbox-events", ChangeKind::Resolved), Cell::IGNORE);
}

#[test]
fn the_way_back_is_a_rule_and_writes_what_it_is_told_to() {
    let rules =
        "[bridges.rules.pagerduty-to-netbox]\nacknowledged = \"both\"\nresolved = \"status\"\nnoted = \"note\"\n";
    let on = config(&format!("{NETBOX}{rules}"));
    let bridge = &on.bridges[1];
    let back = |kind| bridge.cell(&SystemName::new("pagerduty"), &SystemName::new("netbox"), kind);
    assert_eq!((back(ChangeKind::Acknowledged), back(ChangeKind::Resolved)), (Cell::BOTH, Cell::STATUS));
    let settings = |config: &Config| {
        let own = netbox(config);
        own.settings(&config.systems[0], own.tie.as_ref().expect("tied"))
    };
    assert_eq!(settings(&on).back.acknowledged.as_deref(), Some("investigating"));
    let other = with("back = { acknowledged = \"identified\", notes = \"description\" }", rules);
    assert_eq!(settings(&config(&other)).back.acknowledged.as_deref(), Some("identified"));
    assert_eq!(settings(&config(NETBOX)).back.acknowledged, None, "what is not written changes no meaning");
    let alone = NETBOX.replace("confirm = \"pagerduty\"\n", "");
    assert!(told(&format!("{alone}{rules}")).contains("cannot be known"));
    assert!(told(&alone).contains("nobody is asked whether a page exists"));
}

#[test]
fn services_may_have_routing_keys_of_their_own() {
    let more = "[systems.database-alerts]\nkind = \"pagerduty-events\"\nrouting_key = { env = \"ROUTING_KEY\" }\n";
    let lines =
        "services = { db = \"database-alerts\" }\napplications = { SHOP = \"database-alerts\", X = \"alerts\" }";
    let config = config(&with(lines, more));
    let more = ["netbox-events-database-alerts", "netbox-incidents-database-alerts", "netbox-custom"];
    assert_eq!(names(&config), [&["netbox-events", "netbox-incidents"][..], &more].concat());
    let own = netbox(&config);
    let routes = own.settings(&config.systems[0], own.tie.as_ref().expect("tied")).routes;
    assert_eq!(routes.services["db"].events.as_str(), "netbox-events-database-alerts");
    assert_eq!(routes.applications["X"], routes.default);
}

#[test]
fn what_is_wrong_is_told_with_its_remedy() {
    for (lines, words) in [
        ("status_map = \"docs\"", "there is no status map `docs`"),
        ("statuses = { monitoring = \"ack\" }", "`monitoring` cannot mean \"ack\""),
        ("severities = { warning = \"bad\" }", "PagerDuty has no severity \"bad\""),
        ("services = { db = \"pagerduty\" }", "`pagerduty` is no system of kind pagerduty-events"),
        ("services = { db = \"nothing\" }", "`nothing` is no system of kind pagerduty-events"),
        ("services = { db = 7 }", "`db` is a whole number"),
        ("tokens = [{ token = { env = \"TOKEN\" } }]", "a token does not say what it may do"),
        ("tokens = [{ token = { env = \"TOKEN\" }, may = [\"write\"] }]", "the permission \"write\""),
        ("back = { notes = \"mail\" }", "notes cannot be written to \"mail\""),
        ("back = { resolved_at = \"x\" }", "unknown key `resolved_at`"),
        ("interval_s = 1", "`interval_s` is out of range"),
        ("base_url = \"netbox\"", "not the address of NetBox's web interface"),
    ] {
        let told = told(&with(lines, ""));
        assert!(told.contains(words), "{lines}: {told}");
    }
    for (from, to, words) in [
        ("token = { env = \"TOKEN\" }\n", "", "has no `token`"),
        ("api_url = \"https://netbox.example.com\"\n", "", "has no `api_url`"),
        ("webhook_secrets = { env = \"SECRET\" }\n", "", "no webhook of NetBox is taken"),
        (
            "netbox = \"netbox\"",
            "netbox = \"alerts\"",
            "`alerts` is of kind pagerduty-events, and netbox is needed here",
        ),
        ("events = \"alerts\"", "", "does not say which system is its `events`"),
        ("events = \"alerts\"", "pagerduty = \"alerts\"", "unknown key `pagerduty`"),
        ("preset = \"netbox\"", "preset = \"opsgenie-proxy\"", "unknown key `netbox`"),
    ] {
        let text = NETBOX.replacen(from, to, 1);
        assert_ne!(text, NETBOX, "{from}");
        assert!(told(&text).contains(words), "{words}: {}", told(&text));
    }
    let cells = "[bridges.rules.netbox-to-pagerduty]\nnoted = \"note\"\nacknowledged = \"both\"\n";
    let told_of_cells = told(&format!("{NETBOX}{cells}"));
    assert!(told_of_cells.contains("an alert takes no notes"), "{told_of_cells}");
    assert!(told_of_cells.contains("`acknowledged` cannot be \"both\""), "{told_of_cells}");
    let twice =
        format!("{NETBOX}[[bridges]]\nname = \"b\"\npreset = \"netbox\"\nnetbox = \"netbox\"\nevents = \"alerts\"\n");
    assert!(told(&twice).contains("two bridges carry `netbox`"));
    let untied = NETBOX.split("[[bridges]]").next().expect("a part");
    assert!(told(untied).contains("no bridges are configured"), "{}", told(untied));
    assert!(read("[systems.x]\nkind = \"netbox\"\n").config.is_none());
    let other =
        "[systems.second]\nkind = \"netbox\"\napi_url = \"https://b.example.com\"\ntoken = { env = \"TOKEN\" }\n";
    assert!(told(&format!("{NETBOX}{other}")).contains("no bridge carries `second`"));
    let taken = NETBOX.replace("[systems.pagerduty]", "[systems.netbox-custom]").replace("confirm = \"pagerduty\"", "");
    assert!(told(&taken).contains("`netbox-custom`"), "{}", told(&taken));
}

/// The old module's example, with where NetBox is.
const OLD: [(&str, &str); 5] = [
    ("PAGERDUTY_ENABLED", "True"),
    ("PAGERDUTY_ROUTING_KEY", KEY),
    ("NETBOX_URL", "https://netbox.example.com"),
    ("NETBOX_TOKEN", "t-1"),
    ("NETBOX_WEBHOOK_SECRET", "s-1"),
];

fn drop_in(more: &[(&str, &str)]) -> Loaded {
    load(&Overrides::default(), &Env::of(&[&OLD[..], more].concat()))
}

fn all_told(loaded: &Loaded) -> String {
    loaded.findings.render(&loaded.path, &loaded.source, false)
}

#[test]
fn the_old_modules_variables_are_enough() {
    let loaded = drop_in(&[]);
    assert_eq!(all_told(&loaded).trim(), "");
    let config = loaded.config.expect("a configuration");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(names(&config), ["netbox-events", "netbox-incidents", "netbox-custom"]);
    let own = netbox(&config);
    assert!(own.enabled && own.send_on_event_create && own.auto_resolve && own.base_url.is_none());
    assert_eq!((own.source.as_str(), own.group.as_str(), own.answer_ms), ("netbox", "infrastructure", 30_000));
    assert_eq!(config.systems[1].api_url, "https://events.pagerduty.com");
    let all = [
        ("PAGERDUTY_EVENTS_API_URL", "http://127.0.0.1:9/v2/enqueue"),
        ("PAGERDUTY_SOURCE", "netbox-prod"),
        ("PAGERDUTY_COMPONENT", "infrastructure-monitoring"),
        ("PAGERDUTY_GROUP", "network-operations"),
        ("PAGERDUTY_SEND_ON_EVENT_CREATE", "False"),
        ("PAGERDUTY_AUTO_RESOLVE", "no"),
        ("PAGERDUTY_TIMEOUT", "12"),
        ("BASE_URL", "https://netbox.example.com/"),
    ];
    let config = drop_in(&all).config.expect("a configuration");
    let own = netbox(&config);
    assert_eq!(config.systems[1].api_url, "http://127.0.0.1:9");
    assert_eq!((own.source.as_str(), own.component.as_str()), ("netbox-prod", "infrastructure-monitoring"));
    assert_eq!((own.group.as_str(), own.answer_ms), ("network-operations", 12_000));
    assert!(!own.send_on_event_create && !own.auto_resolve && own.send_on_incident_update && own.base_url.is_some());
    assert_eq!(cell(&config, "netbox-events", ChangeKind::Created), Cell::IGNORE);
    assert!(!format!("{config:?}").contains(KEY) && !format!("{config:?}").contains("t-1"));
}

#[test]
fn the_old_module_starts_without_what_it_can_do_without() {
    let off = drop_in(&[("PAGERDUTY_ENABLED", "")]);
    assert!(all_told(&off).contains("PAGERDUTY_ENABLED is not on"), "the old default");
    assert!(!netbox(&off.config.expect("a configuration")).enabled);
    let without_key = drop_in(&[("PAGERDUTY_ROUTING_KEY", "")]);
    assert!(all_told(&without_key).contains("PAGERDUTY_ROUTING_KEY is not set"));
    let config = without_key.config.expect("a configuration");
    assert_eq!((config.systems.len(), config.bridges.len()), (1, 0));
}

#[test]
fn what_is_wrong_with_the_old_variables_is_named() {
    for (name, value, words) in [
        ("PAGERDUTY_ENABLED", "maybe", "PAGERDUTY_ENABLED cannot be \"maybe\""),
        ("PAGERDUTY_TIMEOUT", "soon", "PAGERDUTY_TIMEOUT cannot be \"soon\""),
        ("PAGERDUTY_ROUTING_KEY", "s3cret", "PAGERDUTY_ROUTING_KEY: the routing key has 6 characters"),
        ("NETBOX_URL", "netbox", "NETBOX_URL is not the address of an API"),
        ("NETBOX_URL", "", "NETBOX_URL is not set"),
        ("NETBOX_TOKEN", "", "NETBOX_TOKEN is not set"),
        ("BASE_URL", "netbox", "BASE_URL is not the address of an API"),
    ] {
        let loaded = drop_in(&[(name, value)]);
        let told = all_told(&loaded);
        assert!(loaded.config.is_none() && told.contains(words) && !told.contains("s3cret"), "{name}={value}: {told}");
    }
    let both = drop_in(&[("OPSGENIE_API_KEY", "k-1")]);
    assert!(both.config.is_none() && all_told(&both).contains("two old integrations"), "{}", all_told(&both));
}
