//! The systems and rules of a seed.

use crate::remote::{Kind, Remote};
use pagebridge_core::{Backoff, Bridge, Bridges, Cell, Direction, PollPolicy, SystemName};

/// The systems and rules of a seed.
pub(crate) fn scene(seed: u64) -> (Vec<Remote>, Bridges) {
    let opening = Direction { created: Cell::STATUS, ..Direction::FOLLOW };
    let followed = seed % 5 == 4;
    let (remotes, bridge) = match seed % 5 {
        0 | 1 => (
            vec![Remote::new("opsgenie", Kind::LastWrite, true), Remote::new("pagerduty", Kind::Forward, false)],
            Bridge::opsgenie_proxy("opsgenie", "pagerduty"),
        ),
        2 => (
            vec![Remote::new("rt", Kind::LastWrite, true), Remote::new("pagerduty", Kind::Forward, false)],
            Bridge::pair(
                "rt",
                ("rt", "RT"),
                ("pagerduty", "PagerDuty"),
                Direction { reopened: Cell::IGNORE, ..opening },
                Direction::FOLLOW,
            ),
        ),
        4 => (
            vec![
                Remote::new("rt", Kind::Followed, true).listed(),
                Remote::new("pagerduty", Kind::Forward, false).listed(),
            ],
            followed_bridge(),
        ),
        _ => (
            vec![Remote::new("rt", Kind::LastWrite, true), Remote::new("other", Kind::LastWrite, false)],
            Bridge::pair("two-tickets", ("rt", "RT"), ("other", "Other"), opening, Direction::FOLLOW),
        ),
    };
    let (remotes, bridge) = shown(seed, remotes, bridge);
    let mut bridges = Bridges::new(vec![bridge]).with_instance("sim");
    bridges.backoff = Backoff { first_ms: 500, cap_ms: 10_000, unanswered_ms: 5_000 };
    bridges.poll = PollPolicy { interval_ms: 10_000, quiet_ms: 20_000, linger_ms: i64::MAX / 4 };
    if followed {
        bridges.polls.insert(SystemName::new("rt"), PollPolicy::ON_DEMAND);
    }
    (remotes, bridges)
}

/// Some have their incidents shown in a chat besides.
fn shown(seed: u64, mut remotes: Vec<Remote>, bridge: Bridge) -> (Vec<Remote>, Bridge) {
    if !matches!(seed % 10, 6 | 9) {
        return (remotes, bridge);
    }
    remotes.push(Remote::new("chat", Kind::Shown, false));
    (remotes, bridge.posting(&SystemName::new("pagerduty"), &[("chat", "Chat")]))
}

/// Tickets and incidents that are both listed, and made for each other.
fn followed_bridge() -> Bridge {
    let mut bridge = Bridge::rt_extension("rt", "pagerduty");
    for rule in &mut bridge.rules {
        rule.direction.noted = Cell::NOTE;
        rule.direction.unacknowledged = Cell::STATUS;
    }
    // What is over at a forward remote stays over, so only the way back follows.
    bridge.rules[1].direction.reopened = Cell::STATUS;
    bridge
}
