//! PagerDuty, Opsgenie, NetBox, Slack, Mattermost and Teams look-alikes with fault injection, on a clock that tests can advance.
//!
//! Unofficial: written from public documentation and recordings, not made, endorsed or checked by any vendor.
//!
//! The crate deliberately shares no code with Pagebridge's connectors and client: a misreading of a contract on one
//! side must fail against the other, so even the webhook signing is its own.
//!
//! Every system is a plain state machine behind one lock (`pagerduty`, `opsgenie`, `netbox`, `chat`); the shell around it moves bytes,
//! injects faults and carries webhooks (`listener`, `tls`, `proxy`, `shell`, `outgoing`). `control` offers over HTTP what [`Running`]
//! and [`Handle`] offer in the same process.
//!
//! ```no_run
//! # async fn example() -> Result<(), pagebridge_sandbox::StartError> {
//! use pagebridge_sandbox::{Config, NewAlert, Sandbox};
//!
//! let sandbox = Sandbox::start(Config::default()).await?;
//! println!("{}", sandbox.ready_json());
//! sandbox.opsgenie().subscribe("http://127.0.0.1:5001/ops-webhook", &[]);
//! sandbox.opsgenie().create_alert(NewAlert::new("disk full on db-07"), "dana@example.test");
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod addresses;
mod chat;
mod clock;
mod config;
mod control;
mod counters;
mod faults;
mod listener;
mod netbox;
mod opsgenie;
mod outgoing;
mod page;
mod pagerduty;
mod presets;
mod proxy;
mod random;
mod running;
mod seed_file;
mod shell;
mod snapshot;
mod socket;
mod state_file;
mod tls;
mod wire;

pub use chat::{
    ChatError, ChatUser, Mattermost, MattermostPost, MattermostSnapshot, Responded, Slack, SlackMessage, SlackSnapshot,
    Teams, TeamsCard, TeamsSnapshot,
};
pub use clock::{Clock, ClockMode};
pub use config::{
    Certificate, Config, Credentials, NetBoxConfig, NumberFormat, OpsgenieConfig, PagerDutyConfig, TlsConfig,
};
pub use counters::{Counters, EndpointCount};
pub use faults::{Direction, Effect, Fault, FaultError, FaultId, Faults, System};
pub use netbox::{NetBox, NetBoxError, NetBoxRights, NetBoxSnapshot, NewToken};
pub use opsgenie::{
    AlertAct, AlertLogLine, AlertNoteView, AlertView, NewAlert, Opsgenie, OpsgenieError, OpsgenieSnapshot,
};
pub use outgoing::{WebhookCounts, WebhookRecord};
pub use pagerduty::{
    ActError, ChangeEventView, IncidentAct, IncidentAlertView, IncidentLogLine, IncidentView, NewEvent, NewIncident,
    NoteView, PagerDuty, PagerDutySettings, PagerDutySnapshot, ServiceState, ServiceView, SettingsError,
    SubscriptionView,
};
pub use presets::{Preset, RefusalBody};
pub use running::{Handle, Running, Sandbox, StartError};
pub use seed_file::{SeedError, SeedFile};
pub use snapshot::{ActiveFault, Snapshot};
pub use state_file::StateError;
pub use tls::TlsError;
