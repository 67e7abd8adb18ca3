//! The checks of `doctor`, as the documentation lists them.

use crate::finding::CheckInfo;

pub(crate) const TOKEN: &str = "API token";
pub(crate) const RATE: &str = "rate limit";
pub(crate) const WRITES: &str = "write access";
pub(crate) const USER: &str = "user";
pub(crate) const KEY: &str = "routing key";
pub(crate) const EVENT: &str = "test event";
pub(crate) const SERVICE: &str = "service";
pub(crate) const MAINTENANCE: &str = "maintenance";
pub(crate) const POLICY: &str = "escalation policy";
pub(crate) const CONTACT: &str = "contact methods";
pub(crate) const ZONE: &str = "time zones";
pub(crate) const SUBSCRIPTION: &str = "webhook subscription";
pub(crate) const ADDRESS: &str = "webhook address";
pub(crate) const RULES: &str = "event rules";
pub(crate) const DUPLICATES: &str = "dedup keys";
pub(crate) const NOISE: &str = "noise";
pub(crate) const READING: &str = "reading";

/// Every check of `doctor`, in the order in which they are told.
pub const CHECKS: [CheckInfo; 17] = [
    CheckInfo {
        name: TOKEN,
        finds: "PagerDuty does not know the token, or cannot be reached",
        remedy: "set a REST API key of this account and region, not an integration key",
        source: "REST authentication; region of the account",
    },
    CheckInfo {
        name: RATE,
        finds: "less than a tenth of the minute's calls is left, or none",
        remedy: "find who else uses the token (each user and the account have one limit), page with `limit=100`, back off",
        source: "troubleshooting: API rate limits; `ratelimit-*` headers",
    },
    CheckInfo {
        name: WRITES,
        finds: "the token may read and not write: asked with a change of an incident that does not exist",
        remedy: "make a key that is not read-only, or give the app the missing scope",
        source: "REST authentication: read-only keys, OAuth scopes",
    },
    CheckInfo {
        name: USER,
        finds: "no user has the address that changes are made in the name of; a user's token whose role may not act on incidents",
        remedy: "set `from` (PAGERDUTY_FROM) to the e-mail address of a user of the account",
        source: "REST: the `From` header, error 1008",
    },
    CheckInfo {
        name: KEY,
        finds: "no key looks like this, or no integration of the account has it",
        remedy: "copy the integration key of the service (Events API v2)",
        source: "troubleshooting: alerts not triggering",
    },
    CheckInfo {
        name: EVENT,
        finds: "with `--send-test-event`: a test event is refused, or opens no incident within some ten seconds",
        remedy: "see the other checks for the reason",
        source: "troubleshooting: test event",
    },
    CheckInfo {
        name: SERVICE,
        finds: "a service is disabled: events are accepted and dropped",
        remedy: "enable the service, or send to another",
        source: "troubleshooting: missing alerts",
    },
    CheckInfo {
        name: MAINTENANCE,
        finds: "a service is in a maintenance window now: events are accepted and dropped",
        remedy: "end the window if it is not wanted",
        source: "troubleshooting: missing alerts",
    },
    CheckInfo {
        name: POLICY,
        finds: "a service's policy names nobody, or nobody is on call in it now: events are accepted and dropped",
        remedy: "add a user to the policy, or close the gap in its schedule",
        source: "troubleshooting: escalations not working",
    },
    CheckInfo {
        name: CONTACT,
        finds: "somebody on call has no notification rule for high urgency, or none of its contact methods works (not verified, blocked)",
        remedy: "let the user verify a phone number and add a notification rule under My Profile",
        source: "troubleshooting: no notifications",
    },
    CheckInfo {
        name: ZONE,
        finds: "a schedule keeps other hours than the zone of people on it",
        remedy: "set the schedule's zone, or the users', so that shifts change when people think they do",
        source: "troubleshooting: escalations not working",
    },
    CheckInfo {
        name: SUBSCRIPTION,
        finds: "there is none, it is switched off, PagerDuty switched it off for a day, or event types are missing",
        remedy: "make, enable or extend it; after three refused deliveries in a row it rests for a day",
        source: "troubleshooting: webhook failures",
    },
    CheckInfo {
        name: ADDRESS,
        finds: "the address of a subscription cannot be reached from here, or PagerDuty cannot reach it",
        remedy: "start what listens there, correct its name, its certificate or the firewall",
        source: "troubleshooting: webhook failures",
    },
    CheckInfo {
        name: RULES,
        finds: "a rule of an event orchestration suppresses, drops or holds back events",
        remedy: "switch the rule off, or make its conditions narrower, if alerts are missing",
        source: "troubleshooting: missing alerts; global and service orchestrations",
    },
    CheckInfo {
        name: DUPLICATES,
        finds: "three or more open incidents of one service have the same title and no key in common",
        remedy: "send the same `dedup_key` with every event of one problem",
        source: "troubleshooting: duplicate incidents",
    },
    CheckInfo {
        name: NOISE,
        finds: "a hint: a service had 25 incidents or more in a day, and its alerts are not grouped",
        remedy: "switch alert grouping on for the service, or add event rules",
        source: "troubleshooting: high noise",
    },
    CheckInfo {
        name: READING,
        finds: "something could not be read, so that a check could not look at it",
        remedy: "give the token the right or scope that is named",
        source: "-",
    },
];
