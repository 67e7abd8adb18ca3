//! `sandbox`: look-alikes of PagerDuty and Opsgenie, until a signal comes.

use crate::cli::SandboxArgs;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::serve::Signals;
use pagebridge_sandbox::{Config, Running, Sandbox};
use serde_json::{Value, json};

pub(crate) async fn run(args: &SandboxArgs, as_json: bool) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let config = Config {
        pagerduty_listen: args.listen,
        opsgenie_listen: args.opsgenie_listen,
        control_listen: args.control_listen,
        seed: args.seed,
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.map_err(|error| CliError::new(Exit::Listen, error.to_string(), ""))?;
    if let Some(bridge) = &args.bridge {
        let bridge = bridge.trim_end_matches('/');
        sandbox.opsgenie().subscribe(&format!("{bridge}/ops-webhook"), &[]);
        sandbox.pagerduty().subscribe(&format!("{bridge}/pd-webhook"), None, &[]);
    }
    if as_json {
        output::say_json(&ready(&sandbox));
    } else {
        tell(&sandbox);
    }
    signals.next().await;
    sandbox.stop().await;
    Ok(())
}

fn ready(sandbox: &Running) -> Value {
    let mut ready = sandbox.ready_json();
    ready["pagerduty"]["webhook_secret"] = json!(sandbox.pagerduty_webhook_secret);
    ready
}

/// The lines are those of a `.env` file for drop-in mode.
fn tell(sandbox: &Running) {
    for line in [
        "# Look-alikes of PagerDuty and Opsgenie. These open nothing but this sandbox.".to_owned(),
        format!("PAGERDUTY_API_URL={}", sandbox.pagerduty_url),
        format!("PAGERDUTY_API_KEY={}", sandbox.user_token),
        format!("PAGERDUTY_EMAIL={}", sandbox.from),
        format!("PAGERDUTY_USER='{}'", sandbox.from_name),
        format!("PAGERDUTY_SERVICE_ID={}", sandbox.service_id),
        format!("PAGERDUTY_WEBHOOK_SECRET={}", sandbox.pagerduty_webhook_secret),
        format!("OPSGENIE_API_URL={}", sandbox.opsgenie_url),
        format!("OPSGENIE_API_KEY={}", sandbox.opsgenie_api_key),
        format!("OPSGENIE_INTEGRATION_ID={}", sandbox.opsgenie_integration_id),
        format!("# What they hold, and faults to switch on: {}", sandbox.control_url),
    ] {
        output::say(&line);
    }
}
