//! Who is on call: schedules rendered from layers, restrictions and overrides.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::model::{Layer, Restriction, Rule, Schedule, ScheduleIx, Target, UserIx};
use super::state::State;

/// Turns of a whole number of days change hands at the same wall-clock time all year.
const DAY_SECONDS: i64 = 86_400;
/// One entry more than anybody can want to see: a bound for windows of years over turns of seconds.
const TURNS_MAX: i64 = 100_000;

/// A time during which one user is on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duty {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) user: UserIx,
}

impl State {
    /// Lists who is on call at a level of a policy, each once, in the order of the targets.
    pub(crate) fn on_call(&self, rules: &[Rule], level: usize, now: Timestamp) -> Vec<UserIx> {
        let mut users = Vec::new();
        for target in rules.get(level).map_or(&[] as &[Target], |rule| &rule.targets) {
            let user = match target {
                Target::User(user) => self.users.holds(*user).then_some(*user),
                Target::Schedule(schedule) => self.on_duty(*schedule, now),
            };
            users.extend(user.filter(|user| !users.contains(user)));
        }
        users
    }

    /// Finds the first level from `level` on that has somebody on call.
    pub(crate) fn on_call_from(&self, rules: &[Rule], level: usize, now: Timestamp) -> Option<(usize, Vec<UserIx>)> {
        let staffed = |level| (level, self.on_call(rules, level, now));
        (level..rules.len()).map(staffed).find(|(_, users)| !users.is_empty())
    }

    /// Tells who a schedule puts on call at a time.
    pub(crate) fn on_duty(&self, schedule: ScheduleIx, at: Timestamp) -> Option<UserIx> {
        if !self.schedules.holds(schedule) {
            return None;
        }
        let end = at.checked_add(SignedDuration::from_millis(1)).ok()?;
        self.schedules[schedule].final_duties(at, end).first().map(|duty| duty.user)
    }
}

impl Schedule {
    pub(crate) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Renders the layers and overrides, cut at the window, in order of time.
    pub(crate) fn final_duties(&self, from: Timestamp, to: Timestamp) -> Vec<Duty> {
        let zone = self.zone();
        let mut duties = Vec::new();
        for layer in &self.layers {
            paint(&mut duties, layer.duties(&zone, from, to));
        }
        paint(&mut duties, self.override_duties(from, to));
        join(duties)
    }

    /// Renders the overrides alone.
    pub(crate) fn override_duties(&self, from: Timestamp, to: Timestamp) -> Vec<Duty> {
        let mut duties = Vec::new();
        for one in &self.overrides {
            let duty = Duty { start: one.start.max(from), end: one.end.min(to), user: one.user };
            if duty.start < duty.end {
                paint(&mut duties, vec![duty]);
            }
        }
        join(duties)
    }
}

