//! Commands that change something.

use super::{KEY, Land};
use serde_json::json;

#[tokio::test]
async fn incidents_are_changed_and_what_went_wrong_is_told_of_each() {
    let land = Land::new("rest-changes").await;
    let lines = [
        "incident ack 1 db-1/cpu nosuch --utc",
        "incident note 1 --content looking --utc",
        "incident snooze 1 --duration 600 --utc",
        "incident reassign 1 --user-ids PUSER02 --utc",
        "incident escalate 2 --escalation-level 2 --utc",
        "incident resolve 2 --utc",
        "incident create --title slow --service-id PSHOP01 --urgency low --incident-key web-1/slow --columns status,urgency,title",
        "incident merge web-1/slow --source-incidents 1 --columns title",
    ];
    insta::assert_snapshot!(land.story(&lines).await);
    let disk = land.sandbox.pagerduty().incident("db-1/disk").expect("in the seed");
    assert_eq!(disk.status, "resolved");
}

#[tokio::test]
async fn a_dry_run_shows_the_requests_and_sends_none() {
    let land = Land::new("rest-dry").await;
    let lines = [
        "incident ack 1 2 --dry-run",
        "user delete PUSER02 --dry-run",
        "schedule override PSCHED1 --start 2026-12-01T08:00:00Z --end 2026-12-01T16:00:00Z --user-id PUSER02 --dry-run",
        "event trigger --summary full --source db-1 --custom-details {\"used\":97} --dry-run",
    ];
    let story = land.story(&lines).await;
    assert!(!story.contains(KEY), "{story}");
    // Ids of incidents are made up anew in each account.
    let (disk, cpu) = (land.sandbox.pagerduty().incident("db-1/disk"), land.sandbox.pagerduty().incident("db-1/cpu"));
    let (disk, cpu) = (disk.expect("in the seed"), cpu.expect("in the seed"));
    insta::assert_snapshot!(story.replace(&disk.id, "DISK").replace(&cpu.id, "CPU"));
    assert_eq!((disk.status, cpu.status), ("triggered", "triggered"));
}

#[tokio::test]
async fn configuration_is_made_changed_and_deleted() {
    let land = Land::new("rest-objects").await;
    land.world.write(
        "service.json",
        r#"{"name": "Cellar", "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"}}"#,
    );
    let made = land.run("service create-raw --data @service.json --json").await.json();
    let service = made["result"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let lines = [
        format!("service show {service} --columns name,status"),
        "team add-user PTEAM02 --user PUSER02 --role responder".to_owned(),
        "team list-members PTEAM02".to_owned(),
        "team delete PTEAM02 PNOBODY".to_owned(),
        format!("service delete {service}"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    insta::assert_snapshot!(land.story(&lines).await.replace(&service, "SERVICE"));
    let integration = land.said("integration create PSHOP01 --name pager").await;
    assert!(integration.contains("integration_key"), "{integration}");
}

#[tokio::test]
async fn events_are_sent_with_a_key_that_nobody_sees_in_the_list_of_processes() {
    let mut land = Land::new("rest-events").await;
    land.set("PD_ROUTING_KEY", None);
    let none = land.run("event trigger --summary full --source db-9").await;
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.err.contains("PD_ROUTING_KEY") && none.err.contains("routing_key"), "{none:?}");
    land.world.write("key", &format!("{KEY}\n"));
    let sent = land.run("event trigger --summary full --source db-9 --dedup-key db-9/full --routing-key @key").await;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert!(sent.out.contains("db-9/full") && !sent.out.contains(KEY), "{sent:?}");
    land.set("PD_ROUTING_KEY", Some(KEY));
    land.said("event acknowledge db-9/full").await;
    let change = land.run("change-event create --summary deployed --json").await.json();
    assert_eq!(change["ok"], json!(true), "{change}");
    let missing = land.run("event trigger --summary full --source db-9 --routing-key @nowhere").await;
    assert_eq!(missing.code, Some(2), "{missing:?}");
    let twice = land.run("event trigger --summary - --source - --routing-key @key").await;
    assert!(twice.code == Some(2) && twice.err.contains("cannot both be read from standard input"), "{twice:?}");
}
