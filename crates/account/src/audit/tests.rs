use super::*;
use crate::doctor::testing::{noon, read, told};
use crate::finding::Severity;
use serde_json::{Value, json};

/// Monday, 23 November 2026, and the Monday two weeks later.
const WINDOW: (i64, i64) = (1_795_392_000, 1_796_601_600);

/// A shift from one hour of the window to another.
fn entry(user: &str, from: i64, to: i64) -> Value {
    let at = |hour: i64| Timestamp::from_second(WINDOW.0 + hour * 3600).expect("a time").to_string();
    json!({"user": {"id": user, "summary": user}, "start": at(from), "end": at(to)})
}

fn schedule(id: &str, users: &[&str], entries: Vec<Value>) -> Value {
    let users: Vec<Value> = users.iter().map(|&id| json!({"id": id, "summary": id})).collect();
    json!({"id": id, "name": id, "time_zone": "Etc/UTC", "users": users,
        "final_schedule": {"rendered_schedule_entries": entries}})
}

fn policy(id: &str, levels: &[&[&str]]) -> Value {
    let rules: Vec<Value> = levels
        .iter()
        .map(|targets| json!({"targets": targets.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()}))
        .collect();
    json!({"id": id, "name": id, "escalation_rules": rules, "services": [{"id": "SVC"}]})
}

fn user(id: &str) -> Value {
    json!({"id": id, "name": id, "time_zone": "Etc/UTC",
        "contact_methods": [{"id": "C1", "type": "phone_contact_method", "label": "Mobile", "enabled": true}],
        "notification_rules": [{"id": "R1", "urgency": "high", "contact_method": {"id": "C1"}}]})
}

/// A healthy account: two schedules of two people each, that change hands on different days.
fn healthy() -> (Account, OnCallView) {
    let first = schedule(
        "first",
        &["Ann", "Ben"],
        vec![entry("Ann", -24, 144), entry("Ben", 144, 312), entry("Ann", 312, 400)],
    );
    let second = schedule(
        "second",
        &["Cleo", "Dan"],
        vec![entry("Cleo", -80, 60), entry("Dan", 60, 228), entry("Cleo", 228, 396)],
    );
    let schedules: Vec<Schedule> = read(json!([first, second]));
    let account = Account {
        policies: read(json!([policy("P1", &[&["first"], &["second"]])])),
        on_calls: read(json!([{"user": {"id": "Ann"}, "escalation_policy": {"id": "P1"}}])),
        users: read(["Ann", "Ben", "Cleo", "Dan"].map(user).to_vec().into()),
        schedules: schedules.clone(),
        ..noon()
    };
    (account, OnCallView { rendered: schedules, window: WINDOW, nights: Some(Vec::new()), days_back: 28 })
}

fn troubles(account: &Account, view: &OnCallView) -> Vec<String> {
    let mut found = audit(account, view);
    assert!(found.iter().all(|one| AUDITS.iter().any(|known| known.name == one.check)), "each is in the table");
    found.retain(|one| one.severity != Severity::Ok || !one.remedy.is_empty());
    told(&found)
}

#[test]
fn nothing_is_said_of_what_is_well() {
    let (account, view) = healthy();
    assert_eq!(troubles(&account, &view), [""; 0]);
    let checks: BTreeSet<_> = audit(&account, &view).iter().map(|one| one.check).collect();
    assert_eq!(checks.len(), AUDITS.len() - 1, "each looked, and all was read");
}

#[test]
fn each_fault_of_a_schedule_is_told() {
    let long = schedule(
        "first",
        &["Ann", "Ben"],
        vec![entry("Ann", -24, 100), entry("Ann", 100, 168), entry("Ben", 168, 336)],
    );
    let short_gap = schedule(
        "first",
        &["Ann", "Ben"],
        vec![entry("Ann", -24, 100), entry("Ben", 101, 268), entry("Ann", 268, 400)],
    );
    let alone = schedule("first", &["Ann"], vec![entry("Ann", -24, 400)]);
    let twin = schedule(
        "second",
        &["Cleo", "Dan"],
        vec![entry("Cleo", -24, 144), entry("Dan", 144, 312), entry("Cleo", 312, 400)],
    );
    for (place, changed, expected) in [
        (0, long, "Warning shift length: first: Ann is on call for 8 days from 2026-11-22"),
        (
            0,
            short_gap,
            "Warning gap: first: 1 stretch without anybody, the first from Fri 2026-11-27 04:00 UTC for 1 h",
        ),
        (0, alone, "Warning one person: first: Ann is always on call by it"),
        (
            1,
            twin,
            "Warning handover: P1: all of its levels change hands at the same moment, next at Sun 2026-11-29 00:00 UTC",
        ),
    ] {
        let (account, mut view) = healthy();
        view.rendered[place] = read(json!([changed])).remove(0);
        assert_eq!(troubles(&account, &view), [expected]);
    }
}

