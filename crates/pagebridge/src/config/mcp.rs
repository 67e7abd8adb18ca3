//! `[mcp]`: which actions are tools for assistants.

use super::access::PER_HOUR_MAX;
use super::resolve::Resolver;
use super::section::{At, Section};
use pagebridge_access::fits;
use pagebridge_actions::{Catalogue, Effect};
use pagebridge_mcp::Rules;

/// `[mcp]`
#[derive(Debug, Default)]
pub(crate) struct RawMcp {
    read: Option<Vec<At<String>>>,
    allow: Option<Vec<At<String>>>,
    per_hour: Vec<(At<String>, At<i64>)>,
    dry_run: bool,
    allowed_origins: Option<Vec<At<String>>>,
}

impl RawMcp {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mcp = Self {
            read: section.words("read"),
            allow: section.words("allow"),
            per_hour: section.numbers("per_hour", 0..=PER_HOUR_MAX),
            dry_run: section.flag("dry_run").is_some_and(|flag| flag.value),
            allowed_origins: section.words("allowed_origins"),
        };
        section.end();
        mcp
    }
}

impl Resolver<'_> {
    pub(super) fn mcp(&mut self, raw: &RawMcp) -> Option<Rules> {
        let named = raw.read.iter().chain(&raw.allow).flatten().chain(raw.per_hour.iter().map(|(pattern, _)| pattern));
        let known = named.filter(|pattern| !self.check_pattern(pattern)).count() == 0;
        for pattern in raw.allow.iter().flatten() {
            self.check_allowed(pattern);
        }
        let wrong = raw.allowed_origins.iter().flatten().filter(|origin| !self.check_origin(origin)).count();
        let words =
            |all: &Option<Vec<At<String>>>| all.as_ref().map(|all| all.iter().map(|one| one.value.clone()).collect());
        let per_hour = |(pattern, most): &(At<String>, At<i64>)| {
            (pattern.value.clone(), u32::try_from(most.value).unwrap_or(u32::MAX))
        };
        let usual = Rules::default();
        let rules = Rules {
            read: words(&raw.read).unwrap_or(usual.read),
            allow: words(&raw.allow).unwrap_or(usual.allow),
            per_hour: raw.per_hour.iter().map(per_hour).collect(),
            dry_run: raw.dry_run,
            allowed_origins: words(&raw.allowed_origins).unwrap_or(usual.allowed_origins),
        };
        (known && wrong == 0).then_some(rules)
    }

    /// What only reads needs no leave, so whoever names it may have meant something else.
    fn check_allowed(&mut self, pattern: &At<String>) {
        let catalogue = Catalogue::new();
        let mut named = catalogue.actions().filter(|action| fits(&pattern.value, action.name)).peekable();
        if named.peek().is_some() && named.all(|action| action.effect == Effect::ReadOnly) {
            let message = format!("`{}` changes nothing: it is a tool already", pattern.value);
            self.findings.warn(pattern.at.clone(), message, "`read` says which actions that only read are tools");
        }
    }

    fn check_origin(&mut self, origin: &At<String>) -> bool {
        let port = origin.value.rsplit_once(':').map(|(_, port)| port);
        let has_port = port.is_some_and(|port| port == "*" || port.parse::<u16>().is_ok());
        let fits = has_port && (origin.value.starts_with("https://") || origin.value.starts_with("http://"));
        if !fits {
            let fix = "write the scheme, the host and the port, as in `https://app.example.com:443`";
            self.findings.error(origin.at.clone(), "this is not the origin of a page", fix);
        }
        fits
    }
}
