//! Channels in chats, and the bridge that shows incidents there.

use super::{good, told};
use crate::config::{Kind, posts_of, services_of};
use pagebridge_connectors::pagerduty::Opens;
use pagebridge_core::{Cell, ChangeKind, Role, SystemName};

const CHAT: &str = r#"
[systems.pagerduty]
kind = "pagerduty"
api_token = { env = "TOKEN" }
from = "bridge@example.com"
service_id = "PSERVICE"
webhook_secrets = { env = "SECRET" }

[systems.slack]
kind = "slack"
bot_token = { env = "TOKEN" }
channel = "C0123456789"

[systems.mattermost]
kind = "mattermost"
api_url = "https://chat.example.com"
bot_token = { env = "TOKEN" }
channel_id = "abcdefghijklmnopqrstuvwxyz"
button_secret = { env = "SECRET" }
public_url = "https://bridge.example.com"

[systems.teams]
kind = "teams"
workflow_url = { env = "KEY" }

[[bridges]]
preset = "chat"
pagerduty = "pagerduty"
channels = ["slack", "mattermost", "teams"]
"#;

const OPSGENIE: &str = r#"
[systems.opsgenie]
kind = "opsgenie"
api_key = { env = "KEY" }
integration_id = "I-1"

[[bridges]]
preset = "opsgenie-proxy"
opsgenie = "opsgenie"
pagerduty = "pagerduty"
"#;

fn with(old: &str, new: &str) -> String {
    assert!(CHAT.contains(old), "{old}");
    CHAT.replacen(old, new, 1)
}

#[test]
fn incidents_that_nobody_carries_are_shown() {
    assert_eq!(told(CHAT).trim(), "");
    let config = good(CHAT);
    let [bridge] = config.bridges.as_slice() else { panic!("one bridge") };
    let (pagerduty, slack) = (SystemName::new("pagerduty"), SystemName::new("slack"));
    assert_eq!((bridge.name.as_str(), bridge.posted.as_ref()), ("chat", Some(&pagerduty)));
    assert_eq!(bridge.roles.iter().filter(|(_, role)| *role == Role::Post).count(), 3);
    for kind in [ChangeKind::Created, ChangeKind::Acknowledged, ChangeKind::Unacknowledged, ChangeKind::Resolved] {
        assert_eq!(bridge.cell(&pagerduty, &slack, kind), Cell::STATUS, "{kind:?}");
        assert_eq!(bridge.cell(&slack, &pagerduty, kind), Cell::IGNORE, "nothing comes back: {kind:?}");
    }
    assert_eq!(bridge.cell(&pagerduty, &slack, ChangeKind::Noted), Cell::NOTE);
    assert_eq!(posts_of(&config.bridges, &pagerduty).as_ref().map(|name| name.as_str()), Some("chat"));
    let services = services_of(&config.systems, &config.bridges, &config.systems[0]);
    assert_eq!(services.opens, Opens::These(["PSERVICE".to_owned()].into()));
    let slack = &config.systems[1];
    assert_eq!((slack.api_url.as_str(), slack.calls_per_minute), ("https://slack.com/api", Some(50)));
    let Kind::Mattermost(own) = &config.systems[2].kind else { panic!("the third is Mattermost") };
    assert!(own.buttons.is_some());
    assert!(!format!("{config:?}").contains("s-1"), "a secret is printed");
}

#[test]
fn incidents_of_other_bridges_are_shown_too() {
    // Whichever stands first in the file.
    for text in [format!("{CHAT}{OPSGENIE}"), format!("{OPSGENIE}{CHAT}")] {
        let config = good(&text);
        let names: Vec<&str> = config.bridges.iter().map(|bridge| bridge.name.as_str()).collect();
        assert_eq!(names, ["opsgenie-proxy", "chat"]);
        let (opsgenie, slack) = (SystemName::new("opsgenie"), SystemName::new("slack"));
        let bridge = &config.bridges[0];
        assert_eq!(bridge.cell(&opsgenie, &slack, ChangeKind::Noted), Cell::NOTE);
        assert_eq!(bridge.cell(&opsgenie, &slack, ChangeKind::Acknowledged), Cell::IGNORE, "once PagerDuty has it");
        assert_eq!(posts_of(&config.bridges, &SystemName::new("pagerduty")).as_ref().map(|n| n.as_str()), Some("chat"));
    }
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    for (old, new, expected) in [
        ("channel = \"C0123456789\"", "", "channel"),
        ("api_url = \"https://chat.example.com\"", "", "api_url"),
        ("public_url = \"https://bridge.example.com\"", "", "public_url"),
        ("button_secret = { env = \"SECRET\" }", "", "button_secret"),
        ("workflow_url = { env = \"KEY\" }", "", "workflow_url"),
        ("\"teams\"]", "\"pagerduty\"]", "which is no chat"),
        ("\"teams\"]", "\"nobody\"]", "there is no system `nobody`"),
        ("\"teams\"]", "\"slack\"]", "is named twice"),
        (", \"teams\"]", "]", "no bridge shows incidents in `teams`"),
        ("channels = [\"slack\", \"mattermost\", \"teams\"]", "", "in which `channels`"),
        ("channels =", "rules.x.created = \"note\"\nchannels =", "rules"),
    ] {
        let told = told(&with(old, new));
        assert!(told.contains(expected), "{new}: {told}");
    }
    let twice = format!(
        "{CHAT}[[bridges]]\nname = \"two\"\npreset = \"chat\"\npagerduty = \"pagerduty\"\nchannels = [\"slack\"]\n"
    );
    assert!(told(&twice).contains("two bridges show the incidents of `pagerduty`"), "{}", told(&twice));
}
