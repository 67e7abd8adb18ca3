//! E-mail.

use super::mail_server::{MailServer, Manners};
use super::{NOW, is_delivered, news, operator, reason, results};
use pagebridge_connectors::Secret;
use pagebridge_connectors::operator::smtp::{Login, Security, Settings};
use pagebridge_ports::{CheckResult, Operator as _};

/// `\0bridge\0s3cret` in base64, as RFC 4616 has it.
const LOGIN: &str = "AGJyaWRnZQBzM2NyZXQ=";

pub(super) fn plain(port: u16, to: &[&str]) -> Settings {
    Settings {
        server: "localhost".to_owned(),
        port,
        security: Security::Plain,
        login: None,
        from: "Bridge <bridge@example.com>".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        ca: None,
        connect_timeout_ms: 5_000,
        timeout_ms: 20_000,
    }
}

fn secure(server: &MailServer, security: Security) -> Settings {
    let login = Login { user: "bridge".to_owned(), password: Secret::new("s3cret") };
    Settings {
        security,
        login: Some(login),
        ca: Some(server.ca.clone()),
        ..plain(server.port, &["ops@example.com", "Night Shift <night@example.com>"])
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_meant() {
    let server = MailServer::start(Manners::default()).await;
    let operator = operator(Some(plain(server.port, &["ops@example.com"])), Vec::new());
    assert!(is_delivered(&operator.tell(&news("Größe von /var\r\nBcc: all@example.com\r\n\r\n.")).await));
    let mails = server.taken();
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(
        (mail.from.as_str(), mail.to.join(" ")),
        ("MAIL FROM:<bridge@example.com>", "RCPT TO:<ops@example.com>".into())
    );
    assert!(mail.text.is_ascii(), "{}", mail.text);
    let (head, body) = mail.text.split_once("\r\n\r\n").expect("head and body");
    assert!(!head.contains("\r\nBcc") && !body.contains("\nBcc"), "{}", mail.text);
    insta::assert_snapshot!(mail.text.replace('\r', ""));
}

#[tokio::test]
async fn a_repeat_has_the_id_of_the_first() {
    let server = MailServer::start(Manners::default()).await;
    let operator = operator(Some(plain(server.port, &["ops@example.com"])), Vec::new());
    for _ in 0..2 {
        assert!(is_delivered(&operator.tell(&news("Disk full")).await));
    }
    let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID: ")).map(str::to_owned);
    let ids: Vec<_> = server.taken().iter().map(|mail| id(&mail.text)).collect();
    assert!(ids.len() == 2 && ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test]
async fn the_way_is_secured_and_the_server_lets_in_who_logs_in() {
    for (security, wrapped) in [(Security::Tls, true), (Security::StartTls, false)] {
        let manners = Manners { wrapped, starttls: !wrapped, login: Some(LOGIN), ..Manners::default() };
        let server = MailServer::start(manners).await;
        let operator = operator(Some(secure(&server, security)), Vec::new());
        let checks = operator.check().await;
        let found =
            "the server lets us in as bridge; mail goes from bridge@example.com to ops@example.com, night@example.com";
        assert_eq!(results(&checks), [(CheckResult::Ok, found)]);
        assert!(server.taken().is_empty(), "a check sends nothing");
        assert!(is_delivered(&operator.tell(&news("Disk full")).await), "{security:?}");
        let mails = server.taken();
        let seen: Vec<_> = mails.iter().map(|mail| (mail.is_encrypted, mail.to.len())).collect();
        assert_eq!(seen, [(true, 2)], "{security:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_when_that_is_not_wanted() {
    let server = MailServer::start(Manners { login: Some(LOGIN), ..Manners::default() }).await;
    let operator = operator(Some(secure(&server, Security::StartTls)), Vec::new());
    let reason = reason(operator.tell(&news("Disk full")).await);
    assert!(reason.contains("STARTTLS is not supported"), "{reason}");
    let commands = server.commands();
    assert!(!commands.iter().any(|c| c.starts_with("AUTH") || c.starts_with("MAIL")), "{commands:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = MailServer::start(Manners { starttls: true, login: Some(LOGIN), ..Manners::default() }).await;
    let stranger = MailServer::start(Manners::default()).await;
    for ca in [None, Some(stranger.ca.clone())] {
        let settings = Settings { ca, ..secure(&server, Security::StartTls) };
        let checks = operator(Some(settings), Vec::new()).check().await;
        assert_eq!(checks[0].result, CheckResult::Failed);
        assert!(checks[0].detail.starts_with("no secure connection: "), "{checks:?}");
        assert!(checks[0].remedy.contains("`ca`"), "{checks:?}");
    }
    assert!(!server.commands().iter().any(|c| c.starts_with("AUTH")), "the password was told to a stranger");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let wrong = "535 5.7.8 cannot decode AHBhZ2UA";
    let echo = "535 5.7.8 what is AUTH PLAIN AGJyaWRnZQBzM2NyZXQ=";
    for (rebuff, shown) in [(wrong, "cannot decode"), (echo, "answers 535 and repeats the password")] {
        let manners = Manners { starttls: true, login: Some("another"), rebuff: Some(rebuff), ..Manners::default() };
        let server = MailServer::start(manners).await;
        let operator = operator(Some(secure(&server, Security::StartTls)), Vec::new());
        let checks = operator.check().await;
        assert_eq!(checks[0].result, CheckResult::Failed);
        assert!(checks[0].detail.starts_with("not let in: ") && checks[0].detail.contains(shown), "{checks:?}");
        let told = format!("{checks:?} {} {operator:?}", reason(operator.tell(&news("x")).await));
        assert!(!told.contains("s3cret") && !told.contains(LOGIN), "{told}");
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_it_from_the_others() {
    let server = MailServer::start(Manners { refuses: vec!["gone@"], ..Manners::default() }).await;
    let one_gone = operator(Some(plain(server.port, &["gone@example.com", "ops@example.com"])), Vec::new());
    assert!(is_delivered(&one_gone.tell(&news("Disk full")).await));
    assert_eq!(server.taken()[0].to, ["RCPT TO:<ops@example.com>"]);
    let tested = one_gone.test(NOW).await;
    let detail = "taken for 1 of 2 addresses; refused for gone@example.com: permanent error (550): 5.1.1 nobody here";
    assert_eq!(results(&tested), [(CheckResult::Failed, detail)]);

    let all_gone = operator(Some(plain(server.port, &["gone@example.com"])), Vec::new());
    let reason = reason(all_gone.tell(&news("Disk full")).await);
    assert!(reason.contains("refused for gone@example.com"), "{reason}");
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    for command in ["EHLO", "MAIL", "DATA"] {
        let server = MailServer::start(Manners { hangs_at: Some(command), ..Manners::default() }).await;
        let settings = Settings { timeout_ms: 300, ..plain(server.port, &["ops@example.com"]) };
        let reason = reason(operator(Some(settings), Vec::new()).tell(&news("Disk full")).await);
        assert!(reason.ends_with("no answer within 1 s"), "{command}: {reason}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    let checks = operator(Some(plain(free, &["ops@example.com"])), Vec::new()).check().await;
    assert!(checks[0].detail.starts_with("no connection: "), "{checks:?}");
}

#[test]
fn wrong_settings_are_named() {
    let made = |settings| {
        let settings = pagebridge_connectors::operator::Settings {
            name: String::new(),
            smtp: Some(settings),
            webhooks: Vec::new(),
        };
        pagebridge_connectors::Operator::new(settings).expect_err("they are wrong").to_string()
    };
    let good = || plain(25, &["ops@example.com"]);
    for (settings, named) in [
        (Settings { from: "bridge".to_owned(), ..good() }, "from `bridge`"),
        (Settings { to: vec!["a@b c".to_owned()], ..good() }, "to `a@b c`"),
        (Settings { to: Vec::new(), ..good() }, "to names nobody"),
        (Settings { from: "brücke@example.com\r\nBcc: x@y".to_owned(), ..good() }, "from `"),
        (Settings { ca: Some("none".to_owned()), security: Security::Tls, ..good() }, "ca holds no certificate"),
    ] {
        let told = made(settings);
        assert!(told.starts_with("system `operator`: smtp: ") && told.contains(named), "{told}");
    }
}
