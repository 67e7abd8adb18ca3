//! `[chat]`: commands in Slack, Mattermost and Microsoft Teams.

use super::resolve::Resolver;
use super::section::{At, Section};
use super::text::Text;
use super::{StoreAddress, System};
use base64::Engine;
use pagebridge_access::Role;
use pagebridge_chat::{KnownPerson, Mattermost, SLACK_API_URL, SLACK_HOOKS_URL, Settings, Slack, Teams};
use pagerduty::Secret;
use std::ops::Range;

/// `[chat]`
#[derive(Debug, Default)]
pub(crate) struct RawChatCommands {
    role: Option<At<String>>,
    unknown: Option<At<String>>,
    people: Vec<RawPerson>,
    slack: Option<RawSlack>,
    mattermost: Option<RawMattermost>,
    teams: Option<(Range<usize>, Vec<At<Text>>)>,
    proxy: Option<At<bool>>,
}

/// `[[chat.people]]`
#[derive(Debug)]
struct RawPerson {
    at: Range<usize>,
    slack: Option<At<Text>>,
    mattermost: Option<At<Text>>,
    teams: Option<At<Text>>,
    email: Option<At<Text>>,
    role: Option<At<String>>,
}

/// `[chat.slack]`
#[derive(Debug)]
struct RawSlack {
    at: Range<usize>,
    signing_secrets: Vec<At<Text>>,
    bot_token: Option<At<Text>>,
    api_url: Option<At<Text>>,
    hooks_url: Option<At<Text>>,
}

/// `[chat.mattermost]`
#[derive(Debug)]
struct RawMattermost {
    at: Range<usize>,
    tokens: Vec<At<Text>>,
    url: Option<At<Text>>,
    bot_token: Option<At<Text>>,
    button_secrets: Vec<At<Text>>,
}

impl RawChatCommands {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let chat = Self {
            role: section.word("role"),
            unknown: section.word("unknown"),
            people: section.list("people").into_iter().map(RawPerson::read).collect(),
            slack: section.section("slack").map(RawSlack::read),
            mattermost: section.section("mattermost").map(RawMattermost::read),
            teams: section.section("teams").map(|mut teams| {
                let read = (teams.at.clone(), teams.secrets("security_tokens"));
                teams.end();
                read
            }),
            proxy: section.flag("proxy"),
        };
        section.end();
        chat
    }
}

impl RawPerson {
    fn read(mut section: Section<'_>) -> Self {
        let person = Self {
            at: section.at.clone(),
            slack: section.text("slack"),
            mattermost: section.text("mattermost"),
            teams: section.text("teams"),
            email: section.text("email"),
            role: section.word("role"),
        };
        section.end();
        person
    }
}

impl RawSlack {
    fn read(mut section: Section<'_>) -> Self {
        let slack = Self {
            at: section.at.clone(),
            signing_secrets: section.secrets("signing_secrets"),
            bot_token: section.secret("bot_token"),
            api_url: section.text("api_url"),
            hooks_url: section.text("hooks_url"),
        };
        section.end();
        slack
    }
}

impl RawMattermost {
    fn read(mut section: Section<'_>) -> Self {
        let mattermost = Self {
            at: section.at.clone(),
            tokens: section.secrets("tokens"),
            url: section.text("url"),
            bot_token: section.secret("bot_token"),
            button_secrets: section.secrets("button_secrets"),
        };
        section.end();
        mattermost
    }
}

