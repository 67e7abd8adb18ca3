//! `[[server.tokens]]` and `[actions]`: who may use the API, and the account that actions are run in.

use super::resolve::Resolver;
use super::section::{At, Section};
use super::text::Text;
use super::{Kind, System};
use pagebridge_access::{Principal, Role, fits};
use pagebridge_actions::Catalogue;
use pagebridge_core::SystemName;
use pagebridge_server::TokenHash;
use pagerduty::Secret;
use std::ops::Range;

/// A shorter token may be guessed.
const TOKEN_LEN_MIN: usize = 24;

/// Most runs in an hour that can be set; what is more is no limit.
pub(super) const PER_HOUR_MAX: i64 = 1_000_000;

/// One token of the API.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) hash: TokenHash,
    pub(crate) principal: Principal,
}

/// The account that actions are run in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actions {
    /// Its system; the only one of kind pagerduty if it is not named.
    pub(crate) system: Option<SystemName>,
    /// Where events are sent, unless it is the usual place.
    pub(crate) events_url: Option<String>,
    pub(crate) routing_key: Option<Secret>,
    pub(crate) change_routing_key: Option<Secret>,
    pub(crate) service_key: Option<Secret>,
}

/// `[[server.tokens]]`
#[derive(Debug)]
pub(crate) struct RawToken {
    at: Range<usize>,
    name: Option<At<String>>,
    token: Option<At<Text>>,
    hash: Option<At<Text>>,
    role: Option<Role>,
    from: Option<At<Text>>,
    actions: Option<Vec<At<String>>>,
    per_hour: Vec<(At<String>, At<i64>)>,
    dry_run: bool,
}

/// `[actions]`
#[derive(Debug, Default)]
pub(crate) struct RawActions {
    system: Option<At<String>>,
    events_url: Option<At<Text>>,
    routing_key: Option<At<Text>>,
    change_routing_key: Option<At<Text>>,
    service_key: Option<At<Text>>,
}

impl RawToken {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let token = Self {
            at: section.at.clone(),
            name: section.word("name"),
            token: section.secret("token"),
            hash: section.secret("hash"),
            role: section.one_of("role", &Role::ALL.map(Role::as_str)).and_then(Role::parse),
            from: section.text("from"),
            actions: section.words("actions"),
            per_hour: section.numbers("per_hour", 0..=PER_HOUR_MAX),
            dry_run: section.flag("dry_run").is_some_and(|flag| flag.value),
        };
        section.end();
        token
    }
}

impl RawActions {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let actions = Self {
            system: section.word("system"),
            events_url: section.text("events_url"),
            routing_key: section.secret("routing_key"),
            change_routing_key: section.secret("change_routing_key"),
            service_key: section.secret("service_key"),
        };
        section.end();
        actions
    }
}

