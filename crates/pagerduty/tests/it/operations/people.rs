use pagerduty::rest::contact_methods::{self, NewContactMethod};
use pagerduty::rest::escalation_policies::{
    self, EscalationPolicyFilter, NewEscalationPolicy, NewEscalationRule, Target,
};
use pagerduty::rest::incidents::Urgency;
use pagerduty::rest::notification_rules::{self, ContactMethodRef, NewNotificationRule, Of};
use pagerduty::rest::oncalls::{self, OnCallFilter};
use pagerduty::rest::overrides::{self, NewOverride};
use pagerduty::rest::schedules::{self, NewLayer, NewSchedule, Restriction, ScheduleFilter, Window};
use pagerduty::rest::tags::{self, Tagged};
use pagerduty::rest::teams::{self, NewTeam, Role, TeamFilter};
use pagerduty::rest::users::{self, NewUser, UserFilter};
use pagerduty::{Error, Paging, ScheduleId, TeamId, UserId};

use crate::support::{client, lines};

fn user() -> UserId {
    UserId::new("PUSR001")
}

fn team() -> TeamId {
    TeamId::new("PTEAM01")
}

fn schedule() -> ScheduleId {
    ScheduleId::new("PSCHED1")
}

#[test]
fn users_and_how_they_are_reached() {
    let all = UserFilter {
        query: Some("ann".to_owned()),
        team_ids: vec![team()],
        include: vec![users::Include::ContactMethods, users::Include::NotificationRules],
        paging: Paging::default(),
    };
    let ann = NewUser {
        time_zone: Some("Europe/Berlin".to_owned()),
        color: Some("green".to_owned()),
        role: Some("user".to_owned()),
        job_title: Some("Engineer".to_owned()),
        ..NewUser::new("Ann", "ann@example.com")
    };
    let phone =
        NewContactMethod { country_code: Some(49), ..NewContactMethod::new("phone_contact_method", "Home", "30") };
    let by = ContactMethodRef { id: "PCM0001".into(), kind: "sms_contact_method".to_owned() };
    let rule = NewNotificationRule::new(5, by, Urgency::High);
    insta::assert_snapshot!(lines![
        users::list(&all),
        users::get(&user()),
        users::get_with(&user(), &[users::Include::Teams]),
        users::me(),
        users::create(&ann),
        users::update(&user(), &NewUser { job_title: Some("Lead".to_owned()), ..NewUser::default() }),
        users::delete(&user()),
        contact_methods::list(&user()),
        contact_methods::get(&user(), &"PCM0001".into()),
        contact_methods::create(&user(), &phone),
        contact_methods::update(&user(), &"PCM0001".into(), &phone),
        contact_methods::delete(&user(), &"PCM0001".into()),
        notification_rules::list(&user(), Of::All, true),
        notification_rules::get(&user(), &"PNR0001".into(), false),
        notification_rules::create(&user(), &rule),
        notification_rules::update(&user(), &"PNR0001".into(), &rule),
        notification_rules::delete(&user(), &"PNR0001".into()),
    ]);
}

#[test]
fn teams_and_tags() {
    let new = NewTeam { description: Some("Operations".to_owned()), parent: Some(team()), ..NewTeam::new("Ops") };
    let filter = TeamFilter { query: Some("o".to_owned()), paging: Paging { limit: Some(3), offset: Some(6) } };
    insta::assert_snapshot!(lines![
        teams::list(&filter),
        teams::get(&team()),
        teams::create(&new),
        teams::update(&team(), &NewTeam::new("Dev")),
        teams::delete(&team(), Some(&"PTEAM02".into())),
        teams::members(&team(), Paging::default()),
        teams::add_user(&team(), &user(), Some(&Role::Manager)),
        teams::add_user(&team(), &user(), None),
        teams::remove_user(&team(), &user()),
        teams::add_escalation_policy(&team(), &"PPOL001".into()),
        teams::remove_escalation_policy(&team(), &"PPOL001".into()),
        tags::list(Some("b"), Paging::default()),
        tags::create("Berlin"),
        tags::delete(&"PTAG001".into()),
        tags::of(&Tagged::Users, "PUSR001", Paging::default()),
        tags::change(&Tagged::Teams, "PTEAM01", &["PTAG001".into()], &["PTAG002".into()]),
    ]);
}

