//! On-call audit: whether schedules and escalation policies are fit for the weeks to come. Pure: looks at what was read.

use crate::account::Account;
use crate::doctor::{judge_user, judge_zone, policy_object, schedule_object, user_object, works};
use crate::finding::{CheckInfo, Finding, count, or_ok, some_of};
use jiff::Timestamp;
use pagerduty::rest::escalation_policies::EscalationPolicy;
use pagerduty::rest::schedules::{Entry, Schedule};
use std::collections::{BTreeMap, BTreeSet};

const SHIFT: &str = "shift length";
const GAP: &str = "gap";
const OVERLAP: &str = "handover";
const ALONE: &str = "one person";
const LEVELS: &str = "levels";
const NOBODY: &str = "nobody on call";
const UNUSED: &str = "unused";
const ZONE: &str = "time zones";
const CONTACT: &str = "contact methods";
const MAIL: &str = "e-mail only";
const NIGHTS: &str = "nights";
const READING: &str = "reading";

/// Longest shift that is no finding, in seconds: a week.
const SHIFT_S_MAX: i64 = 7 * 24 * 3600;
/// So many interruptions at night within the days that are looked back are too many for one person: two a week.
const NIGHTS_PER_WEEK: u64 = 2;

/// Every check of `oncall audit`, in the order in which they are told.
pub const AUDITS: [CheckInfo; 12] = [
    CheckInfo {
        name: SHIFT,
        finds: "somebody is on call for more than 7 days without a change",
        remedy: "let the layer change hands at least once a week",
        source: "on-call health: shifts of a week at most",
    },
    CheckInfo {
        name: GAP,
        finds: "nobody is on call by a schedule for some time of the days to come, and by no other level of a policy that uses it",
        remedy: "fill the gap with a layer or an override",
        source: "on-call health: gaps",
    },
    CheckInfo {
        name: OVERLAP,
        finds: "a policy's levels change hands at the same moment, all of them, so that nobody who knows what is going on stays",
        remedy: "let the second level change hands some hours or a day apart",
        source: "on-call health: overlap of shifts",
    },
    CheckInfo {
        name: ALONE,
        finds: "a schedule has one person, who is always on call",
        remedy: "add a second person to the schedule",
        source: "on-call health: schedule audit",
    },
    CheckInfo {
        name: LEVELS,
        finds: "a policy that services use has one level: when that person does not answer, nobody else is asked",
        remedy: "add a second level",
        source: "on-call health: a second escalation level",
    },
    CheckInfo {
        name: NOBODY,
        finds: "a policy names nobody, or nobody is on call in it now",
        remedy: "add a user, or close the gap in its schedule",
        source: "on-call health: policies with nobody on call",
    },
    CheckInfo {
        name: UNUSED,
        finds: "a hint: no service uses a policy, or no policy a schedule",
        remedy: "delete it, or use it",
        source: "on-call health: schedule audit",
    },
    CheckInfo {
        name: ZONE,
        finds: "a schedule keeps other hours than the zone of people on it",
        remedy: "set the schedule's zone, or the users'",
        source: "troubleshooting: escalations not working",
    },
    CheckInfo {
        name: CONTACT,
        finds: "somebody on a schedule or policy cannot be reached with high urgency: nothing verified, or no notification rule",
        remedy: "let the user verify a phone number and add a notification rule",
        source: "troubleshooting: no notifications",
    },
    CheckInfo {
        name: MAIL,
        finds: "somebody on a schedule or policy is reached by e-mail alone, which wakes nobody",
        remedy: "let the user add a phone number or the app",
        source: "on-call health: contact methods",
    },
    CheckInfo {
        name: NIGHTS,
        finds: "somebody was interrupted in sleep hours (22 to 8) more than twice a week, by the analytics of the days before",
        remedy: "fix or quieten what pages at night, share the nights out, or give the service support hours",
        source: "on-call health: after-hours page counts",
    },
    CheckInfo {
        name: READING,
        finds: "something could not be read, so that it could not be looked at",
        remedy: "give the token the right that is named",
        source: "-",
    },
];

/// What an audit looks at, beyond the account as it is now.
#[derive(Clone, Debug, Default)]
pub struct OnCallView {
    /// Schedules with the shifts of the days to come, in full: not cut at the ends.
    pub rendered: Vec<Schedule>,
    /// The days that are looked at, as Unix seconds.
    pub window: (i64, i64),
    /// Interruptions in sleep hours of the days before, by user; `None` where analytics did not tell.
    pub nights: Option<Vec<Nights>>,
    /// How many days before are looked at.
    pub days_back: u64,
}

