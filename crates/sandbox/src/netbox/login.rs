//! Who calls. Everything wrong with a login is 403.

use super::model::Token;
use super::state::State;
use crate::wire::Call;

/// What begins a token of the second version.
const V2: &str = "nbt_";

impl State {
    /// Finds the token of a call, or says what is wrong with it. Its version shows in its beginning, not in the word before
    /// it.
    pub(crate) fn log_in(&self, call: &Call) -> Result<Token, &'static str> {
        let header = call.header("authorization").unwrap_or_default();
        let Some((word, key)) = header.split_once(' ') else {
            return Err("Authentication credentials were not provided.");
        };
        if !["token", "bearer"].contains(&word.to_lowercase().as_str()) {
            return Err("Authentication credentials were not provided.");
        }
        let key = key.trim();
        let wrong = if key.starts_with(V2) { "Invalid v2 token" } else { "Invalid v1 token" };
        self.tokens.iter().find(|token| token.key == key).cloned().ok_or(wrong)
    }
}
