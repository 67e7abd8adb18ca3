//! Where events go.

use super::args::PlaceArgs;
use crate::config::{self, Overrides};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::rest::profile::Profile;
use reqwest::Url;
use std::net::IpAddr;

/// The environment's name for the bridge's address.
const BRIDGE: &str = "PAGEBRIDGE_URL";
/// The environment's names for the address of the Events API.
const EVENTS: &[&str] = &["PAGERDUTY_EVENTS_URL", "PAGERDUTY_EVENTS_API_URL"];

/// Who takes events, and why it is that one.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The address before `/v2/enqueue`.
    pub(crate) url: String,
    /// Who said so.
    pub(crate) because: &'static str,
    /// Whether the proxy variables of the environment do not count.
    pub(crate) direct: bool,
}

impl Place {
    /// Finds the receiver.
    ///
    /// # Errors
    /// [`Exit::Config`] when what is said is not an address.
    pub(crate) fn find(args: &PlaceArgs, profile: &Profile, env: &Env) -> Result<Self, CliError> {
        let set = |names: &[&str]| names.iter().find_map(|name| env.get(name)).map(str::to_owned);
        let to = args.to.clone().filter(|to| !to.trim().is_empty());
        let (text, because) = if let Some(to) = to {
            (to, "--to")
        } else if args.profile.is_some() {
            (profile.events_url.clone(), "--profile")
        } else if let Some(url) = set(&[BRIDGE]) {
            (url, BRIDGE)
        } else if let Some(url) = set(EVENTS) {
            (url, EVENTS[0])
        } else if let Some(url) = bridge(args, env) {
            (url, "the configuration's bridge")
        } else {
            (profile.events_url.clone(), "the account")
        };
        let url = parse(&text, because)?;
        Ok(Self { direct: is_local(&url), url: url.as_str().trim_end_matches('/').to_owned(), because })
    }
}

/// The bridge that the configuration describes, whether it runs or not: while it does not, events wait for it.
fn bridge(args: &PlaceArgs, env: &Env) -> Option<String> {
    let overrides = Overrides { config: args.config.clone(), ..Overrides::default() };
    let reach = config::load(&overrides, env).reach;
    let listen = reach.listen.filter(|_| reach.hears_senders)?;
    Some(crate::api::reachable(listen).to_string())
}

fn parse(text: &str, because: &str) -> Result<Url, CliError> {
    let wrong = |what: &str| {
        let hint = "give it as in `http://127.0.0.1:8080` or `https://events.pagerduty.com`";
        Err(CliError::new(Exit::Config, format!("the address of {because} {what}"), hint))
    };
    let bare = text.trim().trim_end_matches('/').trim_end_matches("/v2/enqueue").trim_end_matches("/v2/change/enqueue");
    let Some(url) = Url::parse(bare).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return wrong("is not one");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("may not hold a name or password: it is shown and kept");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("may have no `?` or `#`");
    }
    Ok(url)
}

/// A proxy would look for it on its own machine.
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(args: &PlaceArgs, env: &[(&str, &str)]) -> (String, &'static str) {
        let env = Env::of(env);
        let profile = super::super::profile(args, &env).expect("an account");
        let place = Place::find(args, &profile, &env).expect("a place");
        (place.url, place.because)
    }

    #[test]
    fn what_is_said_last_wins() {
        let to = PlaceArgs { to: Some("http://b.example/pb/v2/enqueue/".to_owned()), ..PlaceArgs::default() };
        let nothing = PlaceArgs::default();
        let all = [("PAGEBRIDGE_URL", "http://c.example/"), ("PAGERDUTY_EVENTS_URL", "http://d.example")];
        let own = |url: &str, because| (url.to_owned(), because);
        assert_eq!(found(&to, &all), own("http://b.example/pb", "--to"));
        assert_eq!(found(&nothing, &all), own("http://c.example", "PAGEBRIDGE_URL"));
        assert_eq!(found(&nothing, &all[1..]), own("http://d.example", "PAGERDUTY_EVENTS_URL"));
        let eu = [("PAGERDUTY_API_URL", "https://api.eu.pagerduty.com")];
        assert_eq!(found(&nothing, &eu), own("https://events.eu.pagerduty.com", "the account"));
        assert_eq!(found(&nothing, &[]), own("https://events.pagerduty.com", "the account"));
    }

    #[test]
    fn an_address_holds_no_secret_and_no_query() {
        for (text, told) in [
            ("b.example", "is not one"),
            ("ftp://b.example", "is not one"),
            ("http://u:s3cret@b.example", "may not hold a name or password"),
            ("http://b.example/?token=s3cret", "may have no `?`"),
        ] {
            let error = parse(text, "--to").expect_err("refused").to_string();
            assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_reached_without_a_proxy() {
        let local = |text| is_local(&Url::parse(text).expect("an address"));
        assert!(local("http://127.0.0.1:1") && local("http://localhost") && local("http://[::1]:2"));
        assert!(!local("http://10.0.0.1") && !local("https://events.pagerduty.com"));
    }
}
