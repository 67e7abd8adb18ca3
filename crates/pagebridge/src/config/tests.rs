//! What is accepted, and how what is wrong is told.

mod access;
mod chat;
mod mcp;
mod netbox;
mod operator;
mod posts;
mod rt;

use super::findings::Findings;
use super::load::{Loaded, Overrides, from_text, load};
use super::{Config, StoreAddress};
use crate::env::Env;
use pagebridge_core::{Cell, ChangeKind, SystemName};

const GOOD: &str = r#"
[systems.opsgenie]
kind = "opsgenie"
api_key = { env = "KEY" }
integration_id = "i-1"

[systems.pagerduty]
kind = "pagerduty"
api_token = { env = "TOKEN" }
from = "bridge@example.com"
service_id = "PSERVICE"
webhook_secrets = [{ env = "SECRET" }, { env = "OLD_SECRET", default = "old" }]

[[bridges]]
preset = "opsgenie-proxy"
opsgenie = "opsgenie"
pagerduty = "pagerduty"
"#;

fn env() -> Env {
    Env::of(&[("KEY", "k-1"), ("TOKEN", "t-1"), ("SECRET", "s-1")])
}

fn read(text: &str) -> Loaded {
    from_text("pagebridge.toml", text.to_owned(), &Overrides::default(), &env(), Findings::default())
}

fn told(text: &str) -> String {
    let loaded = read(text);
    loaded.findings.render(&loaded.path, &loaded.source, false)
}

fn good(text: &str) -> Config {
    let loaded = read(text);
    let told = loaded.findings.render(&loaded.path, &loaded.source, false);
    loaded.config.unwrap_or_else(|| panic!("{told}"))
}

#[test]
fn a_small_file_is_enough() {
    let config = good(GOOD);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.shown(), "sqlite:pagebridge.db");
    assert_eq!((config.poll.interval_ms, config.backoff.cap_ms, config.stop_ms), (60_000, 60_000, 10_000));
    let paths: Vec<_> = config.systems.iter().map(|s| (s.name.as_str(), s.paths.join(" "))).collect();
    assert_eq!(paths, [("opsgenie", "/ops-webhook".into()), ("pagerduty", "/pd-webhook".into())]);
    let secrets: Vec<_> = config.systems[1].webhook_secrets.iter().map(|s| s.expose().to_owned()).collect();
    assert_eq!(secrets, ["s-1", "old"]);
    assert_eq!(config.bridges[0].name.as_str(), "opsgenie-proxy");
}

#[test]
fn profiles_are_looked_at_without_their_secrets() {
    let text = format!(
        "{GOOD}[profiles.mine]\napi_token = {{ env = \"NOT_SET_HERE\" }}\napi_url = \"http://pd.example.com\"\n\
         [profiles.open]\nrouting_key = \"s3cret\"\nregion = \"eu\"\n"
    );
    assert_eq!(good(&text).systems.len(), 2);
    let told = told(&text);
    assert!(told.contains("a secret stands in the configuration file") && told.contains("is not encrypted"), "{told}");
    assert!(!told.contains("NOT_SET_HERE") && !told.contains("s3cret"), "{told}");
    assert!(read(&text.replace("\"http://pd.example.com\"", "\"nowhere\"")).findings.has_errors());
}

