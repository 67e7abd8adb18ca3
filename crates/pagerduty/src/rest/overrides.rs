//! Overrides: somebody else takes a part of a schedule.
//!
//! ```
//! use pagerduty::rest::overrides::{self, NewOverride};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let tonight = NewOverride::new("2026-01-02T18:00:00Z", "2026-01-03T02:00:00Z", "PUSR001");
//! let request = client.request(&overrides::create(&"PSCHED1".into(), &[tonight]))?;
//! assert_eq!(request.url.path(), "/schedules/PSCHED1/overrides");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Deserialize;

use super::Reference;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Segment, delete as delete_at, object as object_at, whole};
use crate::ids::{OverrideId, ScheduleId, UserId};
use crate::lenient;

object! {
    /// An override.
    Override(OverrideId) {
        /// From when, ISO 8601.
        start: Option<String>,
        /// Until when.
        end: Option<String>,
        /// Who takes it.
        user: Option<Reference<UserId>>,
    }
}

body! {
    /// An override to make.
    NewOverride {
        /// From when, ISO 8601.
        start: String,
        /// Until when.
        end: String,
        /// Who takes it.
        #[serde(serialize_with = "reference::write")]
        user: UserId,
    }
}

impl NewOverride {
    /// Makes an override; times are ISO 8601 with `Z` or an offset.
    pub fn new(start: impl Into<String>, end: impl Into<String>, user: impl Into<UserId>) -> Self {
        Self { start: start.into(), end: end.into(), user: user.into() }
    }
}

/// What became of one of the overrides that were sent, in the same order. The answer as a whole is a success even if this is not.
#[derive(Clone, Debug, Deserialize)]
pub struct OverrideResult {
    /// 201, or why not as an HTTP status.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<u16>,
    /// What is wrong with it.
    #[serde(default, deserialize_with = "lenient::list")]
    pub errors: Vec<String>,
    /// The override; without an id if it was refused, and then `None` here.
    #[serde(rename = "override", default, deserialize_with = "lenient::option")]
    pub made: Option<Override>,
}

impl OverrideResult {
    /// Gives the override, or what was said against it.
    ///
    /// # Errors
    /// The sentences of the far side, or its status in words.
    pub fn into_result(self) -> Result<Override, String> {
        let refused = self.status.is_some_and(|status| !(200..300).contains(&status));
        match self.made {
            Some(made) if !refused && self.errors.is_empty() => Ok(made),
            _ if self.errors.is_empty() => Err(format!("refused with status {}", self.status.unwrap_or_default())),
            _ => Err(self.errors.join("; ")),
        }
    }
}

/// Lists the overrides of a schedule between two times (`GET /schedules/{id}/overrides`); there are no pages.
pub fn list(schedule: &ScheduleId, since: &str, until: &str) -> Call<Vec<Override>> {
    object_at(Method::GET, all(schedule), "overrides").query("since", since).query("until", until)
}

/// Makes overrides (`POST /schedules/{id}/overrides`). Look at each [`OverrideResult`].
pub fn create(schedule: &ScheduleId, new: &[NewOverride]) -> Call<Vec<OverrideResult>> {
    whole(Method::POST, all(schedule))
        .wrapped("overrides", &new)
        .refused_if(new.is_empty(), "there is no override to make")
}

/// Makes one override by the old form of the call (`POST /schedules/{id}/overrides` with `override`), which fails as a whole.
pub fn create_one(schedule: &ScheduleId, new: &NewOverride) -> Call<Override> {
    object_at(Method::POST, all(schedule), "override").wrapped("override", new)
}

/// Deletes an override (`DELETE /schedules/{id}/overrides/{override}`); one that is under way ends now, and stays.
pub fn delete(schedule: &ScheduleId, id: &OverrideId) -> Call<()> {
    delete_at(all(schedule).into_iter().chain([Segment::Id(id.as_str())]))
}

fn all(schedule: &ScheduleId) -> [Segment<'_>; 3] {
    [Segment::Fixed("schedules"), Segment::Id(schedule.as_str()), Segment::Fixed("overrides")]
}
