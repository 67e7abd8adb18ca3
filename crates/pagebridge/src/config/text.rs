//! Texts that stand in the file, in the environment, or in a file of their own.

use crate::env::Env;
use std::path::PathBuf;

/// Where a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// In the configuration file.
    Inline(String),
    /// In an environment variable.
    Env {
        /// Its name.
        name: String,
        /// What to take when it is not set.
        default: Option<String>,
    },
    /// In a file, without the line break at its end.
    File(PathBuf),
}

/// Why a text could not be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TextError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is nothing in it.
    #[error("the text is empty")]
    Empty,
}

impl TextError {
    /// What to do.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::NotSet(name) => format!("set {name} in the environment or in `.env`"),
            Self::Unreadable { .. } => {
                "correct the path, or let the user that Pagebridge runs as read the file".to_owned()
            }
            Self::Empty => "fill it in, or remove the key to use the default".to_owned(),
        }
    }
}

impl Text {
    /// How the place is called that a person has to look at: the key, or the variable that it points to.
    pub(crate) fn place(&self, key: &str) -> String {
        match self {
            Self::Env { name, .. } => name.clone(),
            Self::Inline(_) | Self::File(_) => format!("`{key}`"),
        }
    }

    /// Finds the text.
    pub(crate) fn resolve(&self, env: &Env) -> Result<String, TextError> {
        let text = match self {
            Self::Inline(text) => text.clone(),
            Self::Env { name, default } => {
                let set = env.get(name).or(default.as_deref());
                set.ok_or_else(|| TextError::NotSet(name.clone()))?.to_owned()
            }
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| TextError::Unreadable {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?,
        };
        let text = text.trim();
        if text.is_empty() { Err(TextError::Empty) } else { Ok(text.to_owned()) }
    }
}
