//! Starts and stops a sandbox, and holds the handles to it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::{Listeners, Urls};
use crate::chat::{Chats, Mattermost, Slack, Teams};
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::faults::{Fault, FaultId, Faults};
use crate::netbox::NetBox;
use crate::opsgenie::Opsgenie;
use crate::pagerduty::PagerDuty;
use crate::seed_file::SeedError;
use crate::shell::Shared;
use crate::snapshot::{ActiveFault, Snapshot};
use crate::state_file::{self, Saved, Saver, StateError, unfit};
use crate::tls::{Tls, TlsError};

/// How long a stop waits for requests on their way.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Starts sandboxes.
#[derive(Debug)]
pub struct Sandbox;

/// Says why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address could not be listened on.
    #[error("cannot listen on {address} for {what}; choose another address or a free port with port 0")]
    Bind {
        /// The look-alike, `control`, or the proxy.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The seed file holds something that cannot be.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The client that sends webhooks could not be made.
    #[error("cannot set up the client that sends webhooks")]
    Client(#[source] reqwest::Error),
    /// The certificate could not be made or read.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
}

/// A sandbox that runs until it is stopped; dereferences to its [`Handle`].
#[derive(Debug)]
pub struct Running {
    /// PagerDuty's address, for REST and events.
    pub pagerduty_url: String,
    /// PagerDuty's address over TLS.
    pub tls_url: String,
    /// The address of the proxy through which PagerDuty's own hosts lead here.
    pub proxy_url: String,
    /// The PEM file with the authority that clients have to trust for `tls_url` and through the proxy.
    pub ca_file: PathBuf,
    /// Opsgenie's address.
    pub opsgenie_url: String,
    /// NetBox's address.
    pub netbox_url: String,
    /// The control API's address, and the page's.
    pub control_url: String,
    /// PagerDuty's account-level REST key.
    pub account_token: String,
    /// PagerDuty's user-level REST key, of the automation user.
    pub user_token: String,
    /// The automation user's e-mail.
    pub from: String,
    /// The automation user's id.
    pub from_id: String,
    /// The automation user's name.
    pub from_name: String,
    /// The first service's id.
    pub service_id: String,
    /// The first service's Events API v2 key.
    pub routing_key: String,
    /// A routing key of the whole account, which leads to the first service.
    pub global_routing_key: String,
    /// The id of the app that may ask for OAuth tokens.
    pub oauth_client_id: String,
    /// That app's secret.
    pub oauth_client_secret: String,
    /// The secret of subscriptions made without one of their own.
    pub pagerduty_webhook_secret: String,
    /// Opsgenie's API key.
    pub opsgenie_api_key: String,
    /// The id of the Opsgenie integration that sends the webhooks.
    pub opsgenie_integration_id: String,
    /// A NetBox token of the first kind that may do everything, of the user `bridge`.
    pub netbox_token: String,
    /// That user's token of the second kind.
    pub netbox_token_v2: String,
    /// That user's token that may not write to NetBox's own objects.
    pub netbox_readonly_token: String,
    /// The token of a NetBox user who may do nothing.
    pub netbox_weak_token: String,
    /// The secret of NetBox webhooks made without one of their own.
    pub netbox_webhook_secret: String,
    /// Slack's address.
    pub slack_url: String,
    /// The token of Slack's bot.
    pub slack_bot_token: String,
    /// The secret with which Slack signs.
    pub slack_signing_secret: String,
    /// The id of the Slack channel that the bot is in.
    pub slack_channel: String,
    /// Mattermost's address.
    pub mattermost_url: String,
    /// The token of Mattermost's bot.
    pub mattermost_bot_token: String,
    /// The token of Mattermost's slash command.
    pub mattermost_command_token: String,
    /// The id of the Mattermost channel that the bot is in.
    pub mattermost_channel_id: String,
    /// The address of the Teams workflow, which is its secret.
    pub teams_workflow_url: String,
    handle: Handle,
    tracker: TaskTracker,
    cancel: CancellationToken,
    /// Holds the CA file if nobody chose a place for it; removed with this.
    _directory: Option<TempDir>,
    saver: Option<Arc<Saver>>,
}

/// What tests and demos do to a sandbox in the same process; the control API does the same over HTTP.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) pagerduty: Arc<PagerDuty>,
    pub(crate) opsgenie: Arc<Opsgenie>,
    pub(crate) netbox: Arc<NetBox>,
    pub(crate) chats: Chats,
    clock: Arc<Clock>,
    faults: Arc<Faults>,
}