#[test]
fn who_is_on_call() {
    let first = NewEscalationRule::new(15, vec![Target::Schedule(schedule()), Target::User(user())]);
    let new = NewEscalationPolicy {
        num_loops: Some(2),
        teams: vec![team()],
        ..NewEscalationPolicy::new("Default", vec![first])
    };
    let policies = EscalationPolicyFilter {
        query: Some("d".to_owned()),
        user_ids: vec![user()],
        team_ids: vec![team()],
        include: vec![escalation_policies::Include::Targets],
        paging: Paging::default(),
    };
    let on_calls = OnCallFilter {
        user_ids: vec![user()],
        escalation_policy_ids: vec!["PPOL001".into()],
        schedule_ids: vec![schedule()],
        since: Some("2026-01-01T00:00:00Z".to_owned()),
        until: Some("2026-01-02T00:00:00Z".to_owned()),
        earliest: true,
        time_zone: Some("UTC".to_owned()),
        include: vec![oncalls::Include::Users],
        paging: Paging::default(),
    };
    insta::assert_snapshot!(lines![
        escalation_policies::list(&policies),
        escalation_policies::get(&"PPOL001".into()),
        escalation_policies::create(&new),
        escalation_policies::update(
            &"PPOL001".into(),
            &NewEscalationPolicy { name: Some("Other".to_owned()), ..NewEscalationPolicy::default() }
        ),
        escalation_policies::delete(&"PPOL001".into()),
        oncalls::list(&on_calls),
    ]);
}

#[test]
fn schedules_and_overrides() {
    let nights = NewLayer {
        name: Some("Nights".to_owned()),
        restrictions: vec![Restriction::daily("20:00:00", 43_200), Restriction::weekly(6, "00:00:00", 172_800)],
        ..NewLayer::new("2026-01-05T09:00:00Z", 604_800, vec![user(), "PUSR002".into()])
    };
    let new = NewSchedule { teams: vec![team()], ..NewSchedule::new("Primary", "Europe/Berlin", vec![nights]) };
    let window = Window {
        since: Some("2026-01-05T00:00:00Z".to_owned()),
        until: Some("2026-01-12T00:00:00Z".to_owned()),
        time_zone: Some("UTC".to_owned()),
        overflow: true,
    };
    let filter = ScheduleFilter {
        query: Some("p".to_owned()),
        include: vec![schedules::Include::FinalSchedule],
        ..ScheduleFilter::default()
    };
    let tonight = NewOverride::new("2026-01-02T18:00:00Z", "2026-01-03T02:00:00Z", "PUSR001");
    insta::assert_snapshot!(lines![
        schedules::list(&filter),
        schedules::get(&schedule(), &window),
        schedules::create(&new, true),
        schedules::preview(&new, &Window::default()),
        schedules::update(&schedule(), &new, false),
        schedules::delete(&schedule()),
        schedules::users(&schedule(), Some("2026-01-05T00:00:00Z"), None),
        overrides::list(&schedule(), "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        overrides::create(&schedule(), &[tonight.clone(), tonight.clone()]),
        overrides::create_one(&schedule(), &tonight),
        overrides::delete(&schedule(), &"POVR001".into()),
    ]);
}

#[test]
fn what_lacks_a_needed_field_is_not_sent() {
    let refused = [
        client().request(&users::create(&NewUser::default())).err(),
        client().request(&teams::create(&NewTeam::default())).err(),
        client().request(&escalation_policies::create(&NewEscalationPolicy::default())).err(),
        client().request(&schedules::create(&NewSchedule::new("a", "UTC", Vec::new()), false)).err(),
        client().request(&overrides::create(&schedule(), &[])).err(),
    ];
    for (number, error) in refused.iter().enumerate() {
        assert!(matches!(error, Some(Error::Invalid { .. })), "{number}: {error:?}");
    }
}
