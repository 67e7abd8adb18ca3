//! Which actions are tools, and how often.

use pagebridge_access::{Principal, fits};
use pagebridge_actions::{Action, Catalogue, Effect, Surface};

/// Which actions are tools, and how often. Patterns are names of actions, or beginnings with a `*` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Those that only read.
    pub read: Vec<String>,
    /// Those that change something; none unless they are named.
    pub allow: Vec<String>,
    /// How many runs of which actions each caller gets in an hour, besides the limits of its own.
    pub per_hour: Vec<(String, u32)>,
    /// Whether changes are only shown.
    pub dry_run: bool,
    /// Web pages that may ask, such as `https://app.example.com:443`; programs that are no pages need not be named.
    pub allowed_origins: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            read: vec!["*".to_owned()],
            allow: Vec::new(),
            per_hour: Vec::new(),
            dry_run: false,
            allowed_origins: Vec::new(),
        }
    }
}

impl Rules {
    /// Tells whether an action is a tool at all.
    pub(crate) fn offers(&self, action: &Action) -> bool {
        let patterns = if action.effect == Effect::ReadOnly { &self.read } else { &self.allow };
        action.surfaces.contains(&Surface::Mcp) && patterns.iter().any(|pattern| fits(pattern, action.name))
    }

    /// Gives who asks with the limits of these rules besides its own.
    pub(crate) fn narrow(&self, who: &Principal, catalogue: &Catalogue) -> Principal {
        let allowed = catalogue.actions().filter(|action| self.offers(action) && who.may(action));
        Principal {
            actions: Some(allowed.map(|action| action.name.to_owned()).collect()),
            per_hour: who.per_hour.iter().chain(&self.per_hour).cloned().collect(),
            dry_run: who.dry_run || self.dry_run,
            ..who.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagebridge_access::Role;

    #[test]
    fn what_changes_something_has_to_be_named_and_a_role_is_never_widened() {
        let catalogue = Catalogue::new();
        let rules =
            Rules { allow: vec!["incident.acknowledge".to_owned(), "service.*".to_owned()], ..Rules::default() };
        let of = |role| {
            let who = rules.narrow(&Principal::new("token x", role), &catalogue);
            let names = who.actions.expect("a list");
            ["incident.get", "incident.acknowledge", "incident.resolve", "service.create", "service.delete"]
                .map(|name| names.iter().any(|known| known == name))
        };
        assert_eq!(of(Role::Viewer), [true, false, false, false, false]);
        assert_eq!(of(Role::Responder), [true, true, false, false, false]);
        assert_eq!(of(Role::Admin), [true, true, false, true, true]);
    }

    #[test]
    fn limits_of_both_count() {
        let rules = Rules { per_hour: vec![("incident.*".to_owned(), 5)], dry_run: true, ..Rules::default() };
        let own = ("incident.acknowledge".to_owned(), 2);
        let who = Principal { per_hour: vec![own.clone()], ..Principal::new("token x", Role::Admin) };
        let narrowed = rules.narrow(&who, &Catalogue::new());
        assert_eq!(narrowed.per_hour, [own, ("incident.*".to_owned(), 5)]);
        assert!(narrowed.dry_run);
    }
}
