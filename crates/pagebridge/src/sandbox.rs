//! `sandbox`: look-alikes of PagerDuty, Opsgenie, NetBox and chats, until a signal comes.

use crate::cli::SandboxArgs;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::serve::Signals;
use crate::wiring::words;
use pagebridge_sandbox::{
    Certificate, Config, NetBoxConfig, PagerDutyConfig, Running, Sandbox, SeedFile, StartError, TlsConfig,
};
use serde_json::{Value, json};

pub(crate) async fn run(args: &SandboxArgs, as_json: bool) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let mut config = config(args);
    let seed_file = args.seed_file.as_deref().map(SeedFile::read).transpose();
    config.seed_file = seed_file.map_err(StartError::from).map_err(not_started)?;
    let sandbox = Sandbox::start(config).await.map_err(not_started)?;
    if let Some(bridge) = &args.bridge {
        subscribe(&sandbox, bridge.trim_end_matches('/'));
    }
    if let Some(url) = &args.netbox_webhook
        && !sandbox.netbox().hook_urls().contains(url)
    {
        sandbox.netbox().subscribe(url, None, &[], &[]);
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

/// Sends PagerDuty's and Opsgenie's webhooks to a bridge, unless a state file says that they go there already.
fn subscribe(sandbox: &Running, bridge: &str) {
    let url = format!("{bridge}/ops-webhook");
    if !sandbox.opsgenie().hook_urls().contains(&url) {
        sandbox.opsgenie().subscribe(&url, &[]);
    }
    let url = format!("{bridge}/pd-webhook");
    if !sandbox.snapshot().pagerduty.subscriptions.iter().any(|one| one.url == url) {
        sandbox.pagerduty().subscribe(&url, None, &[]);
    }
}

fn config(args: &SandboxArgs) -> Config {
    let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
    let certificate = match (&args.tls_cert, &args.tls_key, &args.ca_file) {
        (Some(cert_file), Some(key_file), Some(ca_file)) => {
            Certificate::Files { cert_file: cert_file.clone(), key_file: key_file.clone(), ca_file: ca_file.clone() }
        }
        // The command line lets certificate and key come only together.
        _ => Certificate::Made { ca_file: args.ca_file.clone() },
    };
    Config {
        pagerduty_listen: args.listen,
        tls: TlsConfig {
            listen: args.tls_listen,
            proxy_listen: args.proxy_listen,
            names: args.tls_name.clone(),
            certificate,
        },
        opsgenie_listen: args.opsgenie_listen,
        netbox_listen: args.netbox_listen,
        slack_listen: args.slack_listen,
        mattermost_listen: args.mattermost_listen,
        teams_listen: args.teams_listen,
        control_listen: args.control_listen,
        seed: args.seed,
        state_file: args.state.clone(),
        pagerduty: PagerDutyConfig {
            public_url: args.public_url.as_deref().map(trimmed),
            web_base: trimmed(&args.web_url),
            ..PagerDutyConfig::default()
        },
        netbox: NetBoxConfig { objects: args.netbox_objects, ..NetBoxConfig::default() },
        ..Config::default()
    }
}

fn not_started(error: StartError) -> CliError {
    let exit = match error {
        StartError::Tls(_) | StartError::Seed(_) => Exit::Config,
        StartError::State(_) => Exit::Store,
        _ => Exit::Listen,
    };
    CliError::new(exit, words(&error), "")
}

fn ready(sandbox: &Running) -> Value {
    let mut ready = sandbox.ready_json();
    let pagerduty = &mut ready["pagerduty"];
    pagerduty["webhook_secret"] = json!(sandbox.pagerduty_webhook_secret);
    pagerduty["global_routing_key"] = json!(sandbox.global_routing_key);
    pagerduty["oauth_client_id"] = json!(sandbox.oauth_client_id);
    pagerduty["oauth_client_secret"] = json!(sandbox.oauth_client_secret);
    ready
}

/// The lines are those of a `.env` file for drop-in mode.
fn tell(sandbox: &Running) {
    for line in [
        "# Look-alikes of PagerDuty, Opsgenie, NetBox and chats. These open nothing but this sandbox.".to_owned(),
        format!("PAGERDUTY_API_URL={}", sandbox.pagerduty_url),
        format!("PAGERDUTY_API_KEY={}", sandbox.user_token),
        format!("PAGERDUTY_EMAIL={}", sandbox.from),
        format!("PAGERDUTY_USER='{}'", sandbox.from_name),
        format!("PAGERDUTY_SERVICE_ID={}", sandbox.service_id),
        format!("PAGERDUTY_WEBHOOK_SECRET={}", sandbox.pagerduty_webhook_secret),
        format!("# The same over TLS, for clients that trust {}: {}", sandbox.ca_file.display(), sandbox.tls_url),
        format!("# Clients built for PagerDuty's own hosts find it with https_proxy={}", sandbox.proxy_url),
        format!("OPSGENIE_API_URL={}", sandbox.opsgenie_url),
        format!("OPSGENIE_API_KEY={}", sandbox.opsgenie_api_key),
        format!("OPSGENIE_INTEGRATION_ID={}", sandbox.opsgenie_integration_id),
        format!("# NetBox: {}", sandbox.netbox_url),
        format!("# Its token, of a user who may do everything: {}", sandbox.netbox_token),
        format!("# The secret of its webhooks: {}", sandbox.netbox_webhook_secret),
        format!("# Slack: {}, token {}, channel {}", sandbox.slack_url, sandbox.slack_bot_token, sandbox.slack_channel),
        format!("# The secret with which Slack signs: {}", sandbox.slack_signing_secret),
        format!(
            "# Mattermost: {}, token {}, channel {}",
            sandbox.mattermost_url, sandbox.mattermost_bot_token, sandbox.mattermost_channel_id
        ),
        format!("# The token of Mattermost's command: {}", sandbox.mattermost_command_token),
        format!("# A Teams workflow: {}", sandbox.teams_workflow_url),
        format!("# What they hold, and faults to switch on: {}", sandbox.control_url),
    ] {
        output::say(&line);
    }
}