/// How often somebody was interrupted at night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nights {
    /// The user's id.
    pub user: String,
    /// Incidents that interrupted in sleep hours.
    pub interruptions: u64,
}

/// Judges schedules and policies.
pub fn audit(account: &Account, view: &OnCallView) -> Vec<Finding> {
    let mut found = schedules(account, view);
    found.extend(policies(account));
    found.extend(or_ok(UNUSED, unused(account, &view.rendered), || "every policy and schedule is in use".to_owned()));
    found.extend(people(account));
    found
        .extend(view.nights.as_ref().map(|nights| judge_nights(account, nights, view.days_back)).into_iter().flatten());
    found.extend(account.unread.iter().map(|unread| {
        let detail = format!("{} could not be read: {}", unread.what, unread.reason);
        Finding::warning(READING, detail, format!("give the token the right to read {}", unread.what))
    }));
    found
}

fn schedules(account: &Account, view: &OnCallView) -> Vec<Finding> {
    let all = &view.rendered;
    if all.is_empty() {
        return vec![Finding::ok(GAP, "there is no schedule")];
    }
    let each = |judge: &dyn Fn(&Schedule) -> Option<Finding>| all.iter().filter_map(judge).collect::<Vec<_>>();
    let number = count(all.len(), "schedule");
    let long = each(&|schedule| judge_shift(schedule, view.window));
    let mut found = or_ok(SHIFT, long, || format!("no shift of {number} is longer than a week"));
    found.extend(or_ok(GAP, gaps(account, view), || format!("{number} without a gap")));
    found.extend(or_ok(OVERLAP, handovers(account, view), || "levels change hands apart from each other".to_owned()));
    found.extend(or_ok(ALONE, each(&judge_alone), || "no schedule has one person alone".to_owned()));
    found.extend(or_ok(ZONE, each(&|schedule| judge_zone(account, schedule, ZONE)), || {
        format!("{number} in the zones of those on them")
    }));
    found
}

/// A shift in seconds of Unix time, with whose it is.
type Shift<'a> = (i64, i64, &'a str);

/// The shifts of a schedule in order, those of one person that follow each other made one.
fn shifts(schedule: &Schedule) -> Vec<Shift<'_>> {
    let entries = schedule.final_schedule.iter().flat_map(|whole| &whole.rendered_schedule_entries);
    let mut all: Vec<Shift<'_>> = entries.filter_map(shift).collect();
    all.sort_unstable();
    let mut joined: Vec<Shift<'_>> = Vec::new();
    for next in all {
        match joined.last_mut() {
            Some(last) if last.2 == next.2 && next.0 <= last.1 => last.1 = last.1.max(next.1),
            _ => joined.push(next),
        }
    }
    joined
}

fn shift(entry: &Entry) -> Option<Shift<'_>> {
    let second = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
    Some((second(&entry.start)?, second(&entry.end)?, entry.user.as_ref()?.id.as_str()))
}

fn judge_shift(schedule: &Schedule, (since, until): (i64, i64)) -> Option<Finding> {
    // Whoever is alone is told of once, as that.
    if schedule.users.len() < 2 {
        return None;
    }
    let in_window = shifts(schedule).into_iter().filter(|(start, end, _)| *start < until && since < *end);
    // Of several that are as long, the first.
    let longest = in_window.rev().max_by_key(|(start, end, _)| end - start)?;
    let length = longest.1 - longest.0;
    if length <= SHIFT_S_MAX {
        return None;
    }
    let name =
        schedule.users.iter().find(|user| user.id.as_str() == longest.2).and_then(|user| user.summary.as_deref());
    let detail = format!("{} is on call for {} from {}", name.unwrap_or(longest.2), days(length), day(longest.0));
    let remedy = "let the layer change hands at least once a week, or share the week with an override";
    Some(Finding::warning(SHIFT, detail, remedy).about(schedule_object(schedule)))
}

/// The parts of the window that no shift covers.
fn uncovered(shifts: impl IntoIterator<Item = (i64, i64)>, (since, until): (i64, i64)) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = shifts.into_iter().collect();
    all.sort_unstable();
    let (mut gaps, mut covered) = (Vec::new(), since);
    for (start, end) in all {
        if start > covered {
            gaps.push((covered, start.min(until)));
        }
        covered = covered.max(end);
        if covered >= until {
            return gaps;
        }
    }
    gaps.push((covered, until));
    gaps
}

