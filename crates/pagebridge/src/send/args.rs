//! What `send` and `change` are told on the command line.

use crate::exit::CliError;
use clap::{Args, ValueEnum};
use pagerduty::Secret;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// How long sending may take when nobody says so, in seconds.
const TIMEOUT_S: u64 = 15;

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verb {
    /// Open an alert, or add to the open one with the same dedup key
    Trigger,
    /// Say that somebody works on it
    #[value(alias = "ack")]
    Acknowledge,
    /// Say that it is over
    Resolve,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Badness {
    Critical,
    Error,
    Warning,
    Info,
}

/// Where to, and with which key.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlaceArgs {
    /// The bridge, or whatever else takes PagerDuty's events [default: PAGEBRIDGE_URL, else PAGERDUTY_EVENTS_URL, else the bridge of
    /// the configuration if it hears senders, else PagerDuty]
    #[arg(long, value_name = "URL", help_heading = "Where to")]
    pub(crate) to: Option<String>,
    /// Integration key of the service; @FILE reads a file, since others on this machine see what is typed here
    #[arg(long, value_name = "KEY", help_heading = "Where to")]
    pub(crate) routing_key: Option<String>,
    /// The account: `[profiles.NAME]` of the configuration or of ~/.config/pagebridge/profiles.toml, or a system of kind pagerduty
    /// [env: PAGEBRIDGE_PROFILE]
    #[arg(long, value_name = "NAME", help_heading = "Where to")]
    pub(crate) profile: Option<String>,
    /// The configuration file [default: pagebridge.toml, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Where to")]
    pub(crate) config: Option<PathBuf>,
}

impl PlaceArgs {
    /// The routing key that the command line gives; a blank one is none.
    pub(crate) fn key(&self) -> Result<Option<Secret>, CliError> {
        let key = match self.routing_key.as_deref().map(str::trim) {
            Some(text) => Some(match text.strip_prefix('@') {
                Some(path) => super::secret_file(path.as_ref())?,
                None => Secret::new(text),
            }),
            None => None,
        };
        Ok(key.filter(|key| !key.expose().is_empty()))
    }
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// What is asked for
    #[arg(value_enum, required_unless_present_any = ["file", "flush", "spooled"], conflicts_with_all = ["file", "flush", "spooled"])]
    pub(crate) action: Option<Verb>,
    /// Key of the alert: a repeat with it adds to the open one [default for trigger: a new one]
    #[arg(value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The same as KEY
    #[arg(long, value_name = "KEY", conflicts_with = "key")]
    pub(crate) dedup_key: Option<String>,
    /// What is wrong; cut after 1024 characters
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) summary: Option<String>,
    /// What is broken, a host usually [default: this machine's name]
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) source: Option<String>,
    /// How bad it is
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "critical", help_heading = "Of a trigger")]
    pub(crate) severity: Badness,
    /// The part of the source that is broken
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) component: Option<String>,
    /// The group of components that it belongs to
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) group: Option<String>,
    /// The kind of problem
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) class: Option<String>,
    /// When it was seen, ISO 8601
    #[arg(long, value_name = "TIME", help_heading = "Of a trigger")]
    pub(crate) timestamp: Option<String>,
    /// A free field; numbers, true, false, null, lists and objects are taken as JSON, all else as text; may be repeated
    #[arg(long = "detail", value_name = "NAME=VALUE", value_parser = detail, help_heading = "Of a trigger")]
    pub(crate) detail: Vec<(String, Value)>,
    /// Free fields as a JSON object; @FILE reads a file, `-` standard input
    #[arg(long, value_name = "JSON", help_heading = "Of a trigger")]
    pub(crate) details: Option<String>,
    /// A link shown with the alert; may be repeated
    #[arg(long = "link", value_name = "[TEXT=]URL", value_parser = link, help_heading = "Of a trigger")]
    pub(crate) links: Vec<(Option<String>, String)>,
    /// A picture shown with the alert, https only; may be repeated
    #[arg(long = "image", value_name = "[TEXT=]URL", value_parser = link, help_heading = "Of a trigger")]
    pub(crate) images: Vec<(Option<String>, String)>,
    /// The program that reports it
    #[arg(long, value_name = "TEXT", help_heading = "Of a trigger")]
    pub(crate) client: Option<String>,
    /// Where to see it in that program
    #[arg(long, value_name = "URL", requires = "client", help_heading = "Of a trigger")]
    pub(crate) client_url: Option<String>,
    /// Send events as PagerDuty documents them: one JSON object, or several in a row; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["flush", "spooled"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// How long sending may take at most, in seconds; what is not sent by then stays in the spool [default: 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Spool")]
    pub(crate) timeout: Option<u64>,
    /// Keep nothing on disk: what cannot be delivered is an error
    #[arg(long, conflicts_with_all = ["flush", "spooled"], help_heading = "Spool")]
    pub(crate) no_spool: bool,
    /// Deliver what waits in the spool, and nothing new; with --to, all of it there
    #[arg(long, help_heading = "Spool")]
    pub(crate) flush: bool,
    /// With --flush: until nothing waits any more
    #[arg(long, requires = "flush", help_heading = "Spool")]
    pub(crate) wait: bool,
    /// List what waits in the spool, and what was refused for good
    #[arg(long, conflicts_with = "flush", help_heading = "Spool")]
    pub(crate) spooled: bool,
}