impl Sandbox {
    /// Binds the addresses and starts serving.
    ///
    /// # Errors
    /// [`StartError`] if an address cannot be had, or the certificate cannot be made, read or written.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let saved = config.state_file.as_deref().map(state_file::read).transpose()?.flatten();
        let mut tls = Tls::new(&config.tls)?;
        let listeners = Listeners::bind(&config).await?;
        let urls = listeners.urls();
        let shared = Shared {
            clock: Arc::new(match &saved {
                Some(saved) => Clock::resume(config.clock, saved.clock),
                None => Clock::new(config.clock, config.start),
            }),
            faults: Arc::new(Faults::new(config.seed)),
            counters: Arc::new(Counters::default()),
            changed: Arc::new(Notify::new()),
            tracker: TaskTracker::new(),
            cancel: CancellationToken::new(),
        };
        let client = webhook_client().map_err(StartError::Client)?;
        let pagerduty = Arc::new(PagerDuty::new(
            config.pagerduty,
            &config.credentials,
            config.seed,
            urls.pagerduty.clone(),
            shared.clone(),
            client.clone(),
        ));
        if let Some(file) = config.seed_file.as_ref().filter(|_| saved.is_none()) {
            pagerduty.plant(file, &config.credentials)?;
        }
        let opsgenie =
            Arc::new(Opsgenie::new(config.opsgenie, &config.credentials, config.seed, shared.clone(), client.clone()));
        let objects = config.netbox.objects;
        let netbox = Arc::new(NetBox::new(config.netbox, &config.credentials, config.seed, shared.clone(), client));
        if saved.is_none() {
            netbox.fill(objects);
        }
        let chats = Chats::new(&config.credentials, config.seed, urls.chats(), &shared);
        let handle =
            Handle { pagerduty, opsgenie, netbox, chats, clock: shared.clock.clone(), faults: shared.faults.clone() };
        let saver = match config.state_file {
            Some(path) => Some(keep_state(path, saved, &handle, &shared)?),
            None => None,
        };
        let (ca_file, directory) = (tls.ca_file.clone(), tls.directory.take());
        listeners.serve(&handle, &shared, tls);
        let Shared { tracker, cancel, .. } = shared;
        tracker.spawn(handle.pagerduty.clone().run_timers());
        tracker.spawn(handle.opsgenie.clone().run_processor());
        Ok(Running::new(handle, urls, ca_file, directory, tracker, cancel, saver))
    }
}

impl Running {
    fn new(
        handle: Handle,
        urls: Urls,
        ca_file: PathBuf,
        directory: Option<TempDir>,
        tracker: TaskTracker,
        cancel: CancellationToken,
        saver: Option<Arc<Saver>>,
    ) -> Running {
        let (opsgenie_api_key, opsgenie_integration_id) =
            handle.opsgenie.read(|state| (state.api_key.clone(), state.integration_id.clone()));
        let (netbox_tokens, netbox_webhook_secret) = handle.netbox.credentials();
        let [netbox_token, netbox_token_v2, netbox_readonly_token, netbox_weak_token] = netbox_tokens;
        let [slack_bot_token, slack_signing_secret, slack_channel] = handle.chats.slack.credentials();
        let [mattermost_bot_token, mattermost_command_token, mattermost_channel_id] =
            handle.chats.mattermost.credentials();
        let teams_workflow_url = handle.chats.teams.workflow_url();
        let pagerduty = handle.pagerduty.clone();
        pagerduty.read(|state| {
            let automation = state.user(state.automation_user);
            let (first, service) = state.services.iter().next().expect("the seed has a service");
            Running {
                pagerduty_url: urls.pagerduty,
                tls_url: urls.tls,
                proxy_url: urls.proxy,
                ca_file,
                opsgenie_url: urls.opsgenie,
                netbox_url: urls.netbox,
                control_url: urls.control,
                account_token: state.account_token.clone(),
                user_token: state.user_token.clone(),
                from: automation.email.clone(),
                from_id: automation.id.clone(),
                from_name: automation.name.clone(),
                service_id: service.id.clone(),
                routing_key: state.routing_key_of(first).unwrap_or_default().to_owned(),
                global_routing_key: state.global_routing_key().unwrap_or_default().to_owned(),
                oauth_client_id: state.oauth.client_id.clone(),
                oauth_client_secret: state.oauth.client_secret.clone(),
                pagerduty_webhook_secret: state.webhook_secret.clone(),
                opsgenie_api_key,
                opsgenie_integration_id,
                netbox_token,
                netbox_token_v2,
                netbox_readonly_token,
                netbox_weak_token,
                netbox_webhook_secret,
                slack_url: urls.slack,
                slack_bot_token,
                slack_signing_secret,
                slack_channel,
                mattermost_url: urls.mattermost,
                mattermost_bot_token,
                mattermost_command_token,
                mattermost_channel_id,
                teams_workflow_url,
                handle,
                tracker,
                cancel,
                _directory: directory,
                saver,
            }
        })
    }

