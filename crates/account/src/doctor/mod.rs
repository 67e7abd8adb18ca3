//! `doctor`: whether pages arrive. Every judge here is pure.

mod access;
mod keys;
mod people;
mod rules;
mod services;
mod traffic;
mod webhooks;

use crate::account::{Access, Account, Scope, Token};
use crate::checks::READING;
use crate::finding::Finding;

pub(crate) use people::{judge_user, judge_zone, schedule_object, user_object, works};
pub(crate) use services::policy_object;
pub use webhooks::{Reach, addresses, judge_addresses};

/// Judges what was read; `account` is `None` when the token was not taken, since nothing could be read then.
///
/// Every check that could look tells at least once: that all is well, or each thing that is not.
pub fn doctor(access: &Access, account: Option<&Account>, scope: &Scope) -> Vec<Finding> {
    let mut found = access::judge(access, scope);
    let Some(account) = account.filter(|_| matches!(access.token, Token::Taken | Token::Narrow)) else {
        found.extend(keys::judge_shape(scope));
        return found;
    };
    found.extend(keys::judge(account, scope));
    found.extend(services::judge(account, scope));
    found.extend(people::judge(account, scope));
    found.extend(webhooks::judge(account, scope));
    found.extend(rules::judge(account, scope));
    found.extend(traffic::judge(account, scope));
    found.extend(account.unread.iter().map(|unread| {
        let remedy = format!("give the token the right to read {}, or look at them in PagerDuty", unread.what);
        Finding::warning(READING, format!("{} could not be read: {}", unread.what, unread.reason), remedy)
    }));
    found
}

/// Rows for tests of the judges.
#[cfg(test)]
pub(crate) mod testing {
    use crate::account::Account;
    use crate::finding::{Finding, Severity};
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    /// Reads objects as the API shows them.
    pub(crate) fn read<T: DeserializeOwned>(objects: Value) -> Vec<T> {
        serde_json::from_value(objects).expect("objects")
    }

    /// Noon of a Friday.
    pub(crate) fn noon() -> Account {
        Account { now: "2026-11-20T12:00:00Z".parse().expect("a time"), ..Account::default() }
    }

    /// Each finding in short.
    pub(crate) fn told(found: &[Finding]) -> Vec<String> {
        let told = |one: &Finding| {
            let name = one.object.as_ref().map(|object| format!("{}: ", object.name)).unwrap_or_default();
            format!("{:?} {}: {name}{}", one.severity, one.check, one.detail)
        };
        assert!(found.iter().all(|one| one.severity == Severity::Ok || !one.remedy.is_empty()), "{found:?}");
        found.iter().map(told).collect()
    }

    /// The worst of them, and how many are as bad.
    pub(crate) fn worst(found: &[Finding]) -> (Severity, usize) {
        let worst = found.iter().map(|one| one.severity).max().unwrap_or(Severity::Ok);
        (worst, found.iter().filter(|one| one.severity == worst).count())
    }
}
