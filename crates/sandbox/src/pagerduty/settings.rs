//! What can be changed about PagerDuty while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PagerDuty;
use crate::config::PagerDutyConfig;

/// Limits, and choices where no public source settles the contract; see [`PagerDutyConfig`] for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagerDutySettings {
    /// The REST limit per credential and minute; null switches it off.
    pub rest_per_minute: Option<u32>,
    /// Further limits per credential and minute, by operation such as `POST /incidents`.
    pub operations_per_minute: BTreeMap<String, u32>,
    /// The limit of the events APIs per routing key and minute; null switches it off.
    pub events_per_minute: Option<u32>,
    /// Whether a 401 has a JSON body.
    pub unauthorized_json: bool,
    /// Whether acknowledging what is acknowledged is refused.
    pub repeated_acknowledge_refused: bool,
    /// Whether new alerts join the service's open incident.
    pub group_alerts: bool,
    /// Whether snoozing a triggered incident is refused.
    pub snooze_needs_acknowledgement: bool,
    /// Whether an unknown routing key is told as bare text.
    pub unknown_key_as_text: bool,
    /// The status for an event that is too large: 400 or 413.
    pub too_large_status: u16,
    /// How long an OAuth token is good for, in seconds.
    pub oauth_token_s: u64,
}

/// Says why settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such setting.
    #[error("unknown setting `{0}`; GET /pagerduty/settings shows those there are")]
    Unknown(String),
    /// A value does not fit.
    #[error("cannot take the settings: {0}")]
    Value(#[from] serde_json::Error),
    /// The status is not one of the two.
    #[error("`too_large_status` is {0}; it must be 400 or 413")]
    TooLargeStatus(u16),
}

impl PagerDutySettings {
    fn of(config: &PagerDutyConfig) -> PagerDutySettings {
        PagerDutySettings {
            rest_per_minute: config.rest_per_minute,
            operations_per_minute: config.operations_per_minute.clone(),
            events_per_minute: config.events_per_minute,
            unauthorized_json: config.unauthorized_json,
            repeated_acknowledge_refused: config.repeated_acknowledge_refused,
            group_alerts: config.group_alerts,
            snooze_needs_acknowledgement: config.snooze_needs_acknowledgement,
            unknown_key_as_text: config.unknown_key_as_text,
            too_large_status: config.too_large_status,
            oauth_token_s: config.oauth_token_s,
        }
    }

    fn apply(self, config: &mut PagerDutyConfig) {
        config.rest_per_minute = self.rest_per_minute;
        config.operations_per_minute = self.operations_per_minute;
        config.events_per_minute = self.events_per_minute;
        config.unauthorized_json = self.unauthorized_json;
        config.repeated_acknowledge_refused = self.repeated_acknowledge_refused;
        config.group_alerts = self.group_alerts;
        config.snooze_needs_acknowledgement = self.snooze_needs_acknowledgement;
        config.unknown_key_as_text = self.unknown_key_as_text;
        config.too_large_status = self.too_large_status;
        config.oauth_token_s = self.oauth_token_s;
    }

    /// Returns these settings with some of them replaced.
    fn with(&self, given: Map<String, Value>) -> Result<PagerDutySettings, SettingsError> {
        let mut all = serde_json::to_value(self)?;
        for (name, value) in given {
            let setting = all.get_mut(&name).ok_or(SettingsError::Unknown(name))?;
            *setting = value;
        }
        let changed: PagerDutySettings = serde_json::from_value(all)?;
        match changed.too_large_status {
            400 | 413 => Ok(changed),
            other => Err(SettingsError::TooLargeStatus(other)),
        }
    }
}

impl PagerDuty {
    /// Tells the settings in force.
    pub fn settings(&self) -> PagerDutySettings {
        PagerDutySettings::of(&self.lock().config)
    }

    /// Replaces the given settings and returns all; what counted against a limit still counts.
    ///
    /// # Errors
    /// [`SettingsError`] if a setting is unknown or a value does not fit; nothing is changed then.
    pub fn change_settings(&self, given: Map<String, Value>) -> Result<PagerDutySettings, SettingsError> {
        let mut state = self.lock();
        let changed = PagerDutySettings::of(&state.config).with(given)?;
        changed.clone().apply(&mut state.config);
        Ok(changed)
    }
}
