//! Writes schedules as the REST API shows them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ask::Ask;
use super::schedules::Span;
use crate::pagerduty::model::{Layer, Restriction, Schedule, ScheduleIx, Target, UserIx};
use crate::pagerduty::oncall::Duty;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;

/// How far an entry is looked for beyond the span that it overflows: two turns of the longest layer, at least this.
const OVERFLOW_SECONDS_MIN: i64 = 14 * 86_400;

impl State {
    /// Renders a schedule without its layers, as it stands in place of a reference.
    pub(crate) fn schedule_brief(&self, links: &Links, ix: ScheduleIx) -> Value {
        self.schedule_basics(links, &self.schedules[ix])
    }

    fn schedule_basics(&self, links: &Links, schedule: &Schedule) -> Value {
        let mut users: Vec<UserIx> = Vec::new();
        for user in schedule.layers.iter().flat_map(|layer| &layer.users) {
            if !users.contains(user) {
                users.push(*user);
            }
        }
        let users: Vec<Value> = users.into_iter().map(|user| self.user_ref(links, user)).collect();
        let uses = |target: &Target| match target {
            Target::Schedule(used) => self.schedules[*used].id == schedule.id,
            Target::User(_) => false,
        };
        let policies =
            self.policies.iter().filter(|(_, policy)| policy.rules.iter().any(|rule| rule.targets.iter().any(uses)));
        let policies: Vec<Value> = policies.map(|(policy, _)| self.policy_ref(links, policy)).collect();
        links.full(
            schedule,
            json!({
                "name": schedule.name,
                "time_zone": schedule.time_zone,
                "description": schedule.description,
                "users": users,
                "teams": self.team_refs(links, &schedule.teams),
                "escalation_policies": policies,
            }),
        )
    }

    /// Renders a schedule whole; who is on call when only where a span is asked for.
    pub(super) fn schedule_json(&self, ask: &Ask<'_>, schedule: &Schedule, span: Option<Span>) -> Value {
        let zone = schedule.zone();
        let layers = schedule.layers.iter().rev().map(|layer| {
            let render = |from, to| layer.duties(&zone, from, to);
            with(self.layer_json(ask.links, layer), self.rendered(ask.links, schedule, span, render))
        });
        let named = |name: &str, rendered: Value| with(json!({"name": name}), rendered);
        let overrides = self.rendered(ask.links, schedule, span, |from, to| schedule.override_duties(from, to));
        let last = self.rendered(ask.links, schedule, span, |from, to| schedule.final_duties(from, to));
        with(
            self.schedule_basics(ask.links, schedule),
            json!({
                "schedule_layers": layers.collect::<Vec<_>>(),
                "overrides_subschedule": named("Overrides", overrides),
                "final_schedule": named("Final Schedule", last),
            }),
        )
    }

    fn layer_json(&self, links: &Links, layer: &Layer) -> Value {
        let users: Vec<Value> = layer.users.iter().map(|user| json!({"user": self.user_ref(links, *user)})).collect();
        json!({
            "id": layer.id,
            "name": layer.name,
            "start": links.time(layer.start),
            "end": layer.end.map(|end| links.time(end)),
            "users": users,
            "restrictions": layer.restrictions.iter().map(restriction_json).collect::<Vec<_>>(),
            "rotation_virtual_start": links.time(layer.virtual_start),
            "rotation_turn_length_seconds": layer.turn_seconds,
        })
    }

    fn rendered(
        &self,
        links: &Links,
        schedule: &Schedule,
        span: Option<Span>,
        render: impl Fn(Timestamp, Timestamp) -> Vec<Duty>,
    ) -> Value {
        let Some(span) = span else {
            return json!({"rendered_schedule_entries": [], "rendered_coverage_percentage": null});
        };
        let cut = render(span.since, span.until);
        let covered: i64 = cut.iter().map(|duty| duty.end.duration_since(duty.start).as_secs()).sum();
        let whole = span.until.duration_since(span.since).as_secs();
        let percentage = if whole > 0 { covered as f64 * 100.0 / whole as f64 } else { 0.0 };
        let shown = if span.overflow { overflowing(schedule, span, render) } else { cut };
        let entry = |duty: &Duty| {
            json!({
                "user": self.user_ref(links, duty.user),
                "start": links.time(duty.start),
                "end": links.time(duty.end),
            })
        };
        json!({
            "rendered_schedule_entries": shown.iter().map(entry).collect::<Vec<_>>(),
            "rendered_coverage_percentage": percentage,
        })
    }
}

/// Renders the entries that touch a span, whole.
fn overflowing(schedule: &Schedule, span: Span, render: impl Fn(Timestamp, Timestamp) -> Vec<Duty>) -> Vec<Duty> {
    let turn = schedule.layers.iter().map(|layer| i64::from(layer.turn_seconds)).max().unwrap_or(0);
    let reach = SignedDuration::from_secs(turn.saturating_mul(2).max(OVERFLOW_SECONDS_MIN));
    let from = span.since.checked_sub(reach).unwrap_or(Timestamp::MIN);
    let to = span.until.checked_add(reach).unwrap_or(Timestamp::MAX);
    let touches = |duty: &Duty| duty.start < span.until && duty.end > span.since;
    render(from, to).into_iter().filter(touches).collect()
}

fn restriction_json(restriction: &Restriction) -> Value {
    let mut shown = json!({
        "type": if restriction.weekday.is_some() { "weekly_restriction" } else { "daily_restriction" },
        "start_time_of_day": restriction.start.strftime("%H:%M:%S").to_string(),
        "duration_seconds": restriction.duration_seconds,
    });
    if let Some(day) = restriction.weekday {
        shown["start_day_of_week"] = day.into();
    }
    shown
}