impl Resolver<'_> {
    /// `Err` when something is wrong with it; `Ok(None)` without the section.
    pub(super) fn chat_commands(
        &mut self,
        raw: Option<&RawChatCommands>,
        systems: &[System],
        store: Option<&StoreAddress>,
    ) -> Result<Option<Settings>, ()> {
        let Some(raw) = raw else { return Ok(None) };
        let role = self.chat_role(raw.role.as_ref(), Role::Responder);
        let people: Vec<Option<KnownPerson>> =
            raw.people.iter().map(|person| self.chat_person(person, role.unwrap_or(Role::Responder))).collect();
        let strangers_look = self.chat_strangers(raw.unknown.as_ref());
        let slack = raw.slack.as_ref().map(|slack| self.chat_slack(slack, systems).ok_or(())).transpose();
        let mattermost = raw.mattermost.as_ref().map(|own| self.chat_mattermost(own, systems).ok_or(())).transpose();
        let teams = raw.teams.as_ref().map(|(at, tokens)| self.chat_teams(at, tokens).ok_or(())).transpose();
        Ok(Some(Settings {
            people: people.into_iter().collect::<Option<_>>().ok_or(())?,
            role: role.ok_or(())?,
            strangers_look: strangers_look.ok_or(())?,
            slack: slack?,
            mattermost: mattermost?,
            teams: teams?,
            is_store_shared: matches!(store, Some(StoreAddress::Postgres(_))),
            proxy: raw.proxy.as_ref().is_none_or(|proxy| proxy.value),
        }))
    }

    fn chat_role(&mut self, written: Option<&At<String>>, usual: Role) -> Option<Role> {
        let Some(written) = written else { return Some(usual) };
        let role = Role::parse(&written.value);
        if role.is_none() {
            let listed = Role::ALL.map(|role| format!("\"{}\"", role.as_str())).join(" or ");
            let message = format!("`role` cannot be \"{}\"", written.value);
            self.findings.error(written.at.clone(), message, format!("write {listed}"));
        }
        role
    }

    fn chat_strangers(&mut self, written: Option<&At<String>>) -> Option<bool> {
        match written.map(|written| written.value.as_str()) {
            None | Some("refuse") => Some(false),
            Some("viewer") => Some(true),
            Some(other) => {
                let message = format!("`unknown` cannot be \"{other}\"");
                self.findings.error(written.map(|w| w.at.clone()), message, "write \"refuse\" or \"viewer\"");
                None
            }
        }
    }

    fn chat_person(&mut self, raw: &RawPerson, usual: Role) -> Option<KnownPerson> {
        let section = ("chat.people".to_owned(), raw.at.clone());
        let email = self.needed(raw.email.as_ref(), "email", &section);
        let email = email.filter(|email| {
            let is_address = email.contains('@') && !email.contains(char::is_whitespace);
            if !is_address {
                let fix = "write the e-mail address of the user at PagerDuty";
                self.findings.error(raw.email.as_ref().map(|e| e.at.clone()), "`email` is no e-mail address", fix);
            }
            is_address
        });
        let (slack, mattermost, teams) = (
            self.optional(raw.slack.as_ref()),
            self.optional(raw.mattermost.as_ref()),
            self.optional(raw.teams.as_ref()),
        );
        let role = self.chat_role(raw.role.as_ref(), usual);
        if raw.slack.is_none() && raw.mattermost.is_none() && raw.teams.is_none() {
            let fix = "add `slack`, `mattermost` or `teams` with the id that the chat has for this person";
            self.findings.error(raw.at.clone(), "[[chat.people]] names nobody in a chat", fix);
            return None;
        }
        Some(KnownPerson {
            slack: slack.ok()?,
            mattermost: mattermost.ok()?,
            teams: teams.ok()?,
            email: email?,
            role: role?,
        })
    }

    /// Several secrets, of which there must be one.
    fn some_secrets(&mut self, raw: &[At<Text>], missing: Option<(&Range<usize>, &str, &str)>) -> Option<Vec<Secret>> {
        if let Some((at, message, fix)) = missing.filter(|_| raw.is_empty()) {
            self.findings.error(at.clone(), message, fix);
            return None;
        }
        let found: Vec<Option<Secret>> = raw.iter().map(|secret| self.secret(secret)).collect();
        found.into_iter().collect()
    }

    fn optional_secret(&mut self, raw: Option<&At<Text>>) -> Result<Option<Secret>, ()> {
        raw.map(|secret| self.secret(secret).ok_or(())).transpose()
    }

    fn chat_slack(&mut self, raw: &RawSlack, systems: &[System]) -> Option<Slack> {
        let missing =
            (&raw.at, "[chat.slack] has no `signing_secrets`", "add the Signing Secret of the app's Basic Information");
        let secrets = self.some_secrets(&raw.signing_secrets, Some(missing));
        let bot_token = self.optional_secret(raw.bot_token.as_ref());
        let api_url = self.url_of(raw.api_url.as_ref(), "this is not the address of an API");
        let hooks_url = self.url_of(raw.hooks_url.as_ref(), "this is not an address for later answers");
        Some(Slack {
            signing_secrets: secrets?,
            bot_token: bot_token.ok()?,
            api_url: api_url.ok()?.unwrap_or_else(|| SLACK_API_URL.to_owned()),
            hooks_url: hooks_url.ok()?.unwrap_or_else(|| SLACK_HOOKS_URL.to_owned()),
            are_posts_kept: posts(systems, "slack"),
        })
    }

    fn chat_mattermost(&mut self, raw: &RawMattermost, systems: &[System]) -> Option<Mattermost> {
        let fix = "add the token that Mattermost showed when the slash command was made";
        let missing = (&raw.at, "[chat.mattermost] has neither `tokens` nor `button_secrets`", fix);
        let tokens = self.some_secrets(&raw.tokens, raw.button_secrets.is_empty().then_some(missing));
        let button_secrets = self.some_secrets(&raw.button_secrets, None);
        let bot_token = self.optional_secret(raw.bot_token.as_ref());
        let url = self.url_of(raw.url.as_ref(), "this is not the address of a Mattermost");
        if let (Some(token), None) = (&raw.bot_token, &raw.url) {
            let fix = "add `url` with the address of your Mattermost";
            self.findings.error(token.at.clone(), "`bot_token` is of no use without `url`", fix);
            return None;
        }
        Some(Mattermost {
            tokens: tokens?,
            url: url.ok()?,
            bot_token: bot_token.ok()?,
            button_secrets: button_secrets?,
            are_posts_kept: posts(systems, "mattermost"),
        })
    }

    fn chat_teams(&mut self, at: &Range<usize>, raw: &[At<Text>]) -> Option<Teams> {
        let fix = "add the security token that Teams showed when the outgoing webhook was made";
        let tokens = self.some_secrets(raw, Some((at, "[chat.teams] has no `security_tokens`", fix)))?;
        for (token, written) in tokens.iter().zip(raw) {
            if base64::engine::general_purpose::STANDARD.decode(token.expose()).is_err() {
                let fix = "copy all of it, with the `=` at its end";
                self.findings.error(written.at.clone(), "this cannot be a security token of Teams", fix);
                return None;
            }
        }
        Some(Teams { security_tokens: tokens })
    }
}

/// Whether a system of this kind posts incidents, and so brings its posts up to date.
fn posts(systems: &[System], kind: &str) -> bool {
    systems.iter().any(|system| system.kind.as_str() == kind)
}