/// Gaps of schedules that no other target of the policies that use them fills. Of one that no policy uses, any gap.
fn gaps(account: &Account, view: &OnCallView) -> Vec<Finding> {
    let shifts_of: BTreeMap<&str, Vec<(i64, i64)>> = view
        .rendered
        .iter()
        .map(|one| (one.id.as_str(), shifts(one).into_iter().map(|(start, end, _)| (start, end)).collect()))
        .collect();
    let mut found = Vec::new();
    for schedule in &view.rendered {
        let users: Vec<&EscalationPolicy> = account
            .policies
            .iter()
            .filter(|policy| targets(policy).any(|(_, id)| id == schedule.id.as_str()))
            .collect();
        // A gap that hurts a policy, else one of the schedule itself.
        let hurt = users.iter().find_map(|policy| {
            let all = targets(policy);
            // A user is always there.
            if targets(policy).any(|(_, id)| !shifts_of.contains_key(id)) {
                return None;
            }
            let together = all.flat_map(|(_, id)| shifts_of[id].iter().copied()).collect::<Vec<_>>();
            Some((*policy, uncovered(together, view.window))).filter(|(_, gaps)| !gaps.is_empty())
        });
        let gaps = uncovered(shifts_of[schedule.id.as_str()].iter().copied(), view.window);
        let Some(first) = gaps.first() else { continue };
        let remedy = "fill the gap with a layer, or with an override";
        let told = format!(
            "{} without anybody, the first from {} for {}",
            count(gaps.len(), "stretch"),
            time(first.0),
            hours(first.1 - first.0)
        );
        let finding = match hurt {
            Some((policy, _)) => {
                Finding::failed(GAP, format!("{told}; nobody else is in `{}` then", policy.name), remedy)
            }
            None => Finding::warning(GAP, told, remedy),
        };
        found.push(finding.about(schedule_object(schedule)));
    }
    found
}

/// The targets of a policy: level from 0, and id.
fn targets(policy: &EscalationPolicy) -> impl Iterator<Item = (usize, &str)> {
    let levels = policy.escalation_rules.iter().enumerate();
    levels.flat_map(|(level, rule)| rule.targets.iter().map(move |target| (level, target.id.as_str())))
}

/// Policies of which all levels are schedules that change hands at the same moments, every time.
fn handovers(account: &Account, view: &OnCallView) -> Vec<Finding> {
    let inside = |at: i64| view.window.0 < at && at < view.window.1;
    let changes: BTreeMap<&str, BTreeSet<i64>> = view
        .rendered
        .iter()
        .map(|one| {
            (one.id.as_str(), shifts(one).into_iter().map(|(start, _, _)| start).filter(|at| inside(*at)).collect())
        })
        .collect();
    let mut found = Vec::new();
    for policy in account.policies.iter().filter(|policy| policy.escalation_rules.len() > 1) {
        let all: Option<Vec<&BTreeSet<i64>>> = targets(policy).map(|(_, id)| changes.get(id)).collect();
        let Some(all) = all.filter(|all| all.len() > 1 && !all[0].is_empty()) else { continue };
        // One schedule on two levels is no second person.
        if all.iter().all(|one| *one == all[0]) {
            let at = all[0].first().copied().unwrap_or(view.window.0);
            let detail = format!("all of its levels change hands at the same moment, next at {}", time(at));
            let remedy = "let the second level change hands some hours or a day apart, so that somebody stays who knows what is going on";
            found.push(Finding::warning(OVERLAP, detail, remedy).about(policy_object(policy)));
        }
    }
    found
}

fn judge_alone(schedule: &Schedule) -> Option<Finding> {
    let [only] = schedule.users.as_slice() else { return None };
    let detail = format!("{} is always on call by it", only.summary.as_deref().unwrap_or(only.id.as_str()));
    Some(Finding::warning(ALONE, detail, "add a second person to the schedule").about(schedule_object(schedule)))
}

fn is_used(policy: &EscalationPolicy, account: &Account) -> bool {
    let names = |id: &str| id == policy.id.as_str();
    !policy.services.is_empty()
        || account
            .services
            .iter()
            .any(|service| service.escalation_policy.as_ref().is_some_and(|one| names(one.id.as_str())))
}

fn policies(account: &Account) -> Vec<Finding> {
    let (mut single, mut nobody) = (Vec::new(), Vec::new());
    for policy in account.policies.iter().filter(|policy| is_used(policy, account)) {
        let filled = policy.escalation_rules.iter().filter(|rule| !rule.targets.is_empty()).count();
        if filled == 1 {
            let detail = "has one level: when nobody there answers, nobody else is asked";
            single.push(Finding::warning(LEVELS, detail, "add a second level").about(policy_object(policy)));
        }
        let finding = if filled == 0 {
            Finding::failed(NOBODY, "it names nobody", "add a user or a schedule to the escalation policy")
        } else if account.on_call_in(policy.id.as_str()).next().is_none() {
            let remedy = "put somebody on call: add a user, or close the gap in its schedule";
            Finding::failed(NOBODY, "nobody is on call in it now, so events for its services are dropped", remedy)
        } else {
            continue;
        };
        nobody.push(finding.about(policy_object(policy)));
    }
    let mut found = or_ok(LEVELS, single, || "every policy that is used has a second level".to_owned());
    if account.has_read("on-calls") {
        found.extend(or_ok(NOBODY, nobody, || "somebody is on call in every policy that is used".to_owned()));
    }
    found
}

