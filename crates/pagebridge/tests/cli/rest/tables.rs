//! What reading commands show.

use super::Land;
use serde_json::json;

#[tokio::test]
async fn each_kind_of_object_has_its_table() {
    let land = Land::new("rest-tables").await;
    let lines = [
        "incident list --utc",
        "incident list --date-range all --status resolved --utc",
        "on-call list --utc",
        "oncall find --schedule-id PSCHED2 --utc",
        "user list",
        "team list",
        "team list-members PTEAM01",
        "service list",
        "service list-integrations PSHOP01",
        "schedule list",
        "schedule overrides PSCHED1 --since 2027-01-01T00:00:00Z --until 2027-01-31T00:00:00Z --utc",
        "schedule show-on-call PSCHED1",
        "escalation-policy list",
        "escalation-policy list-services PPOLICY",
        "maintenance-window list --utc",
        "priority list",
        "vendor list --maximum 2",
        "ability list",
        "tag list",
        "business-service list",
        "webhook-subscription list",
        "log-entry list --maximum 3 --utc",
        "change-event list",
        "user list-contact-methods PUSER01",
        "user list-notification-rules PUSER01",
        "incident list-alerts 1",
        "incident notes 1",
    ];
    insta::assert_snapshot!(land.story(&lines).await);
}

#[tokio::test]
async fn one_object_is_shown_in_full_and_columns_can_be_chosen() {
    let land = Land::new("rest-detail").await;
    let lines = [
        "incident show 1 --utc",
        "user show PUSER01 PUSER02",
        "schedule show PSCHED2 --utc",
        "incident list --columns incident_number,service.id,assignments.assignee.summary,none",
    ];
    insta::assert_snapshot!(land.story(&lines).await);
}

#[tokio::test]
async fn programs_get_the_outcome_as_it_is() {
    let land = Land::new("rest-json").await;
    let one = land.run("team list --maximum 1 --json").await.json();
    assert_eq!((&one["ok"], &one["more"], &one["result"][0]["id"]), (&json!(true), &json!(true), &json!("PTEAM01")));
    let all = land.run("team list --all --json").await.json();
    assert_eq!((all["result"].as_array().map(Vec::len), &all["more"]), (Some(2), &json!(null)));
    let cut = land.run("team list --maximum 1").await;
    assert!(cut.err.contains("there are more: --all"), "{cut:?}");

    let missing = land.run("team show PNOBODY --json").await;
    let outcome = missing.json();
    assert_eq!((&outcome["ok"], &outcome["error"]["kind"]), (&json!(false), &json!("not_found")));
    let error: serde_json::Value = serde_json::from_str(&missing.err).expect("one JSON object");
    assert_eq!((missing.code, &error["exit_code"]), (Some(1), &json!(1)));
}

#[tokio::test]
async fn the_catalogue_is_reached_by_its_own_names() {
    let land = Land::new("rest-catalogue").await;
    insta::assert_snapshot!(
        land.story(&["action list incident", "action show incident.snooze", "action show incident.snoze"]).await
    );
    let run = land.run("action run user.find --input {\"maximum\":1} --json").await.json();
    assert_eq!(run["result"].as_array().map(Vec::len), Some(1), "{run}");
    let listed = land.run("action list --json").await.json();
    assert!(listed["actions"].as_array().is_some_and(|all| all.len() >= 118), "{listed}");
    let wrong = land.run("action run user.find --input {\"maximun\":1}").await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    land.world.write("input.json", "{\"entity_id\": \"#1\"}");
    let from_file = land.run("action run incident.get --input @input.json --json").await.json();
    assert_eq!(from_file["result"]["incident_number"], 1, "{from_file}");
}