#[test]
fn everything_can_be_said() {
    let text = format!(
        r#"
listen = "0.0.0.0:9000"
store = "postgres://bridge:s3cret@db/bridge"
instance = "k3x9"
server.api_token = {{ env = "TOKEN" }}
polling = {{ interval_s = 30, quiet_s = 300, linger_s = 0 }}
delivery = {{ first_wait_s = 2, longest_wait_s = 90, unanswered_wait_s = 8, stop_s = 3 }}
{GOOD}
name = "support"
[bridges.rules.opsgenie-to-pagerduty]
resolved = "both"
reopened = "status"
[bridges.rules.pagerduty-to-opsgenie]
resolved = "status"
noted = "ignore"
"#
    );
    let config = good(&text);
    assert_eq!(config.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(config.store.shown(), "postgres://***@db/bridge");
    assert_eq!((config.poll.interval_ms, config.poll.quiet_ms, config.poll.linger_ms), (30_000, 300_000, 0));
    assert_eq!((config.backoff.first_ms, config.backoff.cap_ms, config.backoff.unanswered_ms), (2_000, 90_000, 8_000));
    assert_eq!((config.stop_ms, config.instance.as_str(), config.api_token.is_some()), (3_000, "k3x9", true));
    let (bridge, o, p) = (&config.bridges[0], SystemName::new("opsgenie"), SystemName::new("pagerduty"));
    assert_eq!(bridge.name.as_str(), "support");
    assert_eq!(bridge.cell(&o, &p, ChangeKind::Resolved), Cell::BOTH);
    assert_eq!(bridge.cell(&o, &p, ChangeKind::Reopened), Cell::STATUS);
    assert_eq!(bridge.cell(&o, &p, ChangeKind::Acknowledged), Cell::BOTH, "the preset's");
    assert_eq!(bridge.cell(&p, &o, ChangeKind::Resolved), Cell::STATUS);
    assert_eq!(bridge.cell(&p, &o, ChangeKind::Noted), Cell::IGNORE);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = r#"lisen = "127.0.0.1:8080"
listen = "port 8080"
store = "mysql://root:s3cret@db"

[polling]
interval_s = 0
quiet_s = "ten minutes"

[systems.opsgenie]
kind = "opsgenie"
api_key = { env = "OPSGENIE_KEY" }
integration_idd = "i-1"
api_url = "ftp://s3cret@example.com"

[systems.PagerDuty]
kind = "pagerduty"
api_token = "s3cret"
api_tokn = "s3cret"
from = { file = "no/such/file" }
paths = ["pd-webhook", "/api/x"]

[systems.jira]
kind = "jira"
queue = "General"

[[bridges]]
preset = "opsgenie-proxi"
opsgenie = "opsgeni"
pagerduty = "opsgenie"
[bridges.rules.opsgenie-to-pagerduty]
resolved = "close"
[bridges.rules.opsgenie-to-rt]
resolved = "status"
"#;
    let told = told(text);
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let told = told("listen = \nstore = \"a\nserver = { api_token = \"s3cret\n[systems.a\napi_key = s3cret\n");
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn an_inline_secret_and_an_unsigned_webhook_are_worth_a_word() {
    let text = GOOD
        .replace(
            "webhook_secrets = [{ env = \"SECRET\" }, { env = \"OLD_SECRET\", default = \"old\" }]",
            "insecure_webhooks = true",
        )
        .replace("{ env = \"KEY\" }", "\"s3cret\"")
        .replace("kind = \"opsgenie\"", "kind = \"opsgenie\"\napi_url = \"http://opsgenie.example.com\"");
    assert!(read(&text).config.is_some());
    let told = told(&text);
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn programs_get_lines_and_columns() {
    let loaded = read("lisen = 1\n[server]\nport = 1\n");
    let findings = loaded.findings.json(&loaded.source);
    assert_eq!((&findings[0]["line"], &findings[0]["column"]), (&1.into(), &1.into()));
    assert_eq!((&findings[1]["line"], &findings[1]["message"]), (&3.into(), &"unknown key `port` in [server]".into()));
    assert!(findings[2]["line"].is_null());
}

const OLD: [(&str, &str); 5] = [
    ("PAGERDUTY_API_KEY", "t-1"),
    ("PAGERDUTY_SERVICE_ID", "PSERVICE"),
    ("PAGERDUTY_EMAIL", "bridge@example.com"),
    ("OPSGENIE_API_KEY", "k-1"),
    ("OPSGENIE_INTEGRATION_ID", "i-1"),
];

fn drop_in(more: &[(&str, &str)], over: &Overrides) -> Loaded {
    load(over, &Env::of(&[&OLD[..], more].concat()))
}

fn warnings(loaded: &Loaded) -> Vec<&str> {
    loaded.findings.list.iter().map(|f| f.message.as_str()).collect()
}

#[test]
fn the_old_variables_are_enough() {
    let loaded = drop_in(&[("PAGERDUTY_WEBHOOK_SECRET", "s-1")], &Overrides::default());
    assert_eq!(warnings(&loaded), Vec::<&str>::new());
    let config = loaded.config.expect("a configuration");
    assert_eq!(
        (config.listen.to_string().as_str(), config.store.shown().as_str()),
        ("127.0.0.1:5001", "sqlite:pagebridge.db")
    );
    let seen: Vec<_> = config.systems.iter().map(|s| (s.api_url.as_str(), s.paths.join(" "))).collect();
    let wanted =
        [("https://api.opsgenie.com", "/ops-webhook".into()), ("https://api.pagerduty.com", "/pd-webhook".into())];
    assert_eq!(seen, wanted);
}

#[test]
fn addresses_are_overridden_by_the_environment_and_that_by_the_command_line() {
    let (none, both) = (
        Overrides::default(),
        Overrides { listen: Some("127.0.0.1:3".into()), store: Some("sqlite:c.db".into()), config: None },
    );
    let env = [("PAGEBRIDGE_LISTEN", "localhost:2"), ("PAGEBRIDGE_STORE", "sqlite:b.db")];
    for (over, env, listen, store) in [
        (&none, &[][..], "127.0.0.1:5001", "sqlite:pagebridge.db"),
        (&none, &env[..], "127.0.0.1:2", "sqlite:b.db"),
        (&both, &env[..], "127.0.0.1:3", "sqlite:c.db"),
    ] {
        let config = drop_in(env, over).config.expect("a configuration");
        assert_eq!((config.listen.to_string().as_str(), config.store.shown().as_str()), (listen, store));
    }
    let stand_ins = [("PAGERDUTY_API_URL", "http://127.0.0.1:1/pd"), ("OPSGENIE_API_URL", "http://127.0.0.1:1/og")];
    let config = drop_in(&stand_ins, &none).config.expect("a configuration");
    let urls: Vec<_> = config.systems.iter().map(|s| s.api_url.as_str()).collect();
    assert_eq!(urls, ["http://127.0.0.1:1/og", "http://127.0.0.1:1/pd"]);
}

#[test]
fn unsigned_webhooks_are_taken_only_as_documented_and_never_silently() {
    for (more, insecure) in [
        (&[("PAGERDUTY_WEBHOOK_SECRET", "s-1")][..], false),
        (&[("PAGERDUTY_WEBHOOK_SECRET", "s-1"), ("PAGEBRIDGE_INSECURE_WEBHOOKS", "0")], false),
        (&[("PAGERDUTY_WEBHOOK_SECRET", "s-1"), ("PAGEBRIDGE_INSECURE_WEBHOOKS", "1")], true),
        (&[], true),
    ] {
        let loaded = drop_in(more, &Overrides::default());
        assert_eq!(loaded.findings.list.len(), usize::from(insecure), "{more:?}");
        let config = loaded.config.expect("a configuration");
        let super::Kind::PagerDuty(pagerduty) = &config.systems[1].kind else { panic!("the second is PagerDuty") };
        assert_eq!(pagerduty.insecure_webhooks, insecure, "{more:?}");
    }
}

#[test]
fn missing_variables_are_named_all_at_once() {
    let loaded =
        load(&Overrides::default(), &Env::of(&[("OPSGENIE_API_KEY", "k-1"), ("PAGERDUTY_EMAIL", "a@example.com")]));
    assert!(loaded.config.is_none());
    let told = loaded.findings.render(&loaded.path, &loaded.source, false);
    for name in ["PAGERDUTY_API_KEY", "PAGERDUTY_SERVICE_ID", "OPSGENIE_INTEGRATION_ID"] {
        assert!(told.contains(&format!("error: {name} is not set")), "{told}");
    }
    let nothing = load(&Overrides::default(), &Env::default());
    assert!(nothing.config.is_none() && warnings(&nothing)[0].starts_with("there is no configuration"));
}

#[test]
fn secrets_do_not_show_in_debug() {
    let loaded = drop_in(
        &[("PAGERDUTY_WEBHOOK_SECRET", "s3cret"), ("PAGEBRIDGE_STORE", "postgres://u:s3cret@h/d")],
        &Overrides::default(),
    );
    let config = loaded.config.expect("a configuration");
    assert!(matches!(config.store, StoreAddress::Postgres(_)));
    let shown = format!("{config:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t-1") && !shown.contains("k-1"), "{shown}");
}

#[test]
fn the_address_of_a_store_is_shown_without_its_password() {
    for (url, shown) in [
        ("postgres://u:s3cret@h:5432/d", "postgres://***@h:5432/d"),
        ("postgres://u:s3c@ret@h/d?sslmode=disable", "postgres://***@h/d"),
        ("postgres://h/d?user=u&password=s3cret@", "postgres://***"),
        ("postgres:///d", "postgres://***"),
    ] {
        assert_eq!(StoreAddress::Postgres(pagerduty::Secret::new(url)).shown(), shown);
    }
}

#[test]
fn a_bridge_that_makes_its_own_subscription_needs_no_secret() {
    let secrets = r#"webhook_secrets = [{ env = "SECRET" }, { env = "OLD_SECRET", default = "old" }]"#;
    let with = |url: &str| GOOD.replace(secrets, &format!("webhook_url = \"{url}\""));
    let config = good(&with("https://bridge.example.com/hooks/pagerduty"));
    let super::Kind::PagerDuty(own) = &config.systems[1].kind else { panic!("the second one") };
    assert_eq!(own.webhook_url.as_deref(), Some("https://bridge.example.com/hooks/pagerduty"));
    assert_eq!(told(&with("https://bridge.example.com/pd-webhook")).trim(), "");
    let elsewhere = told(&with("https://bridge.example.com/pagerduty"));
    assert!(
        elsewhere.contains("where pagerduty is not heard") && elsewhere.contains("`/hooks/pagerduty`"),
        "{elsewhere}"
    );
    let clear = told(&with("http://bridge.example.com/pd-webhook"));
    assert!(clear.contains("not encrypted"), "{clear}");
    let wrong = told(&with("bridge.example.com"));
    assert!(wrong.contains("not an address for webhooks"), "{wrong}");
    let neither = told(&GOOD.replace(secrets, ""));
    assert!(neither.contains("has no `webhook_secrets`") && neither.contains("`webhook_url`"), "{neither}");
}
