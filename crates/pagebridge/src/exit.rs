//! How a command ends: what went wrong, what to do, and a code for scripts.

use pagebridge_ports::StoreError;
use std::process::ExitCode;

/// The exit codes, as docs/cli.md tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something was looked for and not found, or a check failed.
    Failed = 1,
    /// The command line is not understood.
    Usage = 2,
    /// The configuration is wrong.
    Config = 3,
    /// The server cannot be reached, or takes nothing at the moment. Nothing was done.
    Unreachable = 4,
    /// The store cannot be used.
    Store = 5,
    /// The address cannot be listened on.
    Listen = 6,
    /// The server does not let us in.
    Refused = 7,
    /// Some of several were done, and others not.
    Partial = 8,
    /// No usable answer: it may or may not have been done.
    Unknown = 9,
    /// An event could not be delivered yet, and is kept on disk.
    Spooled = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CliError {
    /// What happened and where.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) hint: String,
    /// For scripts.
    pub(crate) exit: Exit,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), exit }
    }

    /// Writes it to standard error.
    pub(crate) fn report(&self, json: bool) {
        if json {
            let code = self.exit as u8;
            crate::output::complain(
                &serde_json::json!({"error": self.message, "hint": self.hint, "exit_code": code}).to_string(),
            );
            return;
        }
        // The findings of a configuration are told before.
        if !self.message.is_empty() {
            crate::output::complain(&format!("{}: {}", crate::output::red("error"), self.message));
        }
        if !self.hint.is_empty() {
            crate::output::complain(&format!("{}: {}", crate::output::bold("help"), self.hint));
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Locked(_) => {
                "another Pagebridge has it open: stop that one, or give this one a store of its own with --store"
            }
            StoreError::Unreadable(_) => {
                "use the version of Pagebridge that wrote it, or a newer one, or another --store"
            }
            StoreError::Unavailable { .. } => {
                "look at the path, its permissions and the disk's space, or at the database server"
            }
            StoreError::Broken(_) | StoreError::Unkeepable(_) => "report this with the message above",
        };
        Self::new(Exit::Store, format!("the store cannot be used: {error}"), hint)
    }
}