/// Hints, which are no warnings.
fn unused(account: &Account, schedules: &[Schedule]) -> Vec<Finding> {
    let hint =
        |detail: &str| Finding { remedy: "a hint: delete it, or use it".to_owned(), ..Finding::ok(UNUSED, detail) };
    let policies = account.policies.iter().filter(|policy| account.has_read("services") && !is_used(policy, account));
    let policies = policies.map(|policy| hint("no service uses it").about(policy_object(policy)));
    let in_use: BTreeSet<&str> = account.policies.iter().flat_map(targets).map(|(_, id)| id).collect();
    let idle = schedules.iter().filter(|one| !in_use.contains(one.id.as_str()));
    policies.chain(idle.map(|one| hint("no escalation policy uses it").about(schedule_object(one)))).collect()
}

/// Everybody who is on a schedule or a policy.
fn people(account: &Account) -> Vec<Finding> {
    if !account.has_read("users") {
        return Vec::new();
    }
    let on_schedules = account.schedules.iter().flat_map(|schedule| schedule.users.iter().map(|user| user.id.as_str()));
    let on_policies = account.policies.iter().flat_map(targets).map(|(_, id)| id);
    let all: BTreeSet<&str> = on_schedules.chain(on_policies).collect();
    let mut users: Vec<_> = all.into_iter().filter_map(|id| account.user(id)).collect();
    users.sort_by(|a, b| (&a.name, a.id.as_str()).cmp(&(&b.name, b.id.as_str())));
    let unreachable: Vec<Finding> = users.iter().filter_map(|user| judge_user(user, CONTACT)).collect();
    let mail_only = users.iter().filter(|user| {
        let mut working = user.contact_methods.iter().filter(|method| works(method)).peekable();
        working.peek().is_some() && working.all(|method| method.kind.starts_with("email_"))
    });
    let mail_only = mail_only.map(|user| {
        let remedy = "let the user add a phone number or the app, and a notification rule with it";
        Finding::warning(MAIL, "is reached by e-mail alone, which wakes nobody", remedy).about(user_object(user))
    });
    let mail_only = mail_only.collect();
    let number = count(users.len(), "user");
    let mut found = or_ok(CONTACT, unreachable, || format!("{number} on schedules and policies can be reached"));
    found.extend(or_ok(MAIL, mail_only, || "nobody on a schedule or policy is reached by e-mail alone".to_owned()));
    found
}

fn judge_nights(account: &Account, nights: &[Nights], days_back: u64) -> Vec<Finding> {
    let most = NIGHTS_PER_WEEK * days_back.div_ceil(7);
    let mut sorted: Vec<&Nights> = nights.iter().filter(|one| one.interruptions > most).collect();
    sorted.sort_by_key(|one| (std::cmp::Reverse(one.interruptions), &one.user));
    let found = sorted.into_iter().map(|one| {
        let detail =
            format!("was interrupted {} at night (22 to 8) in the last {days_back} days", times(one.interruptions));
        let remedy = "fix or quieten what pages at night, share the nights out, or give the service support hours";
        let finding = Finding::warning(NIGHTS, detail, remedy);
        match account.user(&one.user) {
            Some(user) => finding.about(user_object(user)),
            None => finding,
        }
    });
    or_ok(NIGHTS, found.collect(), || {
        let busiest = nights.iter().max_by_key(|one| one.interruptions).filter(|one| one.interruptions > 0);
        match busiest {
            Some(one) => {
                let name = account.user(&one.user).map_or(one.user.as_str(), |user| &user.name);
                format!("at most {} in {days_back} days: {}", times(one.interruptions), some_of([name]))
            }
            None => format!("nobody was interrupted at night in the last {days_back} days"),
        }
    })
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

fn time(second: i64) -> String {
    Timestamp::from_second(second)
        .map_or_else(|_| second.to_string(), |at| at.strftime("%a %Y-%m-%d %H:%M UTC").to_string())
}

fn day(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| second.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn days(seconds: i64) -> String {
    format!("{} days", (seconds + 43_200) / 86_400)
}

fn hours(seconds: i64) -> String {
    match seconds {
        ..3_600 => format!("{} min", (seconds + 59) / 60),
        3_600..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => days(seconds),
    }
}

#[cfg(test)]
mod tests;
