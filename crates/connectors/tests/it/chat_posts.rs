//! Incidents as messages in the look-alikes of Slack, Mattermost and Teams, which know nothing of us.

use crate::support::delivery;
use pagebridge_connectors::mattermost::Buttons;
use pagebridge_connectors::{Mattermost, Secret, Slack, Teams, mattermost, slack, teams};
use pagebridge_core::{Delivery, Outcome, RecordId, RecordRef, Role, Scope, Status, Step};
use pagebridge_core::{NoteId, SystemName};
use pagebridge_ports::{CheckResult, Clock, Connector, SystemClock};
use pagebridge_sandbox::{Config, Effect, Fault, Running, Sandbox, System};
use std::collections::BTreeMap;

use Status::{Acknowledged, Resolved, Triggered};

async fn start() -> Running {
    Sandbox::start(Config::default()).await.expect("free ports")
}

fn slack_of(sandbox: &Running) -> Slack {
    let token = Secret::new(sandbox.slack_bot_token.as_str());
    let usual = slack::Settings::new(SystemName::new("far"), token, &sandbox.slack_channel);
    let api_url = format!("{}/api", sandbox.slack_url);
    Slack::new(slack::Settings { api_url, proxy: false, timeout_ms: 2_000, ..usual }).expect("the settings are valid")
}

fn mattermost_of(sandbox: &Running) -> Mattermost {
    let token = Secret::new(sandbox.mattermost_bot_token.as_str());
    let usual = mattermost::Settings::new(
        SystemName::new("far"),
        &sandbox.mattermost_url,
        token,
        &sandbox.mattermost_channel_id,
    );
    let buttons = Buttons { secret: Secret::new("s"), public_url: "https://bridge.example.com".to_owned() };
    let settings = mattermost::Settings { buttons: Some(buttons), proxy: false, timeout_ms: 2_000, ..usual };
    Mattermost::new(settings).expect("the settings are valid")
}

fn teams_of(sandbox: &Running) -> Teams {
    let usual = teams::Settings::new(SystemName::new("far"), Secret::new(sandbox.teams_workflow_url.as_str()));
    Teams::new(teams::Settings { proxy: false, timeout_ms: 2_000, ..usual }).expect("the settings are valid")
}

fn to_make(status: Status) -> Delivery {
    let page = RecordRef { url: Some("https://acme.pagerduty.com/incidents/Q1".to_owned()), ..RecordRef::id("Q1") };
    let opened_at = SystemClock.now();
    Delivery { role: Role::Post, belongs_to: Some(page), status, opened_at, by: None, ..delivery(Step::Create) }
}

fn to_set(record: &RecordRef, from: Status, to: Status) -> Delivery {
    let step = Step::SetStatus { from: Some(from), to };
    Delivery { step, record: Some(record.clone()), by: Some("Ann (PagerDuty)".to_owned()), ..to_make(to) }
}

fn to_note(record: &RecordRef) -> Delivery {
    Delivery { step: Step::AddNote(NoteId(1)), record: Some(record.clone()), ..to_make(Triggered) }
}

fn made(outcome: Outcome) -> (RecordRef, Status) {
    match outcome {
        Outcome::Delivered { record: Some(record), status: Some(status), .. } => (record, status),
        other => panic!("no message was made: {other:?}"),
    }
}

fn held(outcome: &Outcome) -> Option<Status> {
    match outcome {
        Outcome::Delivered { status, .. } => *status,
        other => panic!("not delivered: {other:?}"),
    }
}

