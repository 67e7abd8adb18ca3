//! From what is known of a change to what is told of it. Pure.

use super::ci::{Ci, Facts};
use super::{ChangeArgs, wrong};
use crate::exit::CliError;
use crate::send::{details, link};
use pagerduty::text::{SUMMARY_CHARS_MAX, cut};
use serde_json::{Map, Value, json};

/// How many characters of a commit make a version.
const COMMIT_CHARS: usize = 7;

/// How a deploy ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Success,
    Failure,
    Cancelled,
    /// In a word that we do not know.
    Other(String),
}

impl State {
    /// Reads the word of any CI system, or an exit code.
    fn read(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "" | "success" | "succeeded" | "successful" | "passed" | "ok" | "running" | "0" => Self::Success,
            "failure" | "failed" | "error" | "broken" => Self::Failure,
            "cancelled" | "canceled" | "aborted" | "killed" => Self::Cancelled,
            digits if digits.parse::<i64>().is_ok() => Self::Failure,
            other => Self::Other(other.to_owned()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Other(word) => word,
        }
    }
}

/// One change, ready to be told.
pub(crate) struct Change {
    state: State,
    service: String,
    environment: Option<String>,
    summary: String,
    source: String,
    details: Map<String, Value>,
    links: Vec<(Option<String>, String)>,
}

impl Change {
    /// Puts together what the command line and the CI system say; the former wins.
    ///
    /// # Errors
    /// When details or links are not what they should be.
    pub(crate) fn new(args: &ChangeArgs, ci: &Ci, facts: Facts) -> Result<Self, CliError> {
        let said =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let state = State::read(&said(&args.state).or(facts.state.clone()).unwrap_or_default());
        let named = facts.repository.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let service = said(&args.service).or(facts.service.clone()).or(named);
        let tag = facts.tag.clone().or_else(|| facts.git_ref.as_deref()?.strip_prefix("refs/tags/").map(str::to_owned));
        let short = facts.commit.as_ref().map(|commit| commit.chars().take(COMMIT_CHARS).collect());
        let version = said(&args.version).or(tag).or(short);
        let environment = said(&args.environment).or(facts.environment.clone());
        let summary = said(&args.summary).unwrap_or_else(|| {
            let what = [service.as_deref().unwrap_or("a change"), version.as_deref().unwrap_or_default()];
            let what = what.join(" ");
            let place = environment.as_ref().map_or_else(String::new, |place| format!(" to {place}"));
            deployed(&state, what.trim(), &place)
        });
        let mut all = known(&facts);
        let more = [("service", &service), ("version", &version), ("environment", &environment)];
        all.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))));
        all.insert("state".to_owned(), json!(state.as_str()));
        all.extend(details(args.details.as_deref(), &args.detail)?);
        Ok(Self {
            state,
            service: service.unwrap_or_else(|| "unknown".to_owned()),
            environment,
            summary: cut(&summary, SUMMARY_CHARS_MAX).into_owned(),
            source: said(&args.source)
                .unwrap_or_else(|| if ci.is_known() { ci.name.to_owned() } else { crate::send::hostname() }),
            details: all,
            links: links(args, &facts)?,
        })
    }

    /// The change event, without a routing key.
    pub(crate) fn body(&self, now: &str) -> Map<String, Value> {
        let payload = json!({
            "summary": self.summary, "source": self.source, "timestamp": now, "custom_details": self.details,
        });
        Map::from_iter([("payload".to_owned(), payload), ("links".to_owned(), self.links())])
    }

    /// The alert that a failed deploy triggers and a successful one resolves.
    pub(crate) fn alert(&self, args: &ChangeArgs) -> Option<Map<String, Value>> {
        let action = match self.state {
            _ if !args.alert_on_failure => return None,
            State::Failure => "trigger",
            State::Success => "resolve",
            State::Cancelled | State::Other(_) => return None,
        };
        let key = ["deploy", &self.service, self.environment.as_deref().unwrap_or("-")].join("/");
        let key = pagerduty::text::shorten_key(&key).into_owned();
        let mut alert = json!({"event_action": action, "dedup_key": key});
        if action == "trigger" {
            alert["payload"] = json!({
                "summary": self.summary, "source": self.source, "severity": "error", "component": self.service,
                "class": "deploy", "custom_details": self.details,
            });
            alert["links"] = self.links();
        }
        match alert {
            Value::Object(alert) => Some(alert),
            _ => None,
        }
    }

    fn links(&self) -> Value {
        let link = |(text, href): &(Option<String>, String)| match text {
            Some(text) => json!({"href": href, "text": text}),
            None => json!({"href": href}),
        };
        self.links.iter().map(link).collect()
    }
}

fn deployed(state: &State, what: &str, place: &str) -> String {
    match state {
        State::Success => format!("Deployed {what}{place}"),
        State::Failure => format!("Failed to deploy {what}{place}"),
        State::Cancelled => format!("Cancelled the deploy of {what}{place}"),
        State::Other(word) => format!("Deploy of {what}{place}: {word}"),
    }
}

