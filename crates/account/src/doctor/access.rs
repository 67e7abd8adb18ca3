//! The token: whether it is taken, how much it may still do, and in whose name.

use crate::account::{Access, ActsAs, Identity, Scope, Token, Writes};
use crate::checks::{RATE, TOKEN, USER, WRITES};
use crate::finding::Finding;

/// Below one part in so many of the limit a person is told.
const RATE_PARTS: u64 = 10;

/// Roles of users who may look and not act on incidents.
const LOOKERS: [&str; 3] = ["read_only_user", "read_only_limited_user", "observer"];

pub(super) fn judge(access: &Access, scope: &Scope) -> Vec<Finding> {
    let token = token(&access.token);
    if !matches!(access.token, Token::Taken | Token::Narrow) {
        return vec![token];
    }
    [Some(token), rate(access), Some(writes(&access.writes, scope)), Some(user(access, scope))]
        .into_iter()
        .flatten()
        .collect()
}

fn token(token: &Token) -> Finding {
    match token {
        Token::Taken => Finding::ok(TOKEN, "PagerDuty takes it"),
        Token::Narrow => Finding::ok(TOKEN, "PagerDuty takes it; it may not list the account's abilities"),
        Token::Unknown(reason) => Finding::failed(
            TOKEN,
            reason.clone(),
            "set the token to a REST API key (not an integration key) of this account and region",
        ),
        Token::Throttled(reason) => Finding::failed(
            RATE,
            format!("nothing is left of the minute's calls: {reason}"),
            "wait a minute; then find who else uses this token, since each token's user has one limit for all programs",
        ),
        Token::Unreached(reason) => Finding::failed(
            TOKEN,
            reason.clone(),
            "check the address of the API, name resolution, the firewall and the proxy",
        ),
    }
}

fn rate(access: &Access) -> Option<Finding> {
    let (limit, remaining) = (access.rate_limit.limit?, access.rate_limit.remaining?);
    let detail = format!("{remaining} of {limit} calls a minute are left");
    if remaining.saturating_mul(RATE_PARTS) >= limit {
        return Some(Finding::ok(RATE, detail));
    }
    let remedy = "find who else uses this token: page with limit=100, back off after 429, or give each program a user of its own";
    Some(Finding::warning(RATE, detail, remedy))
}

fn writes(writes: &Writes, scope: &Scope) -> Finding {
    match writes {
        Writes::Allowed => Finding::ok(WRITES, "the token may change incidents"),
        Writes::Unknown(reason) => Finding::ok(WRITES, format!("could not be found out: {reason}")),
        Writes::Refused(reason) => {
            let detail = format!("the token may only read, so every change is refused: {reason}");
            let remedy = "make an API key that is not read-only, or give the app the missing scope";
            if scope.writes {
                Finding::failed(WRITES, detail, remedy)
            } else {
                Finding::warning(WRITES, detail, remedy)
            }
        }
    }
}

fn user(access: &Access, scope: &Scope) -> Finding {
    const REMEDY: &str = "set `from` (PAGERDUTY_FROM) to the e-mail address of a user of the account";
    match (&access.acts_as, &access.identity) {
        (ActsAs::Missing(email), _) => {
            Finding::failed(USER, format!("no user of the account has the address `{email}`"), REMEDY)
        }
        (_, Identity::User { name, role: Some(role), .. }) if LOOKERS.contains(&role.as_str()) => Finding::warning(
            USER,
            format!("the token is {name}'s, whose role {role} may not act on incidents"),
            "use the token of a responder, or give the user another role",
        ),
        (ActsAs::Found { id, name }, _) => Finding::ok(USER, format!("changes are made as {name} ({id})")),
        (ActsAs::Unknown(reason), _) => Finding::warning(
            USER,
            format!("the user in whose name changes are made could not be looked up: {reason}"),
            REMEDY,
        ),
        (ActsAs::NotGiven, Identity::User { id, name, .. }) => {
            Finding::ok(USER, format!("the token is {name}'s ({id}), and so are changes"))
        }
        (ActsAs::NotGiven, _) if scope.writes => {
            Finding::failed(USER, "the token is the account's, and no user is named for changes", REMEDY)
        }
        (ActsAs::NotGiven, Identity::Account) => {
            Finding::ok(USER, "the token is the account's: changes of incidents want PAGERDUTY_FROM or --from")
        }
        (ActsAs::NotGiven, Identity::Unknown(reason)) => {
            Finding::ok(USER, format!("whose token it is could not be found out: {reason}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{told, worst};
    use super::*;
    use crate::finding::Severity;
    use pagerduty::RateLimit;

    fn well() -> Access {
        Access {
            token: Token::Taken,
            rate_limit: RateLimit { limit: Some(960), remaining: Some(900), reset: None },
            identity: Identity::Account,
            writes: Writes::Allowed,
            acts_as: ActsAs::Found { id: "PU1".to_owned(), name: "Ann".to_owned() },
        }
    }

    #[test]
    fn the_token_is_judged_by_what_it_may_do() {
        let (bare, bridge) = (Scope::default(), Scope { writes: true, ..Scope::default() });
        let role = |role: &str| Identity::User {
            id: "PU1".to_owned(),
            name: "Ann".to_owned(),
            email: "ann@example.test".to_owned(),
            role: Some(role.to_owned()),
        };
        let rate = |remaining| RateLimit { limit: Some(960), remaining: Some(remaining), reset: None };
        let no = || "no".to_owned();
        let (ok, warning, failed) = (Severity::Ok, Severity::Warning, Severity::Failed);
        for (access, scope, expected, says) in [
            (well(), &bridge, ok, "changes are made as Ann (PU1)"),
            (Access { token: Token::Narrow, ..well() }, &bridge, ok, "may not list"),
            (Access { token: Token::Unknown(no()), ..well() }, &bridge, failed, "API token: no"),
            (Access { token: Token::Throttled(no()), ..well() }, &bare, failed, "rate limit: nothing is left"),
            (Access { token: Token::Unreached(no()), ..well() }, &bare, failed, "API token: no"),
            (Access { rate_limit: rate(96), ..well() }, &bare, ok, "96 of 960"),
            (Access { rate_limit: rate(95), ..well() }, &bare, warning, "95 of 960"),
            (Access { writes: Writes::Refused(no()), ..well() }, &bare, warning, "may only read"),
            (Access { writes: Writes::Refused(no()), ..well() }, &bridge, failed, "may only read"),
            (Access { writes: Writes::Unknown(no()), ..well() }, &bridge, ok, "could not be found out"),
            (Access { acts_as: ActsAs::Missing("x@y".to_owned()), ..well() }, &bare, failed, "`x@y`"),
            (Access { acts_as: ActsAs::Unknown(no()), ..well() }, &bare, warning, "could not be looked up"),
            (Access { acts_as: ActsAs::NotGiven, ..well() }, &bare, ok, "PAGERDUTY_FROM"),
            (Access { acts_as: ActsAs::NotGiven, ..well() }, &bridge, failed, "no user is named"),
            (Access { acts_as: ActsAs::NotGiven, identity: role("user"), ..well() }, &bridge, ok, "Ann's (PU1)"),
            (Access { identity: role("observer"), ..well() }, &bare, warning, "role observer"),
        ] {
            let found = judge(&access, scope);
            let all = told(&found).join("\n");
            assert_eq!(worst(&found).0, expected, "{access:?}: {all}");
            assert!(all.contains(says), "{says}: {all}");
        }
    }
}
