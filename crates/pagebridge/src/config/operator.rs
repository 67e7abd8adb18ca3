//! `[operator]`: who is told when paging does not work, when, and how.

use super::raw::HOUR_S;
use super::resolve::{Resolver, millis};
use super::section::{At, Section};
use super::systems::is_near;
use super::text::Text;
use pagerduty::Secret;
use std::ops::Range;

/// How long a page may take until it is known to exist, unless said otherwise, in milliseconds.
const CONFIRM_WITHIN_MS: i64 = 300_000;

/// How long after telling the operator is told again, unless said otherwise, in milliseconds.
const REMIND_MS: i64 = 3_600_000;

/// What the bridge calls itself unless said otherwise.
const NAME: &str = "Pagebridge";

/// Who is told when paging does not work.
#[derive(Debug)]
pub(crate) struct OperatorSettings {
    /// What the bridge calls itself in messages.
    pub(crate) name: String,
    /// How long a page may take until it is known to exist, in milliseconds; 0 does not watch.
    pub(crate) confirm_within_ms: i64,
    /// How long after telling the operator is told again, in milliseconds.
    pub(crate) remind_ms: i64,
    /// By e-mail.
    pub(crate) smtp: Option<Smtp>,
    /// By webhooks.
    pub(crate) webhooks: Vec<Webhook>,
}

impl Default for OperatorSettings {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            confirm_within_ms: CONFIRM_WITHIN_MS,
            remind_ms: REMIND_MS,
            smtp: None,
            webhooks: Vec::new(),
        }
    }
}

/// E-mail.
#[derive(Debug)]
pub(crate) struct Smtp {
    pub(crate) server: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// User and password.
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Certificates that are trusted besides the machine's, in PEM.
    pub(crate) ca: Option<String>,
}

/// How the way to the mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    Tls,
    StartTls,
    None,
}

impl Security {
    pub(super) const WORDS: [&str; 3] = ["starttls", "tls", "none"];

    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "starttls" => Some(Self::StartTls),
            "tls" => Some(Self::Tls),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// One webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// May be secret itself.
    pub(crate) url: Secret,
    pub(crate) secret: Secret,
}

/// `[operator]`
#[derive(Debug, Default)]
pub(crate) struct RawOperator {
    pub(super) name: Option<At<Text>>,
    pub(super) confirm_within_s: Option<At<i64>>,
    pub(super) remind_s: Option<At<i64>>,
    pub(super) smtp: Option<RawSmtp>,
    pub(super) webhooks: Vec<RawWebhook>,
}

/// `[operator.smtp]`
#[derive(Debug, Default)]
pub(crate) struct RawSmtp {
    pub(super) at: Range<usize>,
    pub(super) server: Option<At<Text>>,
    pub(super) port: Option<At<i64>>,
    pub(super) security: Option<At<String>>,
    pub(super) insecure: Option<At<bool>>,
    pub(super) user: Option<At<Text>>,
    pub(super) password: Option<At<Text>>,
    pub(super) from: Option<At<Text>>,
    pub(super) to: Vec<At<Text>>,
    pub(super) ca: Option<At<Text>>,
}

/// `[[operator.webhooks]]`
#[derive(Debug)]
pub(crate) struct RawWebhook {
    pub(super) at: Range<usize>,
    pub(super) url: Option<At<Text>>,
    pub(super) secret: Option<At<Text>>,
}

impl RawOperator {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let operator = Self {
            name: section.text("name"),
            confirm_within_s: section.number("confirm_within_s", 0..=24 * HOUR_S),
            remind_s: section.number("remind_s", 60..=7 * 24 * HOUR_S),
            smtp: section.section("smtp").map(RawSmtp::read),
            webhooks: section.list("webhooks").into_iter().map(RawWebhook::read).collect(),
        };
        section.end();
        operator
    }
}

impl RawSmtp {
    fn read(mut section: Section<'_>) -> Self {
        let smtp = Self {
            at: section.at.clone(),
            server: section.text("server"),
            port: section.number("port", 1..=65_535),
            security: section.word("security"),
            insecure: section.flag("insecure"),
            user: section.text("user"),
            password: section.secret("password"),
            from: section.text("from"),
            to: section.texts("to"),
            ca: section.text("ca"),
        };
        section.end();
        smtp
    }
}

impl RawWebhook {
    fn read(mut section: Section<'_>) -> Self {
        let webhook = Self {
            at: section.at.clone(),
            // Whoever knows it may be able to post.
            url: section.secret("url"),
            secret: section.secret("secret"),
        };
        section.end();
        webhook
    }
}

