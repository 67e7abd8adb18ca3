//! Request Tracker: its settings, its bridge, and what it means for the PagerDuty that it is tied to.

use super::{env, good, told};
use crate::config::{Config, Kind, hears_webhook_page, services_of};
use crate::wiring;
use pagebridge_connectors::pagerduty::Opens;
use pagebridge_connectors::rt::{Closing, NotesAs, Settings};
use pagebridge_core::{Cell, ChangeKind, PollPolicy, SystemName, Urgency};

const RT: &str = r#"
[systems.rt]
kind = "rt"
api_url = "https://rt.example.com/REST/2.0"
token = { env = "KEY" }
[systems.rt.queues."*"]
service = "PSERVICE"
[systems.rt.services.PSERVICE]
create_queue = "Incidents"

[systems.pagerduty]
kind = "pagerduty"
api_token = { env = "TOKEN" }
from = "bridge@example.com"
webhook_secrets = { env = "SECRET" }

[[bridges]]
preset = "rt-extension"
rt = "rt"
pagerduty = "pagerduty"
"#;

/// The same with something else in one place.
fn with(old: &str, new: &str) -> String {
    assert!(RT.contains(old), "{old}");
    RT.replacen(old, new, 1)
}

fn rt(config: &Config) -> &Settings {
    let Kind::Rt(own) = &config.systems[0].kind else { panic!("the first is RT") };
    own
}

fn page(config: &Config) -> bool {
    hears_webhook_page(config, &SystemName::new("pagerduty"))
}

#[test]
fn a_small_file_is_the_extension() {
    let config = good(RT);
    assert_eq!(told(RT).trim(), "");
    let (bridge, r, p) = (&config.bridges[0], SystemName::new("rt"), SystemName::new("pagerduty"));
    assert_eq!((bridge.name.as_str(), bridge.marks.as_slice()), ("rt-extension", [r.clone()].as_slice()));
    let cells = |from, to| {
        use ChangeKind::{Acknowledged, Created, Noted, Reopened, Resolved, Updated};
        [Created, Acknowledged, Resolved, Noted, Reopened, Updated].map(|kind| bridge.cell(from, to, kind))
    };
    let (off, status, both) = (Cell::IGNORE, Cell::STATUS, Cell::BOTH);
    assert_eq!(cells(&r, &p), [status, status, status, off, off, off]);
    assert_eq!(cells(&p, &r), [status, both, both, off, off, off]);
    let own = rt(&config);
    assert_eq!(own.queue("General").and_then(|q| q.service.as_deref()), Some("PSERVICE"));
    assert_eq!(own.service(Some("PSERVICE")).map(|s| s.create_queue.as_str()), Some("Incidents"));
    assert_eq!(own.service(Some("POTHER")), None);
    let system = &config.systems[0];
    assert_eq!((system.label.as_str(), system.api_url.as_str()), ("RT", "https://rt.example.com/REST/2.0"));
    assert_eq!(wiring::bridges(&config).poll_of(&r), &PollPolicy::ON_DEMAND);
    assert_eq!(wiring::bridges(&config).poll_of(&p), &config.poll);
    assert!(page(&config), "the only PagerDuty that is tied to an RT");
}

