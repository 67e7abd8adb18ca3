//! Telling the operator: against mail servers and receivers of webhooks that really listen.

mod hook;
mod mail_server;
mod smtp;

use pagebridge_connectors::{Operator, operator};
use pagebridge_core::{IncidentId, Outcome, Timestamp, Urgency};
use pagebridge_ports::{Alarm, AlarmState, Check, CheckResult, Operator as _, OperatorNews};

/// Noon of a day in 2026.
const NOW: Timestamp = Timestamp(1_795_521_600_000);

fn news(title: &str) -> OperatorNews {
    let alarm = Alarm {
        incident: IncidentId(12),
        number: 1,
        title: title.to_owned(),
        urgency: Urgency::High,
        reason: "no page is known to exist 300 s after it was accepted".to_owned(),
        since: NOW.plus_ms(-300_000),
        state: AlarmState::New,
    };
    OperatorNews { alarms: vec![alarm], more: 0, at: NOW }
}

fn operator(smtp: Option<operator::smtp::Settings>, webhooks: Vec<operator::hook::Settings>) -> Operator {
    let settings = operator::Settings { name: "Pagebridge".to_owned(), smtp, webhooks };
    Operator::new(settings).expect("settings that fit")
}

fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered { record: None, .. })
}

/// Why nobody took it.
fn reason(outcome: Outcome) -> String {
    match outcome {
        Outcome::NotApplied { wait_ms: None, reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn results(checks: &[Check]) -> Vec<(CheckResult, &str)> {
    checks.iter().map(|check| (check.result, check.detail.as_str())).collect()
}

#[tokio::test]
async fn without_channels_the_log_is_enough_and_the_check_says_so() {
    let operator = operator(None, Vec::new());
    assert!(is_delivered(&operator.tell(&news("Disk full")).await));
    let checks = operator.check().await;
    assert_eq!(
        results(&checks),
        [(CheckResult::Warning, "there are none: when paging does not work, only the log says so")]
    );
    assert!(operator.test(NOW).await.is_empty());
}

#[tokio::test]
async fn one_channel_is_enough_and_without_any_all_are_named() {
    let server = mail_server::MailServer::start(mail_server::Manners::default()).await;
    let receiver = hook::Receiver::answers(500).await;
    let mail = || smtp::plain(server.port, &["ops@example.com"]);
    let told = operator(Some(mail()), vec![receiver.settings()]);
    assert!(is_delivered(&told.tell(&news("Disk full")).await));
    assert_eq!((server.taken().len(), receiver.calls().len()), (1, 1));

    let broken = operator::smtp::Settings { security: operator::smtp::Security::StartTls, ..mail() };
    let reason = reason(operator(Some(broken), vec![receiver.settings()]).tell(&news("Disk full")).await);
    assert!(reason.contains("e-mail by localhost:") && reason.contains("STARTTLS"), "{reason}");
    assert!(reason.contains("webhook to 127.0.0.1: answered 500"), "{reason}");
}
