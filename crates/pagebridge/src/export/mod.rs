//! `export`: programs and files for other systems.

pub(crate) mod pack;

use crate::cli::{ExportCommand, RtScripArgs};
use crate::exit::{CliError, Exit};
use crate::output;
use reqwest::Url;
use serde_json::json;

/// The program that puts the scrip into Request Tracker, with places for what differs.
const RT_SCRIP: &str = include_str!("rt_scrip.pl");

/// Writes what was asked for.
pub(crate) fn run(command: &ExportCommand, json: bool) -> Result<(), CliError> {
    let args = match command {
        ExportCommand::RtScrip(args) => args,
        ExportCommand::StackstormPack(args) => return pack::run(args, json),
    };
    let script = rt_scrip(args)?;
    match json {
        true => output::say_json(&json!({"script": script})),
        false => output::say(script.trim_end()),
    }
    Ok(())
}

fn rt_scrip(args: &RtScripArgs) -> Result<String, CliError> {
    let url = match &args.url {
        Some(url) => check_url(url)?,
        // Whatever removes the scrip posts nowhere.
        None => String::new(),
    };
    let control = |text: &&String| text.chars().any(char::is_control) || text.trim().is_empty();
    if let Some(text) = args.queue.iter().chain([&args.token_file]).find(control) {
        let hint = "give --queue and --token-file without line breaks, and not empty";
        return Err(CliError::new(Exit::Config, format!("{text:?} can be no name of a queue or a file"), hint));
    }
    let queues: Vec<String> = args.queue.iter().map(|queue| quoted(queue)).collect();
    let script = RT_SCRIP
        .replace("@UNINSTALL@", if args.uninstall { "1" } else { "0" })
        .replace("@QUEUES@", &queues.join(", "))
        .replace("@URL@", &quoted(&url))
        .replace("@TOKEN_FILE@", &quoted(&args.token_file));
    Ok(script)
}

fn check_url(text: &str) -> Result<String, CliError> {
    let wrong = |hint: &str| CliError::new(Exit::Config, "--url is not the address of a bridge", hint);
    let example = "write where the scrip reaches the bridge, such as `https://bridge.example.com/hooks/rt`";
    let url = Url::parse(text).map_err(|_| wrong(example))?;
    if !matches!(url.scheme(), "http" | "https") || url.path() == "/" {
        return Err(wrong(example));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("leave out user name, password, and everything from `?` or `#` on"));
    }
    Ok(url.to_string())
}

/// A text between single quotes in Perl.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(url: Option<&str>, queues: &[&str]) -> RtScripArgs {
        RtScripArgs {
            url: url.map(str::to_owned),
            queue: queues.iter().map(|&queue| queue.to_owned()).collect(),
            token_file: "/etc/pagebridge/rt-token".to_owned(),
            uninstall: false,
        }
    }

    #[test]
    fn texts_cannot_break_out_of_their_quotes() {
        let script =
            rt_scrip(&args(Some("https://bridge.example.com/hooks/rt"), &["It's \\ here", "B"])).expect("fits");
        assert!(script.contains(r"my @queues = ('It\'s \\ here', 'B');"), "{script}");
        assert!(script.contains("('https://bridge.example.com/hooks/rt', '/etc/pagebridge/rt-token')"), "{script}");
        for place in ["@URL@", "@QUEUES@", "@TOKEN_FILE@", "@UNINSTALL@"] {
            assert!(!script.contains(place), "{place}");
        }
    }

    #[test]
    fn addresses_and_names_that_cannot_work_are_refused() {
        for url in [
            "bridge.example.com/hooks/rt",
            "ftp://bridge.example.com/x",
            "https://bridge.example.com",
            "https://a:s3cret@bridge.example.com/hooks/rt",
            "https://bridge.example.com/hooks/rt?token=s3cret",
        ] {
            let error = rt_scrip(&args(Some(url), &[])).expect_err(url);
            assert!(!error.hint.is_empty() && !error.message.contains("s3cret"), "{error:?}");
        }
        for queue in ["", " ", "a\nb"] {
            rt_scrip(&args(None, &[queue])).expect_err(queue);
        }
        rt_scrip(&args(None, &[])).expect("to remove it, nothing need be said");
    }
}
