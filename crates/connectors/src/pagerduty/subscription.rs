//! The webhook subscription that is our own: what is known of it, without I/O.

use ::pagerduty::Secret;
use ::pagerduty::rest::webhook_subscriptions::Subscription;
use pagebridge_core::{SystemName, Timestamp};
use pagebridge_ports::Kept;
use std::sync::{Arc, PoisonError, RwLock};

/// The event types without which something of what people do would only be seen by the next poll.
pub const PEOPLE_EVENTS: [&str; 5] = [EVENTS[0], EVENTS[1], EVENTS[2], EVENTS[3], EVENTS[4]];

/// The event types that say something to us. The first five are those that people cause.
pub(super) const EVENTS: [&str; 9] = [
    "incident.acknowledged",
    "incident.unacknowledged",
    "incident.annotated",
    "incident.resolved",
    "incident.reopened",
    "incident.triggered",
    "incident.reassigned",
    "incident.delegated",
    "incident.escalated",
];

/// How old what was read from the store must be before a webhook of an unknown subscription has it read again, in
/// milliseconds. Limits what somebody without a secret can make us do.
const REREAD_MS: i64 = 30_000;

/// The secrets that webhooks may be signed with.
pub(super) struct Secrets {
    configured: Vec<Secret>,
    now: RwLock<Arc<Known>>,
}

/// What was known at one moment.
pub(super) struct Known {
    /// Configured ones and those of our own subscriptions.
    pub(super) secrets: Vec<Secret>,
    /// Our own subscriptions whose secrets are known.
    pub(super) ids: Vec<String>,
    /// When the store was asked.
    read_at: Option<Timestamp>,
}

impl Known {
    /// Whether a webhook of this subscription may be signed with a secret that another node has kept meanwhile, or that
    /// is just being kept.
    pub(super) fn may_be_late(&self, subscription: &str, now: Timestamp) -> bool {
        !self.ids.iter().any(|id| id == subscription) && self.read_at.is_none_or(|at| now.ms_since(at) >= REREAD_MS)
    }
}

impl Secrets {
    pub(super) fn new(configured: Vec<Secret>) -> Self {
        let known = Known { secrets: configured.clone(), ids: Vec::new(), read_at: None };
        Self { configured, now: RwLock::new(Arc::new(known)) }
    }

    pub(super) fn known(&self) -> Arc<Known> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what the store has kept for this system.
    pub(super) fn read(&self, system: &SystemName, kept: &[(String, Kept)], now: Timestamp) -> Arc<Known> {
        let (mut secrets, mut ids) = (self.configured.clone(), Vec::new());
        for (name, secret) in kept {
            if let Some(id) = name.strip_prefix(&secret_name(system, "")) {
                ids.push(id.to_owned());
                secrets.push(Secret::new(secret.expose()));
            }
        }
        let known = Arc::new(Known { secrets, ids, read_at: Some(now) });
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        known
    }
}

/// The name under which the store keeps the secret of a subscription.
pub(super) fn secret_name(system: &SystemName, id: &str) -> String {
    format!("webhook/{system}/{id}")
}

/// What a subscription of ours says to people; it also tells that this very store's bridge made it.
pub(super) fn description(instance: &str, system: &SystemName) -> String {
    format!("Pagebridge {instance}, system {system}")
}

/// Until when nothing was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The subscription worked at this time.
    Good(Timestamp),
    /// It did not work after this time, and what was missed has not been looked for yet.
    Owed(Timestamp),
}

impl Mark {
    /// The name under which the store keeps it.
    pub(super) fn name(system: &SystemName) -> String {
        format!("mark/{system}/webhook")
    }

    /// Finds it among what is kept. One that cannot be read counts as none.
    pub(super) fn find(system: &SystemName, kept: &[(String, Kept)]) -> Option<Self> {
        let name = Self::name(system);
        let (_, value) = kept.iter().find(|(kept, _)| *kept == name)?;
        let (word, at) = value.expose().split_once(' ')?;
        let at = Timestamp(at.parse().ok()?);
        match word {
            "good" => Some(Self::Good(at)),
            "owed" => Some(Self::Owed(at)),
            _ => None,
        }
    }

    pub(super) fn value(self) -> String {
        match self {
            Self::Good(at) => format!("good {}", at.0),
            Self::Owed(at) => format!("owed {}", at.0),
        }
    }
}

/// Where our subscription stands.
#[derive(Debug)]
pub(super) enum State<'a> {
    /// There is none.
    None,
    /// There is one and its secret is known.
    Ours {
        subscription: &'a Subscription,
        /// Further ones of ours, made by other nodes at the same time.
        twins: Vec<&'a Subscription>,
    },
    /// There is one, and its secret may be one of the configured ones.
    Configured(&'a Subscription),
    /// There is one that bears our mark, and its secret was never kept: we stopped in between, or another node is just
    /// making it.
    Orphan(&'a Subscription),
    /// There is one that somebody else made, and its secret is not known.
    Unknown(&'a Subscription),
}

/// Says where our subscription stands. `all` are those of the service that post to our address.
///
/// Of several that are ours the one with the lowest id stays: every node comes to the same end.
pub(super) fn judge<'a>(all: &'a [Subscription], known: &Known, configured: bool, description: &str) -> State<'a> {
    let is_ours = |s: &&Subscription| known.ids.iter().any(|id| id == s.id.as_str());
    let mut ours: Vec<&Subscription> = all.iter().filter(is_ours).collect();
    ours.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    if !ours.is_empty() {
        let subscription = ours.remove(0);
        return State::Ours { subscription, twins: ours };
    }
    let is_marked = |s: &&Subscription| s.description.as_deref() == Some(description);
    match (all.iter().find(is_marked), all.first()) {
        (Some(orphan), _) => State::Orphan(orphan),
        (None, Some(other)) if configured => State::Configured(other),
        (None, Some(other)) => State::Unknown(other),
        (None, None) => State::None,
    }
}