impl Resolver<'_> {
    /// All tokens; nothing when one of them is wrong.
    pub(super) fn tokens(&mut self, raw: &[RawToken], api_token: Option<&Secret>) -> Option<Vec<Token>> {
        let all: Vec<Option<Token>> = raw.iter().map(|raw| self.token(raw)).collect();
        let mut seen: Vec<(TokenHash, String)> =
            api_token.map(|token| (TokenHash::of(token.expose()), "`api_token`".to_owned())).into_iter().collect();
        for (raw, token) in raw.iter().zip(&all) {
            let Some(Token { hash, principal }) = token else { continue };
            if let Some((_, other)) = seen.iter().find(|(known, _)| known == hash) {
                let message = format!("{} and {other} are the same token", principal.name);
                self.findings.error(raw.at.clone(), message, "give each one of its own: `pagebridge token new NAME`");
            }
            if seen.iter().any(|(_, name)| *name == principal.name) {
                let fix = "the audit trail knows who did what by the name: give each one of its own";
                self.findings.error(raw.at.clone(), format!("there are two of {}", principal.name), fix);
            }
            seen.push((*hash, principal.name.clone()));
        }
        all.into_iter().collect()
    }

    fn token(&mut self, raw: &RawToken) -> Option<Token> {
        let section = ("server.tokens".to_owned(), raw.at.clone());
        let name = self.token_name(raw, &section);
        let hash = self.token_hash(raw, &section);
        let from = raw.from.as_ref().map(|from| self.text(from).ok_or(())).transpose();
        let patterns = raw.actions.iter().flatten().chain(raw.per_hour.iter().map(|(pattern, _)| pattern));
        let known = patterns.filter(|pattern| !self.check_pattern(pattern)).count() == 0;
        let per_hour = |(pattern, most): &(At<String>, At<i64>)| {
            (pattern.value.clone(), u32::try_from(most.value).unwrap_or(u32::MAX))
        };
        let principal = Principal {
            from: from.ok()?,
            actions: raw.actions.as_ref().map(|all| all.iter().map(|pattern| pattern.value.clone()).collect()),
            per_hour: raw.per_hour.iter().map(per_hour).collect(),
            dry_run: raw.dry_run,
            ..Principal::new(format!("token {}", name?), raw.role?)
        };
        Some(Token { hash: hash?, principal }).filter(|_| known)
    }

    fn token_name(&mut self, raw: &RawToken, section: &(String, Range<usize>)) -> Option<String> {
        let Some(name) = &raw.name else {
            let message = format!("[{}] has no `name`", section.0);
            self.findings.error(section.1.clone(), message, "add `name = \"WHO\"`, as the audit trail is to call it");
            return None;
        };
        let is_name = is_token_name(&name.value);
        if !is_name {
            let fix = "write 1 to 40 letters, digits, `.`, `_` or `-`";
            self.findings.error(name.at.clone(), "a token cannot be called this", fix);
        }
        is_name.then(|| name.value.clone())
    }

    fn token_hash(&mut self, raw: &RawToken, section: &(String, Range<usize>)) -> Option<TokenHash> {
        match (&raw.token, &raw.hash) {
            (Some(token), None) => {
                let found = self.secret(token)?;
                if found.expose().len() < TOKEN_LEN_MIN {
                    let message = format!("this token has less than {TOKEN_LEN_MIN} characters and may be guessed");
                    self.findings.warn(token.at.clone(), message, "let `pagebridge token new NAME` make one");
                }
                Some(TokenHash::of(found.expose()))
            }
            (None, Some(hash)) => {
                let parsed = TokenHash::parse(&self.text(hash)?);
                if parsed.is_none() {
                    let fix = "write `sha256:` and 64 hexadecimal digits, as `pagebridge token new NAME` prints them";
                    self.findings.error(hash.at.clone(), "this is not the hash of a token", fix);
                }
                parsed
            }
            (Some(_), Some(hash)) => {
                self.findings.error(hash.at.clone(), "both `token` and `hash` are given", "remove one of them");
                None
            }
            (None, None) => {
                let message = format!("[{}] has neither `hash` nor `token`", section.0);
                let fix = "add what `pagebridge token new NAME` prints, or `token = { env = \"NAME\" }`";
                self.findings.error(section.1.clone(), message, fix);
                None
            }
        }
    }

    /// A name that fits no action is a mistake that would only show when it is needed.
    pub(super) fn check_pattern(&mut self, pattern: &At<String>) -> bool {
        let fits = Catalogue::new().actions().any(|action| fits(&pattern.value, action.name));
        if !fits {
            let message = format!("no action is called `{}`", pattern.value);
            let fix = "write a name of docs/actions.md, or the beginning of some with a `*` at the end: `incident.*`";
            self.findings.error(pattern.at.clone(), message, fix);
        }
        fits
    }

    pub(super) fn actions(&mut self, raw: &RawActions, systems: &[System]) -> Option<Actions> {
        let of = |wanted: &str| systems.iter().find(|system| system.name.as_str() == wanted);
        let system = raw.system.as_ref().map(|named| {
            let found = of(&named.value).filter(|system| matches!(system.kind, Kind::PagerDuty(_)));
            if found.is_none() {
                let message = format!("`{}` is no system of kind pagerduty", named.value);
                self.findings.error(named.at.clone(), message, "name one that is");
            }
            found.map(|system| system.name.clone()).ok_or(())
        });
        let mut key = |key: &Option<At<Text>>| key.as_ref().map(|key| self.secret(key).ok_or(())).transpose();
        let (routing, change, service) = (key(&raw.routing_key), key(&raw.change_routing_key), key(&raw.service_key));
        let events_url = self.url(raw.events_url.as_ref());
        Some(Actions {
            system: system.transpose().ok()?,
            events_url: events_url.ok()?,
            routing_key: routing.ok()?,
            change_routing_key: change.ok()?,
            service_key: service.ok()?,
        })
    }
}

/// Whether a token can be called this.
pub(crate) fn is_token_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