#[tokio::test]
async fn a_slack_message_is_made_once_and_updated_in_place() {
    let sandbox = start().await;
    let slack = slack_of(&sandbox);
    let (record, status) = made(slack.deliver(&to_make(Triggered)).await);
    assert_eq!(status, Triggered);
    assert_eq!(held(&slack.deliver(&to_set(&record, Triggered, Acknowledged)).await), Some(Acknowledged));
    held(&slack.deliver(&to_note(&record)).await);
    assert_eq!(held(&slack.deliver(&to_set(&record, Acknowledged, Resolved)).await), Some(Resolved));
    let all = sandbox.slack().snapshot().messages;
    assert_eq!(all.len(), 2, "{all:?}");
    let text = "Resolved by Ann (PagerDuty): <https://acme.pagerduty.com/incidents/Q1|disk full>";
    assert_eq!((all[0].edits, all[0].text.as_str()), (2, text));
    assert!(!all[0].attachments.to_string().contains("actions"), "the buttons are gone");
    assert_eq!(all[1].thread_ts.as_deref(), Some(all[0].ts.as_str()));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_lost_answer_of_slack_is_read_back_before_anything_is_repeated() {
    let sandbox = start().await;
    let slack = slack_of(&sandbox);
    let lost = Fault::new(System::Slack, Effect::ApplyThenReset).count(1);
    sandbox.add_fault(lost.clone().only("chat.postMessage"));
    assert!(matches!(slack.deliver(&to_make(Triggered)).await, Outcome::Unknown { .. }));
    // The channel is busy meanwhile, beyond one page.
    for number in 0..250 {
        sandbox.slack().say(&format!("m{number}"));
    }
    let again = Delivery { uncertain: true, ..to_make(Acknowledged) };
    let (record, status) = made(slack.deliver(&again).await);
    assert_eq!(status, Triggered, "what it was found to show");
    let count = || sandbox.slack().snapshot().messages.iter().filter(|one| !one.metadata.is_null()).count();
    assert_eq!(count(), 1);

    sandbox.add_fault(lost.only("chat.postMessage"));
    assert!(matches!(slack.deliver(&to_note(&record)).await, Outcome::Unknown { .. }));
    held(&slack.deliver(&Delivery { uncertain: true, ..to_note(&record) }).await);
    assert_eq!(count(), 2, "the message and one reply");

    // The message of an earlier life of the alert is not taken for the new one's.
    let left = Some(RecordId(record.id.0.clone()));
    let (other, _) = made(slack.deliver(&Delivery { left, ..again }).await);
    assert_ne!(other, record);
    let find = Delivery { step: Step::Find, incident: pagebridge_core::IncidentId(99), ..to_make(Triggered) };
    assert_eq!(slack.deliver(&find).await, Outcome::Missing);
    sandbox.stop().await;
}

#[tokio::test]
async fn slack_says_when_to_come_back_and_what_is_set_up_wrong() {
    let sandbox = start().await;
    let slack = slack_of(&sandbox);
    let headers: BTreeMap<String, String> = [("Retry-After".to_owned(), "7".to_owned())].into();
    sandbox.add_fault(Fault::new(System::Slack, Effect::Refuse { status: 429, headers, body: None }).count(1));
    let Outcome::NotApplied { wait_ms, scope, .. } = slack.deliver(&to_make(Triggered)).await else {
        panic!("it is refused")
    };
    assert_eq!((wait_ms, scope), (Some(7_000), Scope::System));
    sandbox.slack().set_member(false);
    let Outcome::NotApplied { scope, reason, .. } = slack.deliver(&to_make(Triggered)).await else {
        panic!("it is refused")
    };
    assert_eq!(scope, Scope::System);
    assert!(reason.contains("invite the bot"), "{reason}");
    sandbox.slack().set_member(true);
    let (record, _) = made(slack.deliver(&to_make(Triggered)).await);
    let ts = sandbox.slack().snapshot().messages[0].ts.clone();
    sandbox.slack().delete(&ts).expect("it is there");
    // Whoever deleted it does not want to see it.
    assert_eq!(held(&slack.deliver(&to_set(&record, Triggered, Resolved)).await), Some(Resolved));
    assert!(sandbox.slack().snapshot().messages.is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_mattermost_post_is_made_once_and_updated_in_place() {
    let sandbox = start().await;
    let mattermost = mattermost_of(&sandbox);
    let lost = Fault::new(System::Mattermost, Effect::ApplyThenReset).count(1);
    sandbox.add_fault(lost.clone().only("POST /api/v4/posts"));
    assert!(matches!(mattermost.deliver(&to_make(Triggered)).await, Outcome::Unknown { .. }));
    sandbox.mattermost().say("something else");
    let (record, _) = made(mattermost.deliver(&Delivery { uncertain: true, ..to_make(Triggered) }).await);
    assert!(record.url.as_deref().is_some_and(|url| url.ends_with(&format!("/_redirect/pl/{}", record.id))));
    held(&mattermost.deliver(&to_set(&record, Triggered, Acknowledged)).await);
    sandbox.add_fault(lost.only("POST /api/v4/posts"));
    assert!(matches!(mattermost.deliver(&to_note(&record)).await, Outcome::Unknown { .. }));
    held(&mattermost.deliver(&Delivery { uncertain: true, ..to_note(&record) }).await);
    held(&mattermost.deliver(&to_set(&record, Acknowledged, Resolved)).await);
    let posts = sandbox.mattermost().snapshot().posts;
    assert_eq!(posts.len(), 3, "ours, a person's, and one reply");
    assert_eq!((posts[0].edits, posts[2].root_id.as_str()), (2, posts[0].id.as_str()));
    let attachment = &posts[0].props["attachments"][0];
    assert!(attachment["text"].as_str().is_some_and(|text| text.starts_with("Resolved by Ann")), "{attachment}");
    assert!(attachment.get("actions").is_none(), "the buttons are gone");
    sandbox.mattermost().delete(&record.id.0).expect("it is there");
    held(&mattermost.deliver(&to_note(&record)).await);
    assert_eq!(held(&mattermost.deliver(&to_set(&record, Resolved, Triggered)).await), Some(Triggered));
    assert_eq!(sandbox.mattermost().snapshot().posts.len(), 3, "what was deleted is not made again");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_mattermost_button_says_what_is_meant_and_proves_it() {
    let sandbox = start().await;
    made(mattermost_of(&sandbox).deliver(&to_make(Triggered)).await);
    let post = &sandbox.mattermost().snapshot().posts[0];
    let action = &post.props["attachments"][0]["actions"][0];
    assert_eq!(action["id"], "pback");
    assert_eq!(action["integration"]["url"], "https://bridge.example.com/chat/mattermost/buttons");
    assert_eq!(action["integration"]["context"]["incident"], "Q1");
    assert_eq!(action["integration"]["context"]["mac"].as_str().map(str::len), Some(64));
    sandbox.stop().await;
}

#[tokio::test]
async fn teams_gets_a_card_for_each_change_and_at_most_one_twice() {
    let sandbox = start().await;
    let teams = teams_of(&sandbox);
    let lost = || Fault::new(System::Teams, Effect::ApplyThenReset).count(1);
    sandbox.add_fault(lost());
    assert!(matches!(teams.deliver(&to_make(Triggered)).await, Outcome::Unknown { .. }));
    sandbox.add_fault(lost());
    let (record, _) = made(teams.deliver(&Delivery { uncertain: true, ..to_make(Triggered) }).await);
    assert_eq!(sandbox.teams().snapshot().cards.len(), 2);
    sandbox.add_fault(lost());
    assert_eq!(held(&teams.deliver(&to_set(&record, Triggered, Acknowledged)).await), Some(Acknowledged));
    held(&teams.deliver(&to_note(&record)).await);
    let again = Delivery { step: Step::Update { retold: 1 }, ..to_set(&record, Triggered, Acknowledged) };
    held(&teams.deliver(&again).await);
    let cards = sandbox.teams().snapshot().cards;
    assert_eq!(cards.len(), 4, "twice, acknowledged, a note");
    assert!(cards[1].content.to_string().contains("may be here twice"));
    let refuse = Effect::Refuse { status: 503, headers: BTreeMap::new(), body: None };
    sandbox.add_fault(Fault::new(System::Teams, refuse).count(1));
    let refused = teams.deliver(&to_set(&record, Acknowledged, Resolved)).await;
    assert!(matches!(refused, Outcome::NotApplied { .. }), "{refused:?}");
    sandbox.stop().await;
}

#[tokio::test]
async fn doctor_names_what_is_wrong_and_the_remedy() {
    let sandbox = start().await;
    let (slack, mattermost, teams) = (slack_of(&sandbox), mattermost_of(&sandbox), teams_of(&sandbox));
    for all in [slack.check().await, mattermost.check().await, teams.check().await] {
        assert!(all.iter().all(|check| check.result == CheckResult::Ok), "{all:?}");
    }
    sandbox.slack().set_member(false);
    sandbox.mattermost().set_member(false);
    for (all, remedy) in [(slack.check().await, "invite"), (mattermost.check().await, "add the bot")] {
        let last = all.last().expect("checks");
        assert_eq!(last.result, CheckResult::Failed, "{all:?}");
        assert!(last.remedy.contains(remedy), "{last:?}");
    }
    let wrong = slack::Settings::new(SystemName::new("far"), Secret::new("xoxb-wrong"), &sandbox.slack_channel);
    let api_url = format!("{}/api", sandbox.slack_url);
    let wrong = Slack::new(slack::Settings { api_url, proxy: false, ..wrong }).expect("it is well formed");
    let all = wrong.check().await;
    assert_eq!((all.len(), all[0].result), (1, CheckResult::Failed));
    assert!(all[0].remedy.contains("bot_token") && !format!("{all:?}").contains("xoxb-wrong"), "{all:?}");
    sandbox.stop().await;
}

#[test]
fn a_setting_that_cannot_be_is_named_without_its_secret() {
    let far = || SystemName::new("far");
    let error = Slack::new(slack::Settings::new(far(), Secret::new("x"), "#incidents")).expect_err("a name");
    assert!(error.problem.contains("channel must be the channel's id"), "{error}");
    let error = Teams::new(teams::Settings::new(far(), Secret::new("sig-secret"))).expect_err("no address");
    assert!(error.problem.contains("workflow_url") && !error.problem.contains("sig-secret"), "{error}");
    let settings = mattermost::Settings::new(far(), "https://chat.example.com", Secret::new("x"), "town-square");
    assert!(Mattermost::new(settings).expect_err("a name").problem.contains("channel_id"));
}
