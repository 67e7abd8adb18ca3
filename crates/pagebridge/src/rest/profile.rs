//! Whose account a command talks to, with which credentials, and where.
//!
//! `--profile NAME` takes that profile, or that system of kind pagerduty, and nothing of the environment. Otherwise the environment wins over
//! the account that is there without a name; what the environment does not say of a token or key comes from there only if it is the same
//! token or key, so that two accounts are never mixed.

use crate::config::{self, Account, Accounts};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use clap::Args;
use pagebridge_actions::Caller;
use pagebridge_ports::{Clock, SystemClock};
use pagerduty::{Client, Region, RetryPolicy, Retrying, Secret};
use std::path::PathBuf;

/// Names of the environment; of each the first that is set counts. The last of some are those of the integrations that the bridge replaces.
const API_TOKEN: &[&str] = &["PD_API_TOKEN", "PAGERDUTY_API_TOKEN", "PAGERDUTY_API_KEY"];
const FROM: &[&str] = &["PAGERDUTY_FROM", "PAGERDUTY_EMAIL"];
const ROUTING_KEY: &[&str] = &["PD_ROUTING_KEY", "PAGERDUTY_ROUTING_KEY"];
const CHANGE_ROUTING_KEY: &[&str] = &["PD_CHANGE_ROUTING_KEY", "PAGERDUTY_CHANGE_ROUTING_KEY"];
const SERVICE_KEY: &[&str] = &["PAGERDUTY_SERVICE_KEY"];
const API_URL: &[&str] = &["PAGERDUTY_API_URL"];
const EVENTS_URL: &[&str] = &["PAGERDUTY_EVENTS_URL", "PAGERDUTY_EVENTS_API_URL"];
const PROFILE: &str = "PAGEBRIDGE_PROFILE";

/// Whose account, as the command line says.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ProfileArgs {
    /// The account: `[profiles.NAME]` of the configuration or of ~/.config/pagebridge/profiles.toml, or a system of kind pagerduty
    /// [env: PAGEBRIDGE_PROFILE]
    #[arg(long, value_name = "NAME", help_heading = "Account")]
    pub(crate) profile: Option<String>,
    /// The configuration file [default: pagebridge.toml, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Account")]
    pub(crate) config: Option<PathBuf>,
    /// E-mail address of the user in whose name changes are made [env: PAGERDUTY_FROM]
    #[arg(long, value_name = "EMAIL", help_heading = "Account")]
    pub(crate) from: Option<String>,
    /// How often a call is sent at most, where a repeat is safe and may help
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20), help_heading = "Account")]
    pub(crate) tries: u32,
}

/// One account with everything that is known of it. Nothing is required before it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Where it comes from, in words.
    pub(crate) origin: String,
    /// The key of the REST API.
    pub(crate) api_token: Option<Secret>,
    /// In whose name changes are made.
    pub(crate) from: Option<String>,
    /// Of events of version 2.
    pub(crate) routing_key: Option<Secret>,
    /// Of change events; `routing_key` serves too.
    pub(crate) change_routing_key: Option<Secret>,
    /// Of events of version 1; `routing_key` serves too.
    pub(crate) service_key: Option<Secret>,
    /// Where the REST API is.
    pub(crate) api_url: String,
    /// Where the Events API is.
    pub(crate) events_url: String,
    direct: bool,
    tries: u32,
}

impl Profile {
    /// Finds the account. That it lacks something is no error here.
    ///
    /// # Errors
    /// [`Exit::Config`] when there is no such profile, or a file cannot be used.
    pub(crate) fn find(args: &ProfileArgs, env: &Env) -> Result<Self, CliError> {
        for complaint in &env.complaints {
            output::complain(&format!("{}: {complaint}", output::yellow("warning")));
        }
        let files = config::accounts(args.config.as_deref(), env)
            .map_err(|told| CliError::new(Exit::Config, told.trim_end(), "`pagebridge check` tells more"))?;
        Self::choose(&files, args, env)
    }

    fn choose(files: &[Accounts], args: &ProfileArgs, env: &Env) -> Result<Self, CliError> {
        let named = args.profile.as_deref().or(env.get(PROFILE));
        let (origin, account) = match named {
            Some(name) => by_name(files, name, env)?,
            None => by_environment(files, env)?,
        };
        let api_url = account.api_url.unwrap_or_else(|| Region::Us.rest_url().to_owned());
        Ok(Self {
            origin,
            api_token: account.api_token,
            from: args.from.clone().or(account.from),
            routing_key: account.routing_key,
            change_routing_key: account.change_routing_key,
            service_key: account.service_key,
            events_url: account.events_url.unwrap_or_else(|| events_url_beside(&api_url)),
            api_url,
            direct: account.direct,
            tries: args.tries,
        })
    }

