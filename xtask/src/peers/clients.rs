//! The clients, each a folder of `peers/`.

/// One client.
pub(super) struct Client {
    /// Its folder, and what `--only` takes.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
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
    Client { name: "pagerduty", kind: Kind::Python },
    Client { name: "pdjs", kind: Kind::Node },
    Client { name: "alertmanager", kind: Kind::Alertmanager },
    Client { name: "pdpyras", kind: Kind::Python },
    Client { name: "pypd", kind: Kind::Python },
    Client { name: "pagerduty-rs", kind: Kind::Rust },
];
