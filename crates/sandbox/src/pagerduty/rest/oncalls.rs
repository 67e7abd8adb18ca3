//! `/oncalls`: who is on call for what.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ask::Ask;
use super::include::Includes;
use crate::pagerduty::model::{PolicyIx, ScheduleIx, Target, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const AHEAD_DAYS_MAX: i64 = 90;
const INCLUDES: &Includes =
    &[("escalation_policies", "escalation_policy"), ("users", "user"), ("schedules", "schedule")];

/// One user on call at one level of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OnCall {
    policy: PolicyIx,
    /// From 1.
    level: usize,
    user: UserIx,
    /// None for a user who is a target themself, and so always on call.
    duty: Option<(ScheduleIx, Timestamp, Timestamp)>,
}

impl State {
    pub(crate) fn route_oncalls(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        if ask.call.method != http::Method::GET || !parts.is_empty() {
            return Err(Refusal::not_found());
        }
        let since = ask.time("since")?.unwrap_or(ask.now);
        let until = ask.time("until")?.unwrap_or(since);
        let furthest = ask.now.checked_add(SignedDuration::from_hours(AHEAD_DAYS_MAX * 24)).unwrap_or(Timestamp::MAX);
        if since > until || until > furthest {
            return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
        }
        let mut found = self.on_calls(since, until);
        found.retain(|one| self.wanted(ask, one));
        if ask.call.query_true("earliest") {
            keep_earliest(&mut found);
        }
        self.listed(ask, "oncalls", &found, INCLUDES, |one| self.oncall_json(ask.links, one))
    }

    fn on_calls(&self, since: Timestamp, until: Timestamp) -> Vec<OnCall> {
        let end = until.max(since.checked_add(SignedDuration::from_millis(1)).unwrap_or(until));
        let mut found = Vec::new();
        for (policy, held) in self.policies.iter() {
            for (rule, level) in held.rules.iter().zip(1..) {
                for target in &rule.targets {
                    match target {
                        Target::User(user) => found.push(OnCall { policy, level, user: *user, duty: None }),
                        Target::Schedule(schedule) => {
                            found.extend(self.duties_around(*schedule, since, end).into_iter().map(
                                |(user, from, to)| OnCall { policy, level, user, duty: Some((*schedule, from, to)) },
                            ));
                        }
                    }
                }
            }
        }
        found
    }

    /// Lists the duties that touch a window, from their own start to their own end as far as that is near.
    fn duties_around(
        &self,
        schedule: ScheduleIx,
        since: Timestamp,
        until: Timestamp,
    ) -> Vec<(UserIx, Timestamp, Timestamp)> {
        let schedule = &self.schedules[schedule];
        let longest = schedule.layers.iter().map(|layer| i64::from(layer.turn_seconds)).max().unwrap_or(0);
        let reach = SignedDuration::from_secs(longest.saturating_mul(2));
        let from = since.checked_sub(reach).unwrap_or(Timestamp::MIN);
        let to = until.checked_add(reach).unwrap_or(Timestamp::MAX);
        let duties = schedule.final_duties(from, to).into_iter();
        let touching = duties.filter(|duty| duty.start < until && duty.end > since);
        touching.map(|duty| (duty.user, duty.start, duty.end)).collect()
    }

    fn wanted(&self, ask: &Ask<'_>, one: &OnCall) -> bool {
        // `null` in the set means those who are on call without a schedule.
        let schedule = one.duty.map_or("null", |(schedule, _, _)| &self.schedules[schedule].id);
        ask.wants("user_ids", &self.user(one.user).id)
            && ask.wants("escalation_policy_ids", &self.policy(one.policy).id)
            && (ask.wants("schedule_ids", schedule)
                || (one.duty.is_none() && ask.call.query_set("schedule_ids").contains(&"")))
    }

    fn oncall_json(&self, links: &Links, one: &OnCall) -> Value {
        json!({
            "escalation_policy": self.policy_ref(links, one.policy),
            "escalation_level": one.level,
            "schedule": one.duty.map(|(schedule, _, _)| self.schedule_ref(links, schedule)),
            "user": self.user_ref(links, one.user),
            "start": one.duty.map(|(_, start, _)| links.time(start)),
            "end": one.duty.map(|(_, _, end)| links.time(end)),
        })
    }
}

/// Keeps the first on-call of each user at each level of each policy.
fn keep_earliest(found: &mut Vec<OnCall>) {
    found.sort_by_key(|one| one.duty.map(|(_, start, _)| start));
    let mut seen = Vec::new();
    found.retain(|one| {
        let key = (one.policy, one.level, one.user);
        let first = !seen.contains(&key);
        seen.push(key);
        first
    });
}
