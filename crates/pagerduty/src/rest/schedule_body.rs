//! Schedules as they are written.

use serde::{Deserialize, Serialize, Serializer};

use super::object::body;
use super::reference::{self, RefBody};
use crate::ids::{TeamId, UserId};
use crate::lenient;

body! {
    /// A schedule to make.
    NewSchedule as "schedule" {
        /// Name.
        name: String,
        /// Time zone, e.g. `Europe/Berlin`.
        time_zone: String,
        /// Description.
        description: Option<String>,
        /// Teams it belongs to.
        #[serde(serialize_with = "reference::write")]
        teams: Vec<TeamId>,
        /// The layers; those later in the list win.
        schedule_layers: Vec<NewLayer>,
    }
}

impl NewSchedule {
    /// Starts a schedule.
    pub fn new(name: impl Into<String>, time_zone: impl Into<String>, schedule_layers: Vec<NewLayer>) -> Self {
        let (name, time_zone) = (name.into(), time_zone.into());
        Self { name, time_zone, description: None, teams: Vec::new(), schedule_layers }
    }
}

body! {
    /// A layer of a schedule to make.
    NewLayer {
        /// Id of the layer that is changed.
        id: Option<String>,
        /// Name.
        name: Option<String>,
        /// When it takes effect, ISO 8601 like the times below.
        start: String,
        /// When it ends.
        end: Option<String>,
        /// When the first turn begins.
        rotation_virtual_start: String,
        /// How long a turn is, in seconds.
        rotation_turn_length_seconds: u32,
        /// Who takes turns, in order.
        #[serde(serialize_with = "layer_users")]
        users: Vec<UserId>,
        /// The hours it is limited to.
        restrictions: Vec<Restriction>,
    }
}

impl NewLayer {
    /// Starts a layer whose first turn begins when it takes effect.
    pub fn new(start: impl Into<String>, rotation_turn_length_seconds: u32, users: Vec<UserId>) -> Self {
        let start = start.into();
        Self {
            id: None,
            name: None,
            rotation_virtual_start: start.clone(),
            start,
            end: None,
            rotation_turn_length_seconds,
            users,
            restrictions: Vec::new(),
        }
    }
}

/// Hours to which a layer is limited.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Restriction {
    /// `daily_restriction` or `weekly_restriction`.
    #[serde(rename = "type", default, deserialize_with = "lenient::field")]
    pub kind: String,
    /// Start, `HH:mm:ss`.
    #[serde(default, deserialize_with = "lenient::field")]
    pub start_time_of_day: String,
    /// How long, in seconds.
    #[serde(default, deserialize_with = "lenient::field")]
    pub duration_seconds: Option<u64>,
    /// Day of a weekly one, 1 is Monday.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub start_day_of_week: Option<u8>,
}

impl Restriction {
    /// Limits to the same hours on every day.
    pub fn daily(start_time_of_day: impl Into<String>, duration_seconds: u64) -> Self {
        Self {
            kind: "daily_restriction".to_owned(),
            start_time_of_day: start_time_of_day.into(),
            duration_seconds: Some(duration_seconds),
            start_day_of_week: None,
        }
    }

    /// Limits to a part of the week that begins on `day`, 1 is Monday.
    pub fn weekly(day: u8, start_time_of_day: impl Into<String>, duration_seconds: u64) -> Self {
        let kind = "weekly_restriction".to_owned();
        Self { kind, start_day_of_week: Some(day), ..Self::daily(start_time_of_day, duration_seconds) }
    }
}

fn layer_users<S: Serializer>(users: &[UserId], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct LayerUser<'a> {
        user: RefBody<'a>,
    }
    serializer.collect_seq(users.iter().map(|user| LayerUser { user: RefBody::new(user.as_str(), "user_reference") }))
}
