//! The clients, each a folder of `peers/`.

use super::Against;

/// One client.
pub(super) struct Client {
    /// Its folder, and what `--only` takes.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What it can be run against.
    pub(super) against: &'static [Against],
    /// The configuration of the bridge that a user would start from; it takes addresses and keys from the environment.
    pub(super) example: &'static str,
}

impl Client {
    /// A client of PagerDuty, which sends to the look-alike, or events to the bridge.
    const fn of_pagerduty(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, against: &Against::ALL, example: "examples/events.toml" }
    }
}

/// What runs a client's program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// `run.py`, with the packages of `requirements.txt`.
    Python,
    /// `run.mjs`, with the packages of its `package-lock.json`.
    Node,
    /// A cargo package of its own.
    Rust,
    /// `run.py`, which starts Alertmanager.
    Alertmanager,
}

/// From the one most used to the oldest.
pub(super) const CLIENTS: &[Client] = &[
    Client::of_pagerduty("pagerduty", Kind::Python),
    Client::of_pagerduty("pdjs", Kind::Node),
    Client::of_pagerduty("alertmanager", Kind::Alertmanager),
    Client::of_pagerduty("pdpyras", Kind::Python),
    Client::of_pagerduty("pypd", Kind::Python),
    Client::of_pagerduty("pagerduty-rs", Kind::Rust),
    // A client of the Model Context Protocol: its tools are the bridge's.
    Client { name: "mcp", kind: Kind::Python, against: &[Against::Bridge], example: "examples/assistants.toml" },
];
