//! A channel in a chat, put together. Nothing comes in from there.

use crate::config::{Kind, System};
use crate::wiring::Connected;
use pagebridge_connectors::{Mattermost, SetupError, Slack, Teams, mattermost, slack, teams};
use pagebridge_ports::Connector;
use std::sync::Arc;

/// Connects one channel.
pub(crate) fn connected(system: &System) -> Result<Connected, SetupError> {
    let (connect_timeout_ms, timeout_ms, proxy) = (system.connect_timeout_ms, system.timeout_ms, system.proxy);
    let name = || system.name.clone();
    let connector: Option<Arc<dyn Connector>> = match &system.kind {
        Kind::Slack(own) => {
            let usual = slack::Settings::new(name(), own.bot_token.clone(), &own.channel);
            let api_url = system.api_url.clone();
            Some(Arc::new(Slack::new(slack::Settings { api_url, connect_timeout_ms, timeout_ms, proxy, ..usual })?))
        }
        Kind::Mattermost(own) => {
            let usual = mattermost::Settings::new(name(), &system.api_url, own.bot_token.clone(), &own.channel_id);
            let buttons = own.buttons.clone();
            let settings = mattermost::Settings { buttons, connect_timeout_ms, timeout_ms, proxy, ..usual };
            Some(Arc::new(Mattermost::new(settings)?))
        }
        Kind::Teams(own) => {
            let usual = teams::Settings::new(name(), own.workflow_url.clone());
            Some(Arc::new(Teams::new(teams::Settings { connect_timeout_ms, timeout_ms, proxy, ..usual })?))
        }
        _ => None,
    };
    Ok(Connected { connector, ..Connected::heard_only(Vec::new(), 0) })
}
