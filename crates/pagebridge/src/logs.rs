//! Logs, on standard error.

use crate::env::Env;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object on each line.
    Json,
}

/// Starts logging. `wished` wins over RUST_LOG, and that over `default`.
pub(crate) fn start(wished: Option<&str>, format: LogFormat, default: &str, env: &Env) {
    let filter = wished.or(env.get("RUST_LOG")).unwrap_or(default);
    let (filter, complaint) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(default), Some(error)),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever embeds us in a test may have started logging already.
    let _ = match format {
        LogFormat::Human => builder.with_ansi(anstream::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Some(error) = complaint {
        tracing::warn!(%error, "the log filter is not understood; using the usual one");
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let words = info.payload_as_str().unwrap_or("no message");
        tracing::error!(
            place,
            message = words,
            "a fault of ours; only the one request or incident that met it is affected"
        );
    }));
}