impl Layer {
    /// Renders the layer alone, cut at the window.
    pub(crate) fn duties(&self, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Duty> {
        let from = from.max(self.start);
        let to = self.end.map_or(to, |end| end.min(to));
        if from >= to || self.users.is_empty() {
            return Vec::new();
        }
        let open = open_times(&self.restrictions, zone, from, to);
        let mut duties = Vec::new();
        let first = self.turn_at(zone, from);
        for turn in first..first.saturating_add(TURNS_MAX) {
            let (begin, end) = (self.turn_start(zone, turn), self.turn_start(zone, turn + 1));
            if begin >= to {
                break;
            }
            let user = self.users[turn.rem_euclid(self.users.len() as i64) as usize];
            for (opens, closes) in &open {
                let duty = Duty { start: begin.max(*opens), end: end.min(*closes), user };
                if duty.start < duty.end {
                    duties.push(duty);
                }
            }
        }
        join(duties)
    }

    /// Tells when a turn begins; turn 0 begins at the virtual start.
    fn turn_start(&self, zone: &TimeZone, turn: i64) -> Timestamp {
        let seconds = i64::from(self.turn_seconds);
        if seconds % DAY_SECONDS != 0 {
            let passed = SignedDuration::from_secs(turn.saturating_mul(seconds));
            return self.virtual_start.checked_add(passed).unwrap_or(limit(turn));
        }
        let days = turn.saturating_mul(seconds / DAY_SECONDS);
        let span = jiff::Span::new().try_days(days);
        let local = self.virtual_start.to_zoned(zone.clone());
        span.and_then(|span| local.checked_add(span)).map_or(limit(turn), |at: Zoned| at.timestamp())
    }

    /// Finds the turn that a time lies in.
    fn turn_at(&self, zone: &TimeZone, at: Timestamp) -> i64 {
        let passed = at.duration_since(self.virtual_start).as_secs();
        let mut turn = passed.div_euclid(i64::from(self.turn_seconds.max(1)));
        // A change to or from summer time moves the start of a turn by an hour: at most one turn off.
        while self.turn_start(zone, turn) > at {
            turn -= 1;
        }
        while self.turn_start(zone, turn + 1) <= at {
            turn += 1;
        }
        turn
    }
}

fn limit(turn: i64) -> Timestamp {
    if turn < 0 { Timestamp::MIN } else { Timestamp::MAX }
}

/// Lists the times that the restrictions leave open within a window, in order and apart.
fn open_times(
    restrictions: &[Restriction],
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    if restrictions.is_empty() {
        return vec![(from, to)];
    }
    let mut open = Vec::new();
    for restriction in restrictions {
        let reach = i64::from(restriction.duration_seconds) / DAY_SECONDS + 1;
        let first = from.to_zoned(zone.clone()).date().saturating_sub(jiff::Span::new().days(reach));
        for ahead in 0.. {
            let date = first.saturating_add(jiff::Span::new().days(ahead));
            let Ok(opens) = date.to_datetime(restriction.start).to_zoned(zone.clone()) else { break };
            if opens.timestamp() >= to || ahead > TURNS_MAX {
                break;
            }
            if restriction.weekday.is_some_and(|day| date.weekday().to_monday_one_offset() != day) {
                continue;
            }
            let lasts = SignedDuration::from_secs(i64::from(restriction.duration_seconds));
            let closes = opens.timestamp().checked_add(lasts).unwrap_or(Timestamp::MAX);
            let (opens, closes) = (opens.timestamp().max(from), closes.min(to));
            if opens < closes {
                open.push((opens, closes));
            }
        }
    }
    open.sort_unstable();
    let mut apart: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (opens, closes) in open {
        match apart.last_mut() {
            Some(last) if opens <= last.1 => last.1 = last.1.max(closes),
            _ => apart.push((opens, closes)),
        }
    }
    apart
}

/// Puts duties on top of others: where both are, the new ones win.
fn paint(below: &mut Vec<Duty>, above: Vec<Duty>) {
    for top in above {
        let mut left = Vec::with_capacity(below.len() + 2);
        for duty in below.drain(..) {
            let before = Duty { end: duty.end.min(top.start), ..duty };
            let after = Duty { start: duty.start.max(top.end), ..duty };
            left.extend([before, after].into_iter().filter(|part| part.start < part.end));
        }
        left.push(top);
        *below = left;
    }
    below.sort_unstable_by_key(|duty| duty.start);
}

/// Joins duties of the same user that touch.
fn join(mut duties: Vec<Duty>) -> Vec<Duty> {
    duties.sort_unstable_by_key(|duty| duty.start);
    let mut joined: Vec<Duty> = Vec::with_capacity(duties.len());
    for duty in duties {
        match joined.last_mut() {
            Some(last) if last.user == duty.user && last.end == duty.start => last.end = duty.end,
            _ => joined.push(duty),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pagerduty::model::Override;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal")
    }

    fn layer(start: &str, turn_seconds: u32, users: &[usize]) -> Layer {
        Layer {
            id: "PLAYER1".to_owned(),
            name: "Layer 1".to_owned(),
            start: at(start),
            end: None,
            virtual_start: at(start),
            turn_seconds,
            users: users.iter().map(|user| UserIx(*user)).collect(),
            restrictions: Vec::new(),
        }
    }

    fn schedule(time_zone: &str, layers: Vec<Layer>) -> Schedule {
        Schedule {
            id: "PSCHED1".to_owned(),
            name: "Primary".to_owned(),
            description: None,
            time_zone: time_zone.to_owned(),
            layers,
            overrides: Vec::new(),
            teams: Vec::new(),
        }
    }

    fn shown(duties: &[Duty]) -> Vec<String> {
        duties.iter().map(|duty| format!("{}..{} u{}", duty.start, duty.end, duty.user.0)).collect()
    }

    #[test]
    fn users_take_turns_at_the_same_local_time_all_year() {
        let weekly = schedule("Europe/Berlin", vec![layer("2026-03-23T08:00:00Z", 604_800, &[0, 1])]);
        assert_eq!(
            shown(&weekly.final_duties(at("2026-03-25T00:00:00Z"), at("2026-04-07T00:00:00Z"))),
            [
                "2026-03-25T00:00:00Z..2026-03-30T07:00:00Z u0",
                "2026-03-30T07:00:00Z..2026-04-06T07:00:00Z u1",
                "2026-04-06T07:00:00Z..2026-04-07T00:00:00Z u0",
            ]
        );
    }

    #[test]
    fn a_layer_begins_at_its_start_in_the_turn_that_the_virtual_start_says() {
        let mut one = layer("2026-01-02T12:00:00Z", 86_400, &[0, 1]);
        one.virtual_start = at("2026-01-01T12:00:00Z");
        one.end = Some(at("2026-01-04T00:00:00Z"));
        assert_eq!(
            shown(&schedule("Etc/UTC", vec![one]).final_duties(at("2026-01-01T00:00:00Z"), at("2026-01-10T00:00:00Z"))),
            ["2026-01-02T12:00:00Z..2026-01-03T12:00:00Z u1", "2026-01-03T12:00:00Z..2026-01-04T00:00:00Z u0"]
        );
    }

    #[test]
    fn restrictions_leave_gaps_that_lower_layers_fill() {
        let mut nights = layer("2026-01-01T00:00:00Z", 604_800, &[1]);
        nights.restrictions =
            vec![Restriction { weekday: None, start: jiff::civil::time(22, 0, 0, 0), duration_seconds: 8 * 3_600 }];
        let both = schedule("Etc/UTC", vec![layer("2026-01-01T00:00:00Z", 604_800, &[0]), nights]);
        assert_eq!(
            shown(&both.final_duties(at("2026-01-05T03:00:00Z"), at("2026-01-06T00:00:00Z"))),
            [
                "2026-01-05T03:00:00Z..2026-01-05T06:00:00Z u1",
                "2026-01-05T06:00:00Z..2026-01-05T22:00:00Z u0",
                "2026-01-05T22:00:00Z..2026-01-06T00:00:00Z u1",
            ]
        );
    }

    #[test]
    fn a_weekly_restriction_may_span_days() {
        let mut weekend = layer("2026-01-01T00:00:00Z", 604_800, &[0]);
        weekend.restrictions =
            vec![Restriction { weekday: Some(5), start: jiff::civil::time(18, 0, 0, 0), duration_seconds: 3 * 86_400 }];
        assert_eq!(
            shown(&weekend.duties(&TimeZone::UTC, at("2026-01-11T00:00:00Z"), at("2026-01-17T00:00:00Z"))),
            ["2026-01-11T00:00:00Z..2026-01-12T18:00:00Z u0", "2026-01-16T18:00:00Z..2026-01-17T00:00:00Z u0"]
        );
    }

    #[test]
    fn the_newest_override_wins() {
        let mut one = schedule("Etc/UTC", vec![layer("2026-01-01T00:00:00Z", 604_800, &[0])]);
        let mut cover = |start: &str, end: &str, user| {
            let id = format!("Q{user}");
            one.overrides.push(Override { id, start: at(start), end: at(end), user: UserIx(user) });
        };
        cover("2026-01-02T08:00:00Z", "2026-01-02T16:00:00Z", 1);
        cover("2026-01-02T12:00:00Z", "2026-01-02T13:00:00Z", 2);
        assert_eq!(
            shown(&one.final_duties(at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z"))),
            [
                "2026-01-02T00:00:00Z..2026-01-02T08:00:00Z u0",
                "2026-01-02T08:00:00Z..2026-01-02T12:00:00Z u1",
                "2026-01-02T12:00:00Z..2026-01-02T13:00:00Z u2",
                "2026-01-02T13:00:00Z..2026-01-02T16:00:00Z u1",
                "2026-01-02T16:00:00Z..2026-01-03T00:00:00Z u0",
            ]
        );
    }
}
