//! `[operator]`, and its variables in drop-in mode.

use super::{GOOD, Overrides, drop_in, good, read, told, warnings};
use crate::config::{Config, Security};

fn told_by(config: &Config) -> String {
    let operator = &config.operator;
    let mail = operator.smtp.as_ref().map(|s| {
        let login = s.login.as_ref().map(|(user, password)| format!("{user}:{} ", password.expose()));
        let (login, to) = (login.unwrap_or_default(), s.to.join(" "));
        format!("{login}{}:{} {:?} {} to {to} {:?}", s.server, s.port, s.security, s.from, s.ca)
    });
    let hooks = operator.webhooks.iter().map(|w| format!("{} {}", w.url.expose(), w.secret.expose()));
    mail.into_iter().chain(hooks).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_word_pages_are_watched_and_only_the_log_tells() {
    let operator = good(GOOD).operator;
    assert_eq!((operator.confirm_within_ms, operator.remind_ms), (300_000, 3_600_000));
    assert_eq!((operator.name.as_str(), operator.smtp.is_none(), operator.webhooks.len()), ("Pagebridge", true, 0));
}

#[test]
fn everything_about_the_operator_can_be_said() {
    let text = format!(
        r#"{GOOD}
[operator]
name = "Bridge of the north"
confirm_within_s = 0
remind_s = 600
[operator.smtp]
server = "mail.example.com"
port = 2525
security = "tls"
user = "bridge"
password = {{ env = "SECRET" }}
from = "Bridge <bridge@example.com>"
to = ["ops@example.com", {{ env = "NONE", default = "a@example.com, b@example.com" }}]
ca = "PEM"
[[operator.webhooks]]
url = "https://hooks.example.com/a?token=t"
secret = {{ env = "SECRET" }}
[[operator.webhooks]]
url = {{ env = "NONE", default = "http://127.0.0.1:9/b" }}
secret = {{ env = "KEY" }}
"#
    );
    let loaded = read(&text);
    assert_eq!(warnings(&loaded), Vec::<&str>::new());
    let config = good(&text);
    assert_eq!(config.operator.name, "Bridge of the north");
    assert_eq!((config.operator.confirm_within_ms, config.operator.remind_ms), (0, 600_000));
    insta::assert_snapshot!(told_by(&config), @r#"
    bridge:s-1 mail.example.com:2525 Tls Bridge <bridge@example.com> to ops@example.com a@example.com b@example.com Some("PEM")
    https://hooks.example.com/a?token=t s-1
    http://127.0.0.1:9/b k-1
    "#);
}

#[test]
fn the_way_to_the_mail_server_is_secret_unless_it_is_short_or_said_otherwise() {
    for (server, more, security, port) in [
        ("mail.example.com", "", Security::StartTls, 587),
        ("mail.example.com", "security = \"tls\"", Security::Tls, 465),
        ("localhost", "security = \"none\"", Security::None, 25),
        ("127.0.0.1", "security = \"none\"\nport = 2525", Security::None, 2525),
        ("mail.example.com", "security = \"none\"\ninsecure = true", Security::None, 25),
    ] {
        let text = format!(
            "{GOOD}\n[operator.smtp]\nserver = \"{server}\"\nfrom = \"a@b.example\"\nto = \"c@d.example\"\n{more}"
        );
        let smtp = good(&text).operator.smtp.expect("e-mail");
        assert_eq!((smtp.security, smtp.port), (security, port), "{server} {more}");
    }
}

#[test]
fn everything_wrong_about_the_operator_is_told_at_once() {
    let text = format!(
        r#"{GOOD}
[systems.operator]
kind = "pagerduty"
api_token = {{ env = "TOKEN" }}
from = "bridge@example.com"
service_id = "PSERVICE"
webhook_secrets = {{ env = "SECRET" }}

[operator]
remind_s = 1
telephone = "555"
[operator.smtp]
server = "mail.example.com"
security = "none"
user = "bridge"
pasword = "s3cret"
from = "bridge"
to = ["ops@example.com", "ops", "größe@example.com"]
[[operator.webhooks]]
url = "ftp://hooks.example.com/s3cret"
[[operator.webhooks]]
url = "http://hooks.example.com/s3cret"
secret = "s3cret"
"#
    );
    let told = told(&text);
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn one_webhook_is_written_as_a_list_too() {
    let told =
        told(&format!("{GOOD}\n[operator.webhooks]\nurl = \"https://s3cret.example.com\"\nsecret = \"s3cret\"\n"));
    assert!(told.contains("a list of tables `[[operator.webhooks]]` is expected"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn variables_are_enough_in_drop_in_mode() {
    let loaded = drop_in(
        &[
            ("PAGERDUTY_WEBHOOK_SECRET", "s-1"),
            ("PAGEBRIDGE_OPERATOR_WEBHOOK_URL", "https://hooks.example.com/a"),
            ("PAGEBRIDGE_OPERATOR_WEBHOOK_SECRET", "h-1"),
            ("PAGEBRIDGE_OPERATOR_SMTP_SERVER", "mail.example.com"),
            ("PAGEBRIDGE_OPERATOR_SMTP_FROM", "bridge@example.com"),
            ("PAGEBRIDGE_OPERATOR_SMTP_TO", "ops@example.com,night@example.com"),
            ("PAGEBRIDGE_OPERATOR_SMTP_USER", "bridge"),
            ("PAGEBRIDGE_OPERATOR_SMTP_PASSWORD", "p-1"),
            ("PAGEBRIDGE_OPERATOR_SMTP_PORT", "465"),
            ("PAGEBRIDGE_OPERATOR_SMTP_SECURITY", "tls"),
        ],
        &Overrides::default(),
    );
    assert_eq!(warnings(&loaded), Vec::<&str>::new());
    let config = loaded.config.expect("a configuration");
    insta::assert_snapshot!(told_by(&config), @r"
    bridge:p-1 mail.example.com:465 Tls bridge@example.com to ops@example.com night@example.com None
    https://hooks.example.com/a h-1
    ");
    let shown = format!("{config:?}");
    assert!(!shown.contains("p-1") && !shown.contains("h-1") && !shown.contains("hooks.example.com"), "{shown}");
}

#[test]
fn variables_that_lack_others_are_named() {
    let loaded = drop_in(
        &[
            ("PAGERDUTY_WEBHOOK_SECRET", "s-1"),
            ("PAGEBRIDGE_OPERATOR_WEBHOOK_URL", "s3cret"),
            ("PAGEBRIDGE_OPERATOR_SMTP_SERVER", "mail.example.com"),
            ("PAGEBRIDGE_OPERATOR_SMTP_USER", "bridge"),
            ("PAGEBRIDGE_OPERATOR_SMTP_PORT", "x"),
            ("PAGEBRIDGE_OPERATOR_SMTP_SECURITY", "ssl"),
            ("PAGEBRIDGE_OPERATOR_SMTP_FROM", "nobody"),
        ],
        &Overrides::default(),
    );
    assert!(loaded.config.is_none());
    let told = loaded.findings.render(&loaded.path, &loaded.source, false);
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}
