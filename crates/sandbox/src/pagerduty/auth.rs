//! Who makes a REST call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::UserIx;
use super::oauth::scope_for;
use super::refusal::{Refusal, missing_scopes};
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

/// A further token: whose it is, and whether it may only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// None for one of the account's own.
    pub(crate) user: Option<UserIx>,
    pub(crate) read_only: bool,
}

/// A credential that was accepted.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) caller: Caller,
    /// What the rate limit goes by: the account's key, a user whatever the key, or an app.
    pub(crate) credential: String,
}

impl State {
    /// Lets a call in by its credential; `what` is the first part of the path, which an OAuth token's scopes go by.
    pub(crate) fn authenticate(&self, call: &Call, what: &str, now: Timestamp) -> Result<Pass, Reply> {
        let given = call.header("authorization").and_then(token_of);
        match given {
            Some((_, token)) if token == self.account_token => {
                Ok(Pass { caller: Caller::Account, credential: "account".to_owned() })
            }
            Some((_, token)) if token == self.user_token => {
                let credential = self.user(self.automation_user).id.clone();
                Ok(Pass { caller: Caller::User(self.automation_user), credential })
            }
            Some((_, token)) if self.keys.contains_key(token) => self.authenticate_key(self.keys[token], call, what),
            Some((Scheme::Bearer, token)) => self.authenticate_app(token, call.method.as_str(), what, now),
            _ => Err(self.unauthorized()),
        }
    }

    /// Lets a further token in, for what it may do. Analytics and previews are asked for with POST, and read all the same.
    fn authenticate_key(&self, key: Key, call: &Call, what: &str) -> Result<Pass, Reply> {
        let reads =
            call.method == http::Method::GET || what == "analytics" || call.segments.ends_with(&["preview".to_owned()]);
        if key.read_only && !reads {
            return Err(Refusal::of_status(403));
        }
        Ok(match key.user {
            None => Pass { caller: Caller::Account, credential: "account".to_owned() },
            Some(user) => Pass { caller: Caller::User(user), credential: self.user(user).id.clone() },
        })
    }

    /// Lets an app in, which is nobody in particular, for what its token's scopes say.
    fn authenticate_app(&self, token: &str, method: &str, what: &str, now: Timestamp) -> Result<Pass, Reply> {
        let scopes = self.oauth.scopes_of(token, now).ok_or_else(|| self.unauthorized())?;
        let required = scope_for(method, what);
        if !scopes.contains(&required) {
            return Err(Reply::json(403, &missing_scopes(&required, &scopes.join(" "))));
        }
        Ok(Pass { caller: Caller::Account, credential: format!("app {}", self.oauth.client_id) })
    }

    fn unauthorized(&self) -> Reply {
        if self.config.unauthorized_json { Refusal::of_status(401) } else { Reply::text(401, "") }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Token,
    Bearer,
}

/// Takes the token out of `Token token=x`, `Token token="x"` or `Bearer x`; a bare `Token x` has none.
fn token_of(header: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some((Scheme::Bearer, rest));
    }
    let token = rest.strip_prefix("token=").filter(|_| scheme.eq_ignore_ascii_case("token"))?;
    Some((Scheme::Token, token.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::{Scheme, token_of};

    #[test]
    fn only_the_documented_schemes_carry_a_token() {
        assert_eq!(token_of("Token token=abc"), Some((Scheme::Token, "abc")));
        assert_eq!(token_of("Token token=\"abc\""), Some((Scheme::Token, "abc")));
        assert_eq!(token_of("Bearer abc"), Some((Scheme::Bearer, "abc")));
        assert_eq!(token_of("Token abc"), None);
        assert_eq!(token_of("abc"), None);
    }
}
