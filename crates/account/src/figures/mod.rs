//! MTTA and MTTR: from PagerDuty's analytics, or from the bridge's own journal, which has no delay.

mod journal;
mod remote;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::Serialize;

pub use journal::{GroupBy, Journal};
pub use remote::{Remote, RemoteBy, read_figures};

/// In which pieces of time incidents are counted, by when they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Day,
    /// Weeks, from Monday.
    Week,
    /// Months.
    Month,
}

impl Unit {
    /// The word that PagerDuty has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The first day of the piece that a time is in.
    fn start(self, at: Timestamp, zone: &TimeZone) -> jiff::civil::Date {
        let date = at.to_zoned(zone.clone()).date();
        match self {
            Self::Day => date,
            Self::Week => date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
            Self::Month => date.first_of_month(),
        }
    }
}

/// Hours as PagerDuty's analytics tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Monday to Friday from 8 to 18.
    Business,
    /// Monday to Friday from 18 to 22, Saturday and Sunday from 8 to 22.
    Off,
    /// From 22 to 8.
    Sleep,
}

impl Hours {
    /// Tells in which hours a time is.
    pub fn of(at: &Zoned) -> Self {
        let weekend = matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
        match at.hour() {
            22.. | ..8 => Self::Sleep,
            18.. => Self::Off,
            _ if weekend => Self::Off,
            _ => Self::Business,
        }
    }
}

/// One row: what became of the incidents of a group that began in a piece of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// First day of the day, week or month, as `2026-11-20`; `None` for the whole time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The service, team or system; `None` for all together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Incidents that began.
    pub incidents: u64,
    /// Of these, how many were acknowledged; `None` where that is not told.
    pub acknowledged: Option<u64>,
    /// Of these, how many are over; `None` where that is not told.
    pub resolved: Option<u64>,
    /// Mean time to the first acknowledgement, in seconds (MTTA).
    pub mean_seconds_to_first_ack: Option<f64>,
    /// Mean time to the end, in seconds (MTTR).
    pub mean_seconds_to_resolve: Option<f64>,
    /// Interruptions in business hours. From the journal: incidents of high urgency that began then.
    pub business_hour_interruptions: u64,
    /// Interruptions in the evening and at weekends.
    pub off_hour_interruptions: u64,
    /// Interruptions at night.
    pub sleep_hour_interruptions: u64,
}

/// A mean that grows, without keeping what it is of.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    count: u64,
    sum: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests;
