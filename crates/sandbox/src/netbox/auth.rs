//! Who calls: tokens of both kinds, users, and what they may do to NetBox's own objects.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{Times, rest_time};
use super::refusal::Refusal;
use super::state::State;
use crate::wire::Call;

/// How tokens of the second kind begin; NetBox looks at this alone, not at the word before it.
const V2: &str = "nbt_";

/// What a user may do to NetBox's own objects. The plugin asks nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetBoxRights {
    /// Nothing.
    #[default]
    None,
    /// Look at them.
    View,
    /// Everything.
    All,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) rights: NetBoxRights,
    pub(crate) times: Times,
}

/// What is true of a token besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewToken {
    /// Whose it is; a user that nobody has heard of is made, with `rights`.
    pub user: String,
    /// What a new user may do to NetBox's own objects.
    pub rights: NetBoxRights,
    /// A token of the second kind (`nbt_...`).
    pub v2: bool,
    /// It may not write.
    pub read_only: bool,
    /// It is switched off.
    pub disabled: bool,
    /// When it is no longer good.
    pub expires: Option<Timestamp>,
    /// It is bound to networks from which nobody calls here.
    pub elsewhere: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) user: u64,
    pub(crate) is: NewToken,
}

/// Who makes one call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: User,
    pub(crate) writes: bool,
}

impl State {
    /// Finds out who calls. Everything that is wrong with that is a 403.
    pub(crate) fn caller(&self, call: &Call, now: Timestamp) -> Result<Caller, Refusal> {
        let header = call.header("authorization").unwrap_or_default();
        let mut words = header.split_whitespace();
        let is_known =
            words.next().is_some_and(|word| ["token", "bearer"].iter().any(|known| word.eq_ignore_ascii_case(known)));
        if !is_known {
            return Err(Refusal::no_credentials());
        }
        let given = words.next().unwrap_or_default();
        let bad = |why: &str| Refusal::Detail(403, why.to_owned());
        let unknown = if given.starts_with(V2) { "Invalid v2 token" } else { "Invalid v1 token" };
        let token = self.tokens.iter().find(|token| token.text == given).ok_or_else(|| bad(unknown))?;
        if token.is.elsewhere {
            return Err(bad("Source IP is not permitted to authenticate using this token."));
        }
        if token.is.disabled {
            return Err(bad("Token disabled"));
        }
        if token.is.expires.is_some_and(|expires| expires <= now) {
            return Err(bad("Token expired"));
        }
        let user = self.users.iter().find(|user| user.id == token.user).ok_or_else(|| bad("User inactive"))?;
        Ok(Caller { user: user.clone(), writes: !token.is.read_only })
    }

    pub(crate) fn add_token(&mut self, token: NewToken, text: Option<String>, now: Timestamp) -> String {
        let user = self.user(&token.user, token.rights, now);
        let drawn = if token.v2 {
            let (name, secret) = (self.random.hex32(), self.random.hex32() + &self.random.hex32());
            format!("{V2}{}.{}", &name[..12], &secret[..40])
        } else {
            (self.random.hex32() + &self.random.hex32())[..40].to_owned()
        };
        let text = text.unwrap_or(drawn);
        self.tokens.push(Token { text: text.clone(), user, is: token });
        text
    }

    /// Finds a user by name, or makes one.
    pub(crate) fn user(&mut self, username: &str, rights: NetBoxRights, now: Timestamp) -> u64 {
        if let Some(user) = self.users.iter().find(|user| user.username == username) {
            return user.id;
        }
        let id = self.users.len() as u64 + 1;
        self.users.push(User { id, username: username.to_owned(), rights, times: Times::new(now) });
        id
    }
}

/// Shows a user as `/api/authentication-check/` does.
pub(crate) fn user_json(user: &User, base: &str) -> Value {
    json!({
        "id": user.id,
        "url": format!("{base}/api/users/users/{}/", user.id),
        "display_url": format!("{base}/users/users/{}/", user.id),
        "display": user.username,
        "username": user.username,
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_active": true,
        "date_joined": rest_time(user.times.created()),
        "last_login": null,
        "groups": [],
        "permissions": [],
    })
}