impl SendArgs {
    /// How long sending may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(TIMEOUT_S))
    }
}

/// Reads `NAME=VALUE`. What is written as JSON writes it is JSON; `1.10` and `007` are texts, since as numbers they would change.
pub(crate) fn detail(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if name.trim().is_empty() {
        return Err("the name before `=` is missing".to_owned());
    }
    let json = serde_json::from_str::<Value>(value).ok().filter(|json| match json {
        Value::Number(number) => number.to_string() == value,
        _ => true,
    });
    Ok((name.trim().to_owned(), json.unwrap_or_else(|| Value::from(value))))
}

/// Reads `[TEXT=]URL`. A `=` within the address is part of it.
pub(crate) fn link(text: &str) -> Result<(Option<String>, String), String> {
    let is_url = |text: &str| ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let text = text.trim();
    if is_url(text) {
        return Ok((None, text.to_owned()));
    }
    match text.split_once('=').map(|(words, url)| (words.trim(), url.trim())) {
        Some((words, url)) if is_url(url) => {
            Ok((Some(words.to_owned()).filter(|words| !words.is_empty()), url.to_owned()))
        }
        _ => Err("give an address that begins with http:// or https://, with a text and `=` before it if you like"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn details_keep_what_was_typed() {
        for (text, wanted) in [
            ("cpu=95", json!(95)),
            ("cpu=95.5", json!(95.5)),
            ("v=1.10", json!("1.10")),
            ("v=007", json!("007")),
            ("v=2.5.0", json!("2.5.0")),
            ("sha=12345e7", json!("12345e7")),
            ("big=123456789012345678901234567890", json!("123456789012345678901234567890")),
            ("on=true", json!(true)),
            ("none=null", json!(null)),
            ("list=[1,\"a\"]", json!([1, "a"])),
            ("text=\"95\"", json!("95")),
            ("url=https://x.example/?a=b", json!("https://x.example/?a=b")),
            ("text=", json!("")),
            ("text=say \"hi\" $(date)\n`x`", json!("say \"hi\" $(date)\n`x`")),
        ] {
            assert_eq!(detail(text).expect("it is well formed").1, wanted, "{text}");
        }
        assert!(detail("cpu").is_err() && detail(" =1").is_err());
    }

    #[test]
    fn links_may_have_a_text() {
        let own = |text: Option<&str>, url: &str| Ok((text.map(str::to_owned), url.to_owned()));
        assert_eq!(link("https://w.example/?a=b"), own(None, "https://w.example/?a=b"));
        assert_eq!(link("Run book=https://w.example/?a=b"), own(Some("Run book"), "https://w.example/?a=b"));
        assert_eq!(link("=http://w.example"), own(None, "http://w.example"));
        assert!(link("w.example").is_err() && link("a=javascript:x").is_err());
    }
}
