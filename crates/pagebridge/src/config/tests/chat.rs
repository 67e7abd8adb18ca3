//! `[chat]`: what is accepted, and how what is wrong is told.

use super::{Env, Findings, GOOD, Overrides, from_text, good, told};
use pagebridge_access::Role;

#[test]
fn the_example_can_be_used_with_the_variables_that_it_names() {
    let text = include_str!("../../../../../examples/chat.toml");
    let names = [
        "PAGERDUTY_API_TOKEN",
        "PAGERDUTY_FROM",
        "PAGERDUTY_SERVICE_ID",
        "PAGERDUTY_WEBHOOK_SECRET",
        "SLACK_SIGNING_SECRET",
        "SLACK_BOT_TOKEN",
        "MATTERMOST_TOKEN",
        "MATTERMOST_BOT_TOKEN",
        "MATTERMOST_BUTTON_SECRET",
    ];
    let others = [
        ("MATTERMOST_URL", "https://chat.example.com"),
        ("TEAMS_SECURITY_TOKEN", "c2VjcmV0"),
        ("PAGERDUTY_ROUTING_KEY", "0123456789abcdef0123456789abcdef"),
    ];
    let variables: Vec<(&str, &str)> = names.iter().map(|name| (*name, *name)).chain(others).collect();
    let loaded =
        from_text("chat.toml", text.to_owned(), &Overrides::default(), &Env::of(&variables), Findings::default());
    let said = loaded.findings.render(&loaded.path, &loaded.source, false);
    let chat = loaded.config.unwrap_or_else(|| panic!("{said}")).chat.expect("a chat");
    assert_eq!(said.trim(), "");
    let slack = chat.slack.expect("Slack");
    assert_eq!(
        (slack.api_url.as_str(), slack.hooks_url.as_str()),
        ("https://slack.com/api", "https://hooks.slack.com")
    );
    assert_eq!(chat.mattermost.expect("Mattermost").url.as_deref(), Some("https://chat.example.com"));
    assert_eq!((chat.people[0].email.as_str(), chat.people[0].role), ("ann@example.com", Role::Responder));
}

#[test]
fn a_chat_is_not_needed_and_may_be_small() {
    assert!(good(GOOD).chat.is_none());
    let text = format!(
        "{GOOD}\n[chat]\nunknown = \"viewer\"\nrole = \"viewer\"\n[[chat.people]]\nslack = \"U1\"\nemail = \"a@b\"\nrole = \"admin\"\n\
         [chat.slack]\nsigning_secrets = [{{ env = \"SECRET\" }}, {{ env = \"KEY\" }}]\n"
    );
    let chat = good(&text).chat.expect("a chat");
    assert_eq!((chat.role, chat.people[0].role, chat.strangers_look), (Role::Viewer, Role::Admin, true));
    assert_eq!(chat.slack.map(|slack| slack.signing_secrets.len()), Some(2));
}

#[test]
fn everything_wrong_about_a_chat_is_told_at_once() {
    let text = format!(
        r#"{GOOD}
[chat]
role = "boss"
unknown = "all"

[[chat.people]]
slack = "U1"

[[chat.people]]
email = "nobody"

[chat.slack]
bot_token = {{ env = "TOKEN" }}
api_url = "ftp://slack.example"

[chat.mattermost]
bot_token = {{ env = "TOKEN" }}

[chat.teams]
security_tokens = "s3cret!"
"#
    );
    let said = told(&text);
    assert!(!said.contains("s3cret"), "{said}");
    for wanted in [
        "`role` cannot be \"boss\"",
        "`unknown` cannot be \"all\"",
        "[chat.people] has no `email`",
        "`email` is no e-mail address",
        "[[chat.people]] names nobody in a chat",
        "[chat.slack] has no `signing_secrets`",
        "this is not the address of an API",
        "[chat.mattermost] has neither `tokens` nor `button_secrets`",
        "`bot_token` is of no use without `url`",
        "this cannot be a security token of Teams",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}