    /// Makes the line that `pagebridge sandbox --json` prints when it is ready.
    pub fn ready_json(&self) -> Value {
        json!({
            "pagerduty": {
                "url": self.pagerduty_url,
                "tls_url": self.tls_url,
                "proxy_url": self.proxy_url,
                "ca_file": self.ca_file,
                "account_token": self.account_token,
                "user_token": self.user_token,
                "from": self.from,
                "service_id": self.service_id,
                "routing_key": self.routing_key,
            },
            "opsgenie": {
                "url": self.opsgenie_url,
                "api_key": self.opsgenie_api_key,
                "integration_id": self.opsgenie_integration_id,
            },
            "netbox": {
                "url": self.netbox_url,
                "token": self.netbox_token,
                "token_v2": self.netbox_token_v2,
                "read_only_token": self.netbox_readonly_token,
                "webhook_secret": self.netbox_webhook_secret,
            },
            "slack": {
                "url": self.slack_url,
                "bot_token": self.slack_bot_token,
                "signing_secret": self.slack_signing_secret,
                "channel": self.slack_channel,
                "users": self.slack().snapshot().users,
            },
            "mattermost": {
                "url": self.mattermost_url,
                "bot_token": self.mattermost_bot_token,
                "command_token": self.mattermost_command_token,
                "channel_id": self.mattermost_channel_id,
                "users": self.mattermost().snapshot().users,
            },
            "teams": { "workflow_url": self.teams_workflow_url },
            "control": self.control_url,
        })
    }

    /// Returns a handle that can be kept elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops serving: requests on their way are answered, held ones are closed, waiting webhooks are forgotten.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        if tokio::time::timeout(STOP_WITHIN, self.tracker.wait()).await.is_err() {
            tracing::warn!("some connections to the sandbox were still open when it stopped");
        }
        if let Some(saver) = &self.saver {
            saver.save_or_tell();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that fails must not leave listeners behind.
        self.cancel.cancel();
    }
}

impl Deref for Running {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Handle {
    /// The PagerDuty look-alike.
    pub fn pagerduty(&self) -> &PagerDuty {
        &self.pagerduty
    }

    /// The Opsgenie look-alike.
    pub fn opsgenie(&self) -> &Opsgenie {
        &self.opsgenie
    }

    /// The NetBox look-alike.
    pub fn netbox(&self) -> &NetBox {
        &self.netbox
    }

    /// The Slack look-alike.
    pub fn slack(&self) -> &Slack {
        &self.chats.slack
    }

    /// The Mattermost look-alike.
    pub fn mattermost(&self) -> &Mattermost {
        &self.chats.mattermost
    }

    /// The look-alike of a Teams workflow.
    pub fn teams(&self) -> &Teams {
        &self.chats.teams
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Adds a fault, from now on.
    pub fn add_fault(&self, fault: Fault) -> FaultId {
        self.faults.add(fault, self.clock.now())
    }

    /// Shows everything that the sandbox holds.
    pub fn snapshot(&self) -> Snapshot {
        let faults = self.faults.list().into_iter().map(|(id, hits, fault)| ActiveFault { id, hits, fault });
        Snapshot {
            now: self.clock.now(),
            pagerduty: self.pagerduty.snapshot(),
            opsgenie: self.opsgenie.snapshot(),
            netbox: self.netbox.snapshot(),
            slack: self.slack().snapshot(),
            mattermost: self.mattermost().snapshot(),
            teams: self.teams().snapshot(),
            faults: faults.collect(),
        }
    }
}

/// Goes on where the state file says, and keeps it up to date from now on.
fn keep_state(path: PathBuf, saved: Option<Saved>, handle: &Handle, shared: &Shared) -> Result<Arc<Saver>, StateError> {
    let Handle { pagerduty, opsgenie, netbox, chats, .. } = handle;
    if let Some(saved) = saved {
        pagerduty.restore(&saved.pagerduty, saved.pagerduty_webhooks).map_err(|error| unfit(&path, &error))?;
        opsgenie.restore(&saved.opsgenie, saved.opsgenie_webhooks).map_err(|error| unfit(&path, &error))?;
        if let Some(kept) = &saved.netbox {
            netbox.restore(kept, saved.netbox_webhooks).map_err(|error| unfit(&path, &error))?;
        }
        if let Some(kept) = &saved.chats {
            chats.restore(kept).map_err(|error| unfit(&path, &error))?;
        }
    }
    let saver = Arc::new(Saver::start(
        path,
        pagerduty.clone(),
        opsgenie.clone(),
        netbox.clone(),
        chats.clone(),
        shared.clone(),
    )?);
    shared.tracker.spawn(saver.clone().run());
    Ok(saver)
}

fn webhook_client() -> Result<reqwest::Client, reqwest::Error> {
    // The client needs a TLS provider even for plain HTTP. An error means that the process has one already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}