    /// Makes the client that sends each call once, with whatever credential there is.
    ///
    /// # Errors
    /// [`Exit::Config`] when an address, the token or the e-mail address cannot be used.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let mut client = Client::builder()
            .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
            .rest_url(&self.api_url)
            .events_url(&self.events_url);
        if let Some(token) = &self.api_token {
            client = client.token(token.clone());
        }
        if let Some(from) = &self.from {
            client = client.from(from);
        }
        if self.direct {
            client = client.no_proxy();
        }
        client.build().map_err(|error| {
            CliError::new(Exit::Config, format!("{}: {error}", self.origin), "docs/configuration.md, [profiles.NAME]")
        })
    }

    /// Makes the client that repeats what may be repeated.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub(crate) fn retrying(&self) -> Result<Retrying, CliError> {
        let policy = RetryPolicy { attempts_max: self.tries, ..RetryPolicy::default() };
        Ok(Retrying::new(self.client()?, policy))
    }

    /// Makes what actions are run with.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub(crate) fn caller(&self) -> Result<Caller, CliError> {
        let caller = Caller::new(self.retrying()?, SystemClock.now().0);
        Ok(Caller {
            from: self.from.clone(),
            routing_key: self.routing_key.clone(),
            change_routing_key: self.change_routing_key.clone(),
            service_key: self.service_key.clone(),
            ..caller
        })
    }

    /// Gives the token of the REST API.
    ///
    /// # Errors
    /// [`Exit::Config`] when there is none, with all the places where one may stand.
    pub(crate) fn needed_token(&self) -> Result<&Secret, CliError> {
        self.api_token.as_ref().ok_or_else(|| self.lacks("API token", API_TOKEN[0], "api_token"))
    }

    /// Gives the routing key of events.
    ///
    /// # Errors
    /// [`Exit::Config`] when there is none, with all the places where one may stand.
    pub(crate) fn needed_routing_key(&self) -> Result<&Secret, CliError> {
        self.routing_key.as_ref().ok_or_else(|| self.lacks("routing key", ROUTING_KEY[0], "routing_key"))
    }

    /// Gives the routing key of change events, or that of events.
    ///
    /// # Errors
    /// [`Exit::Config`] when there is neither, with all the places where one may stand.
    pub(crate) fn needed_change_key(&self) -> Result<&Secret, CliError> {
        let key = self.change_routing_key.as_ref().or(self.routing_key.as_ref());
        key.ok_or_else(|| self.lacks("routing key of changes", CHANGE_ROUTING_KEY[0], "change_routing_key"))
    }

    fn lacks(&self, what: &str, variable: &str, key: &str) -> CliError {
        let hint = format!(
            "set {variable} in the environment or in `.env`, or add `{key}` to [profiles.default] in pagebridge.toml or \
             ~/.config/pagebridge/profiles.toml"
        );
        CliError::new(Exit::Config, format!("{} has no {what}", self.origin), hint)
    }
}

fn by_name(files: &[Accounts], name: &str, env: &Env) -> Result<(String, Account), CliError> {
    for file in files {
        let found = file.profiles.iter().chain(&file.systems).find(|account| account.name == name);
        if let Some(found) = found {
            return Ok((format!("the profile `{name}` of {}", file.path), resolved(file, found, env)?));
        }
    }
    let known: Vec<&str> = files
        .iter()
        .flat_map(|file| file.profiles.iter().chain(&file.systems))
        .map(|known| known.name.as_str())
        .collect();
    let hint = if known.is_empty() {
        format!("add [profiles.{name}] to pagebridge.toml or ~/.config/pagebridge/profiles.toml")
    } else {
        format!("there are {}", known.join(", "))
    };
    Err(CliError::new(Exit::Config, format!("there is no profile `{name}`"), hint))
}

fn resolved(file: &Accounts, raw: &config::RawProfile, env: &Env) -> Result<Account, CliError> {
    file.resolve(raw, env).map_err(|told| {
        let message = format!("the profile `{}` cannot be used:\n{}", raw.name, told.trim_end());
        CliError::new(Exit::Config, message, "")
    })
}