#[test]
fn everything_about_a_request_tracker_can_be_said() {
    let lines = r#"kind = "rt"
web_url = "https://tickets.example.com"
rtname = "example.com"
id_field = "PD"
url_field = "PD link"
notes = "reply"
rejected = "ignore"
deleted = "resolve"
auto_open = true
owner_acknowledges = true
set_owner = true
backlog = true
interval_s = 5
sweep_s = 120
calls_per_round = 50
priorities = [{ number = 80, name = "P1", urgency = "high" }, { number = 0, urgency = "low" }]
webhook_secrets = { env = "SECRET" }"#;
    let tables = r#"
[systems.rt.queues.ops]
name = { env = "KEY" }
service = { env = "TOKEN" }
acknowledged = "working"
resolved = "done"
triggered = "todo"
reopened = "todo"
initial = ["todo"]
active = ["working"]
inactive = ["done", "rejected"]
subject_tag = "ops.example.com"
[systems.rt.services.main]
id = { env = "TOKEN" }
name = "Shop"
create_queue = { env = "KEY" }
"#;
    let text = with("kind = \"rt\"", lines) + tables;
    let config = good(&text);
    let own = rt(&config);
    let texts = [own.web_url.as_deref(), own.rtname.as_deref(), Some(&own.id_field), Some(&own.url_field)];
    assert_eq!(texts, [Some("https://tickets.example.com"), Some("example.com"), Some("PD"), Some("PD link")]);
    assert_eq!((own.notes, own.rejected, own.deleted), (NotesAs::Correspond, Closing::Ignored, Closing::Resolved));
    assert_eq!([own.auto_open, own.owner_acknowledges, own.set_owner, own.backlog], [true; 4]);
    assert_eq!((own.interval_ms, own.sweep_ms, own.calls_max), (5_000, 120_000, 50));
    let priorities: Vec<_> = own.priorities.iter().map(|p| (p.number, p.name.as_deref(), p.urgency)).collect();
    assert_eq!(priorities, [(80, Some("P1"), Urgency::High), (0, None, Urgency::Low)]);
    let queue = own.queue("k-1").expect("its name is in a variable");
    let statuses = [&queue.acknowledged, &queue.resolved, &queue.triggered, &queue.reopened].map(String::as_str);
    assert_eq!(statuses, ["working", "done", "todo", "todo"]);
    assert_eq!((queue.inactive.len(), queue.subject_tag.as_deref()), (2, Some("ops.example.com")));
    assert_eq!(
        own.services.get("t-1").map(|s| (s.create_queue.as_str(), s.name.as_deref())),
        Some(("k-1", Some("Shop")))
    );
    let services = services_of(&config.systems, &config.bridges, &config.systems[1]);
    let paged: Vec<_> = services.paged.iter().map(String::as_str).collect();
    assert_eq!((paged.as_slice(), services.backlog), (["PSERVICE", "t-1"].as_slice(), true));
    assert_eq!(services.opens, Opens::These(["PSERVICE".to_owned(), "t-1".to_owned()].into()));
}

#[test]
fn the_rules_say_whose_incidents_become_tickets() {
    let opens = |text: &str| {
        let config = good(text);
        services_of(&config.systems, &config.bridges, &config.systems[1]).opens
    };
    assert_eq!(opens(&with("services.PSERVICE", "services.\"*\"")), Opens::All);
    let off = format!("{RT}[bridges.rules.pagerduty-to-rt]\ncreated = \"ignore\"\n");
    assert_eq!(opens(&off), Opens::None);
}

#[test]
fn cells_can_be_set() {
    let text = format!(
        "{RT}name = \"tickets\"\n[bridges.rules.rt-to-pagerduty]\nupdated = \"status\"\nnoted = \"note\"\n\
         [bridges.rules.pagerduty-to-rt]\nreopened = \"both\"\n"
    );
    let config = good(&text);
    let (bridge, r, p) = (&config.bridges[0], SystemName::new("rt"), SystemName::new("pagerduty"));
    assert_eq!(bridge.name.as_str(), "tickets");
    assert_eq!(bridge.cell(&r, &p, ChangeKind::Updated), Cell::STATUS);
    assert_eq!(bridge.cell(&r, &p, ChangeKind::Noted), Cell::NOTE);
    assert_eq!(bridge.cell(&p, &r, ChangeKind::Reopened), Cell::BOTH);
}

#[test]
fn the_page_of_the_extension_is_heard_where_its_token_is() {
    let second = "[systems.other]\nkind = \"pagerduty\"\napi_token = { env = \"TOKEN\" }\nfrom = \"b@example.com\"\n\
                  service_id = \"P2\"\nwebhook_tokens = { env = \"SECRET\" }\n";
    let config = good(&format!("{second}{RT}"));
    assert!(!page(&config) && hears_webhook_page(&config, &SystemName::new("other")));
    let own = with("kind = \"pagerduty\"", "kind = \"pagerduty\"\npaths = [\"/PagerDuty/WebHook.html\"]");
    assert!(!page(&good(&own)), "it is a path like any other then");
    let tokens = with("webhook_secrets = { env = \"SECRET\" }", "webhook_tokens = { env = \"SECRET\" }");
    assert_eq!(told(&tokens).trim(), "", "a token is enough");
    assert!(page(&good(&tokens)));
}

