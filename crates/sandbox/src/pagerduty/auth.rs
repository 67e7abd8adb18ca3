//! Who makes a REST call.

use super::model::UserIx;
use super::refusal::Refusal;
use super::state::State;
use crate::wire::{Call, Reply};

/// The credential behind a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An account-level key: nobody in particular.
    Account,
    /// A user-level key.
    User(UserIx),
}

const FROM_MISSING: &str = "You must specify a user's email address in the \"From\" header to perform this action";

impl State {
    pub(crate) fn authenticate(&self, call: &Call) -> Result<Caller, Reply> {
        let token = call.header("authorization").and_then(token_of);
        match token {
            Some(token) if token == self.account_token => Ok(Caller::Account),
            Some(token) if token == self.user_token => Ok(Caller::User(self.automation_user)),
            _ if self.config.unauthorized_json => Err(Refusal::of_status(401)),
            _ => Err(Reply::text(401, "")),
        }
    }

    /// Tells who a write is made by: the key's user, or the user of the `From` header.
    pub(crate) fn requester(&self, call: &Call, caller: Caller) -> Result<UserIx, Refusal> {
        if let Caller::User(user) = caller {
            return Ok(user);
        }
        let from = call.header("from").map(str::trim).filter(|from| !from.is_empty());
        let from = from.ok_or(Refusal::new(400, 2016, FROM_MISSING))?;
        let unknown = Refusal { errors: Some(Vec::new()), ..Refusal::new(400, 1008, "Requester User Not Found") };
        self.user_by_email(from).ok_or(unknown)
    }
}

/// Takes the token out of `Token token=x`, `Token token="x"` or `Bearer x`; a bare `Token x` has none.
fn token_of(header: &str) -> Option<&str> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest);
    }
    let token = rest.strip_prefix("token=").filter(|_| scheme.eq_ignore_ascii_case("token"))?;
    Some(token.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::token_of;

    #[test]
    fn only_the_documented_schemes_carry_a_token() {
        assert_eq!(token_of("Token token=abc"), Some("abc"));
        assert_eq!(token_of("Token token=\"abc\""), Some("abc"));
        assert_eq!(token_of("Bearer abc"), Some("abc"));
        assert_eq!(token_of("Token abc"), None);
        assert_eq!(token_of("abc"), None);
    }
}