impl Resolver<'_> {
    /// Gives nothing when something is wrong; there is an error in the findings then.
    pub(super) fn operator(&mut self, raw: &RawOperator) -> Option<OperatorSettings> {
        let usual = OperatorSettings::default();
        let name = self.optional(raw.name.as_ref());
        let smtp = raw.smtp.as_ref().map(|smtp| self.smtp(smtp).ok_or(())).transpose();
        let webhooks: Vec<Option<Webhook>> = raw.webhooks.iter().map(|webhook| self.webhook(webhook)).collect();
        Some(OperatorSettings {
            name: name.ok()?.unwrap_or(usual.name),
            confirm_within_ms: millis(raw.confirm_within_s.as_ref(), usual.confirm_within_ms),
            remind_ms: millis(raw.remind_s.as_ref(), usual.remind_ms),
            smtp: smtp.ok()?,
            webhooks: webhooks.into_iter().collect::<Option<_>>()?,
        })
    }

    fn smtp(&mut self, raw: &RawSmtp) -> Option<Smtp> {
        let section = ("operator.smtp".to_owned(), raw.at.clone());
        let server = self.needed(raw.server.as_ref(), "server", &section);
        let from = self.needed(raw.from.as_ref(), "from", &section);
        let from = from.zip(raw.from.as_ref()).and_then(|(from, written)| self.address(from, written, "from"));
        let to = self.recipients(raw);
        let security = self.security(raw, server.as_deref());
        let login = self.login(raw);
        let ca = self.optional(raw.ca.as_ref());
        let security = security?;
        let port = raw.port.as_ref().map_or(security.port(), |p| u16::try_from(p.value).unwrap_or(security.port()));
        Some(Smtp { server: server?, port, security, login: login.ok()?, from: from?, to: to?, ca: ca.ok()? })
    }

    fn recipients(&mut self, raw: &RawSmtp) -> Option<Vec<String>> {
        if raw.to.is_empty() {
            let fix = "add `to = [\"ops@example.com\"]`: who is told when paging does not work";
            self.findings.error(raw.at.clone(), "[operator.smtp] has no `to`", fix);
            return None;
        }
        let mut all = Vec::new();
        for written in &raw.to {
            let text = self.text(written);
            // A variable may hold several.
            for address in text.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|a| !a.is_empty()) {
                all.push(self.address(address.to_owned(), written, "to"));
            }
            if text.is_none() {
                all.push(None);
            }
        }
        all.into_iter().collect()
    }

    fn address(&mut self, address: String, written: &At<Text>, key: &str) -> Option<String> {
        match pagebridge_connectors::operator::smtp::check_address(&address) {
            Ok(()) => Some(address),
            Err(fix) => {
                let message = format!("{}: `{address}` is no e-mail address", written.value.place(key));
                self.findings.error(written.at.clone(), message, fix);
                None
            }
        }
    }

    fn security(&mut self, raw: &RawSmtp, server: Option<&str>) -> Option<Security> {
        let Some(written) = &raw.security else { return Some(Security::StartTls) };
        let Some(security) = Security::parse(&written.value) else {
            let listed = Security::WORDS.map(|word| format!("\"{word}\"")).join(" or ");
            let message = format!("`security` cannot be \"{}\"", written.value);
            self.findings.error(written.at.clone(), message, format!("write {listed}"));
            return None;
        };
        let insecure = raw.insecure.as_ref().is_some_and(|i| i.value);
        if security == Security::None && insecure {
            let message = "mail goes in the clear: others on the way can read it, and the password";
            self.findings.warn(written.at.clone(), message, "use \"starttls\" or \"tls\" where the server has it");
        } else if security == Security::None && server.is_some_and(|server| !is_near(server)) {
            let message = "mail would go in the clear to another machine";
            let fix = "write \"starttls\" or \"tls\", or add `insecure = true` if nobody can listen on the way";
            self.findings.error(written.at.clone(), message, fix);
            return None;
        }
        Some(security)
    }

    /// `Err` when something is wrong with it.
    fn login(&mut self, raw: &RawSmtp) -> Result<Option<(String, Secret)>, ()> {
        match (&raw.user, &raw.password) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => {
                let (user, password) = (self.text(user), self.secret(password));
                Ok(Some((user.ok_or(())?, password.ok_or(())?)))
            }
            (Some(there), None) | (None, Some(there)) => {
                let (has, lacks) = if raw.user.is_some() { ("user", "password") } else { ("password", "user") };
                let message = format!("[operator.smtp] has a `{has}` and no `{lacks}`");
                self.findings.error(there.at.clone(), message, format!("add `{lacks}`, or remove `{has}`"));
                Err(())
            }
        }
    }

    fn webhook(&mut self, raw: &RawWebhook) -> Option<Webhook> {
        let section = ("operator.webhooks".to_owned(), raw.at.clone());
        let url = self.needed(raw.url.as_ref(), "url", &section);
        let secret = self.needed_secret(raw.secret.as_ref(), "secret", &section);
        let url = url.zip(raw.url.as_ref()).and_then(|(url, written)| self.hook_url(url, written));
        Some(Webhook { url: url?, secret: secret? })
    }

    /// Judges the address of a webhook, which is never shown.
    fn hook_url(&mut self, text: String, written: &At<Text>) -> Option<Secret> {
        let (at, place) = (written.at.clone(), written.value.place("url"));
        let Some(url) = reqwest::Url::parse(&text).ok().filter(|u| matches!(u.scheme(), "http" | "https")) else {
            let fix = "write an address such as `https://example.com/alarms`";
            self.findings.error(at, format!("{place} is not the address of a webhook"), fix);
            return None;
        };
        if url.scheme() == "http" && !is_near(url.host_str().unwrap_or_default()) {
            let message = format!("{place} is not encrypted, so others on the way can read what is told");
            self.findings.warn(at, message, "use https unless it is a test");
        }
        Some(Secret::new(text))
    }
}