fn by_environment(files: &[Accounts], env: &Env) -> Result<(String, Account), CliError> {
    let set = |names: &[&str]| names.iter().find_map(|name| env.get(name));
    let secret = |names: &[&str]| set(names).map(Secret::new);
    let said = Account {
        api_token: secret(API_TOKEN),
        from: set(FROM).map(str::to_owned),
        routing_key: secret(ROUTING_KEY),
        change_routing_key: secret(CHANGE_ROUTING_KEY),
        service_key: secret(SERVICE_KEY),
        api_url: set(API_URL).map(str::to_owned),
        // The module that the bridge replaces had the whole address.
        events_url: set(EVENTS_URL).map(|url| url.trim_end_matches('/').trim_end_matches("/v2/enqueue").to_owned()),
        direct: false,
    };
    let (origin, usual) = usual(files, said.api_token.as_ref(), env)?;
    let same =
        |a: &Option<Secret>, b: &Option<Secret>| a.as_ref().map(Secret::expose) == b.as_ref().map(Secret::expose);
    let rest_is_ours = said.api_token.is_none() || same(&said.api_token, &usual.api_token);
    let events_are_ours = said.routing_key.is_none() || same(&said.routing_key, &usual.routing_key);
    let rest = if rest_is_ours { usual.clone() } else { Account::default() };
    // Whoever has routing keys alone does not say whose they are.
    let events =
        if events_are_ours && (rest_is_ours || usual.api_token.is_none()) { usual } else { Account::default() };
    let origin = if said.api_token.is_some() { "the environment".to_owned() } else { origin };
    Ok((
        origin,
        Account {
            api_token: said.api_token.or(rest.api_token),
            from: said.from.or(rest.from),
            api_url: said.api_url.or(rest.api_url),
            routing_key: said.routing_key.or(events.routing_key),
            change_routing_key: said.change_routing_key.or(events.change_routing_key),
            service_key: said.service_key.or(events.service_key),
            events_url: said.events_url.or(events.events_url),
            direct: rest.direct,
        },
    ))
}

/// The account without a name: in the first file that has one, `[profiles.default]`, else its only profile, else the one whose token the
/// environment has, else its only system of kind pagerduty, with the only routing key.
fn usual(files: &[Accounts], token: Option<&Secret>, env: &Env) -> Result<(String, Account), CliError> {
    for file in files {
        let by_default = file.profiles.iter().find(|profile| profile.name == "default");
        if let Some(found) = by_default.or_else(|| only(&file.profiles)) {
            return Ok((format!("the profile `{}` of {}", found.name, file.path), resolved(file, found, env)?));
        }
        let mut account = Account::default();
        let mut origin = None;
        let owns = |system: &&config::RawProfile| {
            let own = token.and_then(|token| Some((token, file.resolve(system, env).ok()?.api_token?)));
            own.is_some_and(|(token, own)| token.expose() == own.expose())
        };
        if let Some(found) = file.systems.iter().find(owns).or_else(|| only(&file.systems)) {
            account = resolved(file, found, env)?;
            origin = Some(format!("the system `{}` of {}", found.name, file.path));
        }
        if let Some(found) = only(&file.senders) {
            // Whoever wants no events need not have its key at hand.
            let key = file.resolve(found, env).unwrap_or_default();
            (account.routing_key, account.events_url) = (key.routing_key, key.events_url);
            origin = origin.or_else(|| Some(format!("the system `{}` of {}", found.name, file.path)));
        }
        if let Some(origin) = origin {
            return Ok((origin, account));
        }
    }
    let several: Vec<&str> = files.iter().flat_map(|f| &f.profiles).map(|profile| profile.name.as_str()).collect();
    let origin = if several.is_empty() {
        "the environment".to_owned()
    } else {
        format!("the environment (without --profile; there are {})", several.join(", "))
    };
    Ok((origin, Account::default()))
}

fn only<T>(all: &[T]) -> Option<&T> {
    if let [one] = all { Some(one) } else { None }
}

/// Where the Events API is when only the REST API's address is known: in the same region, or where the stand-in is.
fn events_url_beside(api_url: &str) -> String {
    let api_url = api_url.trim_end_matches('/');
    for region in [Region::Us, Region::Eu] {
        if region.rest_url() == api_url {
            return region.events_url().to_owned();
        }
    }
    api_url.to_owned()
}

#[cfg(test)]
mod tests;