#[test]
fn what_is_wrong_is_told_with_key_line_and_remedy() {
    let queue = "[systems.rt.queues.\"*\"]\nservice = \"PSERVICE\"\n";
    let table = [
        (with("token = { env = \"KEY\" }\n", ""), "[systems.rt] has no `token`", "add `token`"),
        (with("api_url = \"https://rt.example.com/REST/2.0\"\n", ""), "[systems.rt] has no `api_url`", "add `api_url`"),
        (with(queue, ""), "has no `queues`", "[systems.rt.queues.\"*\"]"),
        (with("service = \"PSERVICE\"", "colour = 1"), "unknown key `colour` in [systems.rt.queues.*]", "known here"),
        (
            with("service = \"PSERVICE\"", ""),
            "the queue `*` has no PagerDuty service",
            "add `service_id` to [systems.pagerduty]",
        ),
        (with("service = \"PSERVICE\"", "service = \"P\"\nresolved = \"done\""), "`done` for `resolved`", "`inactive`"),
        (
            with("service = \"PSERVICE\"", "service = \"P\"\nacknowledged = \"busy\""),
            "`busy` for `acknowledged`",
            "`active`",
        ),
        (
            with("kind = \"rt\"", "kind = \"rt\"\nnotes = \"mail\""),
            "`notes` cannot be \"mail\"",
            "\"comment\" or \"reply\"",
        ),
        (
            with("kind = \"rt\"", "kind = \"rt\"\nrejected = \"drop\""),
            "`rejected` cannot be \"drop\"",
            "\"resolve\" or \"ignore\"",
        ),
        (with("kind = \"rt\"", "kind = \"rt\"\ninterval_s = 1"), "`interval_s` is out of range", "2 to 3600"),
        (
            with("kind = \"rt\"", "kind = \"rt\"\npriorities = [{ urgency = \"high\" }]"),
            "a priority has no `number`",
            "add `number`",
        ),
        (
            with("rt = \"rt\"", "rt = \"pagerduty\""),
            "`pagerduty` is of kind pagerduty, and rt is needed",
            "another system",
        ),
        (with("rt = \"rt\"\n", ""), "does not say which system is its `rt`", "add `rt = \"NAME\"`"),
        (with("rt = \"rt\"", "opsgenie = \"rt\""), "unknown key `opsgenie`", "known here"),
        (
            with("[systems.rt.services.PSERVICE]\ncreate_queue = \"Incidents\"\n", ""),
            "maps no `services`",
            "create_queue",
        ),
        (
            format!("{RT}[bridges.rules.rt-to-pagerduty]\nupdated = \"note\"\n"),
            "`updated` cannot be \"note\"",
            "\"status\"",
        ),
    ];
    for (text, says, remedy) in table {
        let told = told(&text);
        assert!(told.contains(says) && told.contains(remedy) && told.contains("pagebridge.toml:"), "{says}: {told}");
    }
}

#[test]
fn an_account_without_an_rt_still_needs_its_service() {
    let text = super::GOOD.replace("service_id = \"PSERVICE\"\n", "");
    assert!(told(&text).contains("[systems.pagerduty] has no `service_id`"));
    assert!(env().get("KEY").is_some());
}

#[test]
fn the_example_is_accepted() {
    let text = include_str!("../../../../../examples/rt.toml");
    let names = [
        ("RT_URL", "http://127.0.0.1:8080/REST/2.0"),
        ("RT_TOKEN", "1-14-abc"),
        ("RT_QUEUE", "Incidents"),
        ("PAGERDUTY_API_TOKEN", "t"),
        ("PAGERDUTY_FROM", "b@example.com"),
        ("PAGERDUTY_SERVICE_ID", "P1"),
        ("PAGERDUTY_WEBHOOK_SECRET", "s"),
    ];
    let env = crate::env::Env::of(&names);
    let loaded = crate::config::load::from_text(
        "rt.toml",
        text.to_owned(),
        &crate::config::Overrides::default(),
        &env,
        crate::config::Findings::default(),
    );
    assert_eq!(loaded.findings.render("rt.toml", text, false).trim(), "");
    let config = loaded.config.expect("accepted");
    assert!(rt(&config).queue("Incidents").is_some() && rt(&config).queue("Other").is_none());
}
