//! `POST /oauth/token` on the identity host: tokens for an app, by its id and secret.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::state::State;
use crate::clock::after;
use crate::random::Random;
use crate::wire::{Call, Reply, pairs};

/// The app that may ask for tokens, and the tokens it has.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OAuth {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    random: Random,
    #[serde(with = "crate::state_file::pairs")]
    issued: HashMap<String, Issued>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Issued {
    scopes: Vec<String>,
    expires_at: Timestamp,
}

/// Says why no token is given, in the words of RFC 6749.
struct Denied {
    status: u16,
    error: &'static str,
    description: String,
}

impl OAuth {
    pub(crate) fn new(client_id: Option<String>, client_secret: Option<String>, seed: u64) -> OAuth {
        // A generator of its own, so that ids elsewhere do not depend on how many tokens there are.
        let mut random = Random::new(seed ^ 0x0A07);
        OAuth {
            client_id: client_id.unwrap_or_else(|| random.uuid()),
            client_secret: client_secret.unwrap_or_else(|| random.token("")),
            random,
            issued: HashMap::new(),
        }
    }

    /// Returns the scopes of a token that is still good.
    pub(crate) fn scopes_of(&self, token: &str, now: Timestamp) -> Option<&[String]> {
        self.issued.get(token).filter(|issued| now < issued.expires_at).map(|issued| issued.scopes.as_slice())
    }
}

impl State {
    pub(crate) fn issue_token(&mut self, call: &Call, now: Timestamp) -> Reply {
        match self.try_issue(call, now) {
            Ok(reply) => reply.with("cache-control", "no-store"),
            Err(Denied { status, error, description }) => {
                Reply::json(status, &json!({"error": error, "error_description": description}))
            }
        }
    }

    fn try_issue(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Denied> {
        let form = pairs(&String::from_utf8_lossy(&call.body));
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if field("grant_type") != "client_credentials" {
            let description = "grant_type must be client_credentials, in a form".to_owned();
            return Err(Denied { status: 400, error: "unsupported_grant_type", description });
        }
        if field("client_id") != self.oauth.client_id || field("client_secret") != self.oauth.client_secret {
            let description = "client_id or client_secret is wrong".to_owned();
            return Err(Denied { status: 401, error: "invalid_client", description });
        }
        let scope = field("scope");
        let mut scopes: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        let account = scopes.iter().position(|one| self.is_this_account(one)).ok_or_else(|| Denied {
            status: 400,
            error: "invalid_request",
            description: format!("Invalid scope: it must hold as_account-us.{}", self.subdomain()),
        })?;
        scopes.remove(account);
        let token = self.oauth.random.token("pdus+");
        let expires_in = self.config.oauth_token_s;
        let expires_at = after(now, expires_in.saturating_mul(1_000));
        self.oauth.issued.insert(token.clone(), Issued { scopes, expires_at });
        let body = json!({
            "access_token": token, "token_type": "bearer", "scope": scope, "expires_in": expires_in,
        });
        Ok(Reply::json(200, &body))
    }

    /// Tells whether a scope such as `as_account-us.acme` names this account, in either region.
    fn is_this_account(&self, scope: &str) -> bool {
        let named = scope.strip_prefix("as_account-us.").or_else(|| scope.strip_prefix("as_account-eu."));
        named.is_some_and(|name| name == self.subdomain())
    }

    /// The account's name, as its web address has it.
    fn subdomain(&self) -> &str {
        let host = self.config.web_base.split_once("://").map_or(self.config.web_base.as_str(), |(_, host)| host);
        host.split(['.', ':', '/']).next().unwrap_or_default()
    }
}

/// Names the scope that an operation needs, such as `incidents.write`.
pub(crate) fn scope_for(method: &str, first_part: &str) -> String {
    let what = match first_part {
        "log_entries" => "incidents",
        "maintenance_windows" => "services",
        other => other,
    };
    format!("{what}.{}", if method == "GET" { "read" } else { "write" })
}