#[test]
fn a_gap_hurts_where_no_other_level_fills_it() {
    let gappy = |id: &str| {
        schedule(id, &["Ann", "Ben"], vec![entry("Ann", -24, 100), entry("Ben", 103, 268), entry("Ann", 268, 400)])
    };
    let (account, mut view) = healthy();
    view.rendered = read(json!([gappy("first"), gappy("second")]));
    let both = troubles(&account, &view);
    assert!(
        both[0].starts_with("Failed gap: first: 1 stretch without anybody")
            && both[0].contains("nobody else is in `P1`"),
        "{both:?}"
    );
    // A user as a target is always there.
    let with_user = Account { policies: read(json!([policy("P1", &[&["first"], &["second", "Cleo"]])])), ..account };
    assert!(troubles(&with_user, &view)[0].starts_with("Warning gap: first"));
    let nothing = schedule("first", &["Ann", "Ben"], Vec::new());
    view.rendered[0] = read(json!([nothing])).remove(0);
    assert!(
        troubles(&with_user, &view)[0]
            .contains("1 stretch without anybody, the first from Mon 2026-11-23 00:00 UTC for 14 days")
    );
}

#[test]
fn each_fault_of_a_policy_is_told() {
    for (levels, on_call, expected) in [
        (vec![["first"].as_slice()], true, vec!["Warning levels: P1: has one level"]),
        (vec![["first"].as_slice(), &[]], true, vec!["Warning levels: P1"]),
        (
            vec![["first"].as_slice(), &["second"]],
            false,
            vec!["Failed nobody on call: P1: nobody is on call in it now"],
        ),
        (vec![[].as_slice()], true, vec!["Failed nobody on call: P1: it names nobody"]),
    ] {
        let (mut account, view) = healthy();
        account.policies = read(json!([policy("P1", &levels)]));
        account.on_calls.retain(|_| on_call);
        let mut told = troubles(&account, &view);
        told.retain(|one| !one.contains(" unused: "));
        assert!(
            told.len() == expected.len() && told.iter().zip(&expected).all(|(is, begins)| is.starts_with(begins)),
            "{told:?}"
        );
    }
    let (mut account, view) = healthy();
    account.policies[0].services.clear();
    assert_eq!(troubles(&account, &view), ["Ok unused: P1: no service uses it"], "a hint, and no more of it");
}

#[test]
fn people_must_be_reached_and_not_by_mail_alone() {
    let (mut account, view) = healthy();
    let mut ben = user("Ben");
    ben["contact_methods"][0]["type"] = "email_contact_method".into();
    let mut dan = user("Dan");
    dan["contact_methods"][0]["enabled"] = false.into();
    let mut cleo = user("Cleo");
    cleo["time_zone"] = "Asia/Tokyo".into();
    account.users = read(json!([user("Ann"), ben, cleo, dan]));
    let told = troubles(&account, &view);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("Warning time zones: second: is in Etc/UTC, and 1 of its 2 users in another zone: Cleo")
    );
    assert!(
        told[1].starts_with("Failed contact methods: Dan") && told[2].starts_with("Warning e-mail only: Ben"),
        "{told:?}"
    );
}

#[test]
fn nights_are_counted_by_the_week() {
    let (account, mut view) = healthy();
    let of = |user: &str, interruptions| Nights { user: user.to_owned(), interruptions };
    view.nights = Some(vec![of("Ann", 9), of("Ben", 8), of("Cleo", 20)]);
    let told = troubles(&account, &view);
    assert_eq!(told.len(), 2, "two a week are borne: {told:?}");
    assert!(
        told[0].starts_with("Warning nights: Cleo: was interrupted 20 times at night") && told[1].contains("Ann"),
        "{told:?}"
    );
    view.nights = None;
    assert!(audit(&account, &view).iter().all(|one| one.check != "nights"), "nothing is said of what is not known");
}