/// Whether a subscription is switched on.
pub(super) fn works(subscription: &Subscription) -> bool {
    subscription.active && !rests(subscription)
}

/// Whether PagerDuty switched it off for a day.
pub(super) fn rests(subscription: &Subscription) -> bool {
    subscription.delivery_method.as_ref().is_some_and(|method| method.temporarily_disabled)
}

/// Whether a subscription sends this event type. PagerDuty makes none without a type, so an empty list was not told.
pub(super) fn sends(subscription: &Subscription, event_type: &str) -> bool {
    subscription.events.is_empty() || subscription.events.iter().any(|has| has == event_type)
}

/// All event types that a subscription should send, when it lacks some of those that say something to us.
pub(super) fn wanted_events(subscription: &Subscription) -> Option<Vec<String>> {
    let missing: Vec<String> =
        EVENTS.into_iter().filter(|event| !sends(subscription, event)).map(str::to_owned).collect();
    (!missing.is_empty()).then(|| subscription.events.iter().cloned().chain(missing).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const START: Timestamp = Timestamp(1_795_183_200_000);

    fn subscription(id: &str, more: Value) -> Subscription {
        let mut all = json!({"id": id, "active": true});
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        serde_json::from_value(all).expect("a subscription")
    }

    fn known(ids: &[&str]) -> Arc<Known> {
        let kept: Vec<_> = ids.iter().map(|id| (format!("webhook/pd/{id}"), Kept::read("geheim".to_owned()))).collect();
        Secrets::new(Vec::new()).read(&SystemName::new("pd"), &kept, START)
    }

    fn word(state: &State<'_>) -> String {
        match state {
            State::None => "none".to_owned(),
            State::Ours { subscription, twins } => {
                let twins: Vec<_> = twins.iter().map(|s| s.id.as_str()).collect();
                format!("{} and {}", subscription.id, twins.join(" "))
            }
            State::Configured(s) => format!("configured {}", s.id),
            State::Orphan(s) => format!("orphan {}", s.id),
            State::Unknown(s) => format!("unknown {}", s.id),
        }
    }

    #[test]
    fn a_subscription_is_judged_by_whose_it_is() {
        let ours = description("k3x9", &SystemName::new("pd"));
        let all: Vec<_> = ["P3", "P1", "P2"].map(|id| subscription(id, json!({"description": "by hand"}))).into();
        let marked = [subscription("P1", json!({})), subscription("P2", json!({"description": ours}))];
        let table: [(&[Subscription], &[&str], bool, &str); 7] = [
            (&[], &["P1"], true, "none"),
            (&all, &[], false, "unknown P3"),
            (&all, &[], true, "configured P3"),
            (&all, &["P2", "P9"], false, "P2 and "),
            (&all, &["P3", "P1"], true, "P1 and P3"),
            (&marked, &[], true, "orphan P2"),
            (&marked, &["P1"], true, "P1 and "),
        ];
        for (all, ids, configured, expected) in table {
            assert_eq!(word(&judge(all, &known(ids), configured, &ours)), expected);
        }
    }

    #[test]
    fn only_our_system_is_read_from_what_is_kept() {
        let kept = [("webhook/pd/P1", "a"), ("webhook/pd2/P2", "b"), ("mark/pd/webhook", "owed 5"), ("other", "c")];
        let kept: Vec<_> = kept.map(|(name, value)| (name.to_owned(), Kept::read(value.to_owned()))).into();
        let (system, secrets) = (SystemName::new("pd"), Secrets::new(vec![Secret::new("set")]));
        assert!(secrets.known().may_be_late("P1", START), "nothing was read yet");
        secrets.read(&system, &kept, START);
        let known = secrets.known();
        let texts: Vec<_> = known.secrets.iter().map(Secret::expose).collect();
        assert_eq!((texts, known.ids.as_slice()), (vec!["set", "a"], ["P1".to_owned()].as_slice()));
        let later = START.plus_ms(REREAD_MS);
        assert!(!known.may_be_late("P1", later), "it is known");
        assert!(!known.may_be_late("P2", later.plus_ms(-1)), "it was looked for a moment ago");
        assert!(known.may_be_late("P2", later));
        assert_eq!(Mark::find(&system, &kept), Some(Mark::Owed(Timestamp(5))));
        assert_eq!(Mark::find(&SystemName::new("pd2"), &kept), None);
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let system = SystemName::new("pd");
        for mark in [Mark::Good(START), Mark::Owed(START)] {
            let kept = [(Mark::name(&system), Kept::read(mark.value()))];
            assert_eq!(Mark::find(&system, &kept), Some(mark));
        }
        for text in ["", "good", "good soon", "bad 5"] {
            assert_eq!(Mark::find(&system, &[(Mark::name(&system), Kept::read(text.to_owned()))]), None, "{text}");
        }
    }

    #[test]
    fn event_types_are_added_and_none_is_taken_away() {
        assert_eq!(wanted_events(&subscription("P1", json!({"events": EVENTS}))), None);
        assert_eq!(wanted_events(&subscription("P1", json!({"events": []}))), None, "not told");
        let few = subscription("P1", json!({"events": ["incident.priority_updated", "incident.resolved"]}));
        let wanted = wanted_events(&few).expect("some are missing");
        assert_eq!(wanted.len(), EVENTS.len() + 1);
        assert!(
            wanted.contains(&"incident.priority_updated".to_owned())
                && EVENTS.iter().all(|e| wanted.iter().any(|w| w == e))
        );
    }
}
