//! `/analytics/metrics/incidents/...`: sums and means over incidents, by service, team or policy.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::{Value, json};

use super::analytics::{Figures, seconds_to_resolve};
use super::ask::Ask;
use crate::pagerduty::model::{IncidentIx, Urgency};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::with;
use crate::pagerduty::state::State;
use crate::wire::Reply;

/// One group of incidents and the fields that name it.
type Group = (Value, Vec<IncidentIx>);

impl State {
    pub(super) fn list_metrics(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let given = ask.body()?;
        let found = self.analysed(ask, &given)?;
        let groups = match parts {
            ["all"] | ["services" | "teams" | "escalation_policies", "all"] => vec![(json!({}), found)],
            ["services"] => self.grouped(found, |state, ix| {
                let service = state.service(state.incident(ix).service);
                vec![json!({"service_id": service.id, "service_name": service.name})]
            }),
            ["escalation_policies"] => self.grouped(found, |state, ix| {
                let policy = state.policy(state.incident(ix).policy);
                vec![json!({"escalation_policy_id": policy.id, "escalation_policy_name": policy.name})]
            }),
            ["teams"] => self.grouped(found, |state, ix| {
                let teams = state.service_teams(state.incident(ix).service).iter().map(|team| &state.teams[*team]);
                teams.map(|team| json!({"team_id": team.id, "team_name": team.name})).collect()
            }),
            _ => return Err(Refusal::not_found()),
        };
        let unit = given.text("aggregate_unit")?;
        if unit.is_some_and(|unit| !matches!(unit, "day" | "week" | "month")) {
            return Err(Refusal::invalid("Aggregate unit must be one of: day, week, month"));
        }
        let zone = given.text("time_zone")?.unwrap_or("Etc/UTC");
        let zone = TimeZone::get(zone).map_err(|_| Refusal::invalid("Time zone is not a known time zone"))?;
        let groups = match unit {
            None => groups,
            Some(unit) => groups.into_iter().flat_map(|group| self.by_period(group, unit, &zone)).collect(),
        };
        let data: Vec<Value> = groups.iter().map(|(named, group)| with(self.metrics(group), named.clone())).collect();
        Ok(Reply::json(
            200,
            &json!({
                "data": data, "filters": given.get("filters"), "aggregate_unit": unit,
                "time_zone": given.text("time_zone")?.unwrap_or("Etc/UTC"), "order": "desc",
                "order_by": "total_incident_count",
            }),
        ))
    }

    /// Splits a group by the day, week or month in which its incidents were made.
    fn by_period(&self, (named, group): Group, unit: &str, zone: &TimeZone) -> Vec<Group> {
        let mut periods: BTreeMap<Timestamp, Vec<IncidentIx>> = BTreeMap::new();
        for ix in group {
            periods.entry(period_start(self.incident(ix).created_at, unit, zone)).or_default().push(ix);
        }
        let named = |start: Timestamp| {
            let start = start.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            with(named.clone(), json!({"range_start": start}))
        };
        periods.into_iter().map(|(start, group)| (named(start), group)).collect()
    }

    /// Counts by the hours of those who were interrupted.
    pub(super) fn interruptions(&self, group: &[IncidentIx]) -> Interruptions {
        let mut counted = Interruptions::default();
        for one in self.notifications.iter().filter(|one| group.contains(&one.incident)) {
            let zone = TimeZone::get(&self.user(one.user).time_zone).unwrap_or(TimeZone::UTC);
            counted.count(&one.at.to_zoned(zone));
        }
        counted
    }

    /// Groups incidents by the fields that name their groups; one may be in several, or in none.
    fn grouped(&self, found: Vec<IncidentIx>, names: impl Fn(&State, IncidentIx) -> Vec<Value>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for ix in found {
            for name in names(self, ix) {
                match groups.iter_mut().find(|(named, _)| *named == name) {
                    Some((_, group)) => group.push(ix),
                    None => groups.push((name, vec![ix])),
                }
            }
        }
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
        groups
    }

    fn metrics(&self, group: &[IncidentIx]) -> Value {
        let incidents = || group.iter().map(|ix| self.incident(*ix));
        let figures: Vec<Figures> = incidents().map(Figures::of).collect();
        let sum = |field: fn(&Figures) -> u64| figures.iter().map(field).sum::<u64>();
        let of_urgency = |urgency| incidents().filter(|incident| incident.urgency == urgency).count();
        let interruptions = self.interruptions(group);
        let notified = interruptions.total();
        let escalated = figures.iter().filter(|one| one.manual_escalations + one.timeout_escalations > 0).count();
        json!({
            "total_incident_count": group.len(),
            "total_incidents_acknowledged": figures.iter().filter(|one| one.acknowledgements > 0).count(),
            "total_incidents_reassigned": figures.iter().filter(|one| one.reassignments > 0).count(),
            "total_incidents_manual_escalated": figures.iter().filter(|one| one.manual_escalations > 0).count(),
            "total_incidents_timeout_escalated": figures.iter().filter(|one| one.timeout_escalations > 0).count(),
            "total_escalation_count": sum(|one| one.manual_escalations + one.timeout_escalations),
            "total_incidents_escalated": escalated,
            "total_high_urgency_incidents": of_urgency(Urgency::High),
            "total_low_urgency_incidents": of_urgency(Urgency::Low),
            "total_major_incidents": incidents().filter(|incident| self.is_major(incident)).count(),
            "total_notifications": notified,
            "total_interruptions": notified,
            "total_business_hour_interruptions": interruptions.business,
            "total_off_hour_interruptions": interruptions.off,
            "total_sleep_hour_interruptions": interruptions.sleep,
            "mean_seconds_to_first_ack": mean(figures.iter().filter_map(|one| one.seconds_to_first_ack)),
            "mean_seconds_to_resolve": mean(incidents().filter_map(seconds_to_resolve)),
            "mean_assignment_count": mean(figures.iter().map(|one| one.reassignments as i64 + 1)),
        })
    }
}

/// How often people were interrupted, by the hours of their own zone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interruptions {
    /// From 8 to 18 on weekdays.
    pub(super) business: u64,
    /// From 18 to 22 on weekdays, and from 8 to 22 at weekends.
    pub(super) off: u64,
    /// From 22 to 8.
    pub(super) sleep: u64,
}

impl Interruptions {
    pub(super) fn total(self) -> u64 {
        self.business + self.off + self.sleep
    }

    fn count(&mut self, at: &Zoned) {
        let weekend = matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
        match at.hour() {
            22.. | ..8 => self.sleep += 1,
            18.. => self.off += 1,
            _ if weekend => self.off += 1,
            _ => self.business += 1,
        }
    }
}

/// Finds the midnight at which the day, week (from Monday) or month of a time begins.
fn period_start(at: Timestamp, unit: &str, zone: &TimeZone) -> Timestamp {
    let date = at.to_zoned(zone.clone()).date();
    let first = match unit {
        "week" => date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
        "month" => date.first_of_month(),
        _ => date,
    };
    first.to_zoned(zone.clone()).map_or(at, |start| start.timestamp())
}

/// Takes the mean of whole numbers, rounded down; none of none.
fn mean(of: impl Iterator<Item = i64>) -> Option<i64> {
    let (count, sum) = of.fold((0, 0), |(count, sum), one| (count + 1, sum + one));
    (count > 0).then(|| sum / count)
}