/// The details under the names that the guide gives them.
fn known(facts: &Facts) -> Map<String, Value> {
    let all = [
        ("repository", &facts.repository),
        ("commit", &facts.commit),
        ("actor", &facts.actor),
        ("deployer", &facts.actor),
        ("ref", &facts.git_ref),
        ("run_id", &facts.run_id),
        ("workflow", &facts.workflow),
        ("pull_request", &facts.pull_request),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))).collect()
}

fn links(args: &ChangeArgs, facts: &Facts) -> Result<Vec<(Option<String>, String)>, CliError> {
    let own = [
        ("View Commit", &facts.commit_url),
        ("View Pipeline", &facts.pipeline_url),
        ("View Pull Request", &facts.pull_request_url),
    ];
    let own = own.into_iter().filter_map(|(text, url)| Some((Some(text.to_owned()), url.clone()?)));
    let given = args.links.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
    let given: Result<Vec<_>, _> =
        given.map(|line| link(line).map_err(|what| wrong(format!("--link: {what}")))).collect();
    Ok(own.chain(given?).take(pagerduty::events::change::LINKS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ChangeArgs,
    }

    fn change(line: &[&str], facts: Facts) -> Change {
        let args = Line::parse_from([&["change"], line].concat()).args;
        Change::new(&args, &Ci::find(&Env::of(&[("GITHUB_ACTIONS", "true")])), facts).expect("it can be told")
    }

    fn run() -> Facts {
        let own = |text: &str| Some(text.to_owned());
        Facts {
            repository: own("acme/api-service"),
            commit: own("0123456789abcdef"),
            actor: own("ann"),
            commit_url: own("https://git.example/c"),
            ..Facts::default()
        }
    }

    #[test]
    fn the_summary_is_the_guides() {
        let whole = ["--service", "api-service", "--version", "v2.5.0", "--environment", "production"];
        for (line, wanted) in [
            (&whole[..], "Deployed api-service v2.5.0 to production"),
            (&[&whole[..], &["--state", "failure"]].concat(), "Failed to deploy api-service v2.5.0 to production"),
            (&["--state", "Canceled"], "Cancelled the deploy of api-service 0123456"),
            (&["--state", "unstable"], "Deploy of api-service 0123456: unstable"),
            (&["--state=", "--service= "], "Deployed api-service 0123456"),
            (&["--summary", "say \"hi\" $(date)\n`x`"], "say \"hi\" $(date)\n`x`"),
        ] {
            assert_eq!(change(line, run()).summary, wanted, "{line:?}");
        }
        assert_eq!(change(&[], Facts::default()).summary, "Deployed a change");
        let tagged = Facts { git_ref: Some("refs/tags/v3".to_owned()), ..run() };
        assert_eq!(change(&[], tagged).summary, "Deployed api-service v3");
    }

    #[test]
    fn the_body_has_what_is_known_and_what_is_said() {
        let line = [
            "--detail",
            "commit=mine",
            "--details",
            "{\"n\": 1}",
            "--link",
            "\nLogs=https://l.example\nhttps://m.example\n",
        ];
        let body = Value::Object(change(&line, run()).body("2026-11-20T17:00:00Z"));
        assert_eq!(
            body,
            json!({
                "payload": {
                    "summary": "Deployed api-service 0123456", "source": "github-actions", "timestamp": "2026-11-20T17:00:00Z",
                    "custom_details": {
                        "repository": "acme/api-service", "commit": "mine", "actor": "ann", "deployer": "ann", "n": 1,
                        "service": "api-service", "version": "0123456", "state": "success",
                    },
                },
                "links": [
                    {"href": "https://git.example/c", "text": "View Commit"},
                    {"href": "https://l.example", "text": "Logs"},
                    {"href": "https://m.example"},
                ],
            })
        );
    }

    #[test]
    fn a_failed_deploy_is_an_alert_until_one_succeeds() {
        let alert = |state: &str, flag: &[&str]| {
            let line = [&["--state", state, "--environment", "production"], flag].concat();
            let args = Line::parse_from([&["change"], line.as_slice()].concat()).args;
            change(&line, run()).alert(&args).map(Value::Object)
        };
        assert_eq!(alert("failure", &[]), None);
        let failed = alert("failed", &["--alert-on-failure"]).expect("an alert");
        assert_eq!((&failed["event_action"], &failed["payload"]["severity"]), (&json!("trigger"), &json!("error")));
        assert_eq!(failed["dedup_key"], "deploy/api-service/production");
        let over = json!({"event_action": "resolve", "dedup_key": "deploy/api-service/production"});
        assert_eq!(alert("success", &["--alert-on-failure"]), Some(over));
        assert_eq!(alert("cancelled", &["--alert-on-failure"]), None);
    }
}
