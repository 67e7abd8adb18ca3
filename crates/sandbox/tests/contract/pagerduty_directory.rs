//! What people and services are made of: schedules, on-calls, windows, deletions, and the lists of what was done.

use pagebridge_sandbox::{ClockMode, Config};
use serde_json::{Value, json};

use crate::common::World;
use crate::pagerduty_objects::{Objects, cover_body, hours_after, made, policy_body, schedule_body, text};

/// A Monday noon, in winter.
const START: &str = "2026-01-05T12:00:00Z";
const HOUR_MS: u64 = 3_600_000;

async fn world() -> World {
    let start = Some(START.parse().expect("a literal"));
    World::with(Config { clock: ClockMode::Manual, start, ..Config::default() }).await
}

async fn user(world: &World, name: &str) -> String {
    let users = world.pd("GET", &format!("/users?query={name}"), None).await.body;
    text(&users["users"][0]["id"])
}

#[tokio::test]
async fn on_calls_follow_schedules_and_their_overrides() {
    let world = world().await;
    let now = world.sandbox.clock().now();
    let (ann, ben) = (user(&world, "ann").await, user(&world, "ben").await);
    let schedule = made(&world, "/schedules", "schedule", schedule_body("Days", &ann, now)).await;
    let mut policy = policy_body("Third line", &ben);
    let target = json!({"id": schedule, "type": "schedule_reference"});
    policy["escalation_rules"][0]["targets"].as_array_mut().expect("a list").push(target);
    let policy = made(&world, "/escalation_policies", "escalation_policy", policy).await;
    let path = format!("/oncalls?escalation_policy_ids[]={policy}&include[]=users&time_zone=Europe/Berlin");
    let oncalls = world.pd("GET", &path, None).await.body;
    let rows = oncalls["oncalls"].as_array().expect("a list");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["schedule"], &rows[0]["start"], &rows[0]["user"]["email"]),
        (&Value::Null, &Value::Null, &json!("ben.okafor@example.test"))
    );
    assert_eq!((&rows[1]["escalation_level"], &rows[1]["start"]), (&json!(1), &json!("2026-01-05T13:00:00+01:00")));
    assert_eq!(rows[1]["schedule"]["type"], "schedule_reference");
    let direct = world.pd("GET", &format!("{path}&schedule_ids[]=null"), None).await.body;
    assert_eq!(direct["oncalls"].as_array().map(Vec::len), Some(1));

    let covers = json!({"overrides": [cover_body(&ben, now), {"start": START, "end": START, "user": {"id": ben}}]});
    let path = format!("/schedules/{schedule}/overrides");
    let results = world.pd("POST", &path, Some(covers)).await;
    assert_eq!(
        (results.status, &results.body[0]["status"], &results.body[1]["status"]),
        (201, &json!(201), &json!(400))
    );
    assert!(results.body[1]["errors"][0].is_string() && results.body[1]["override"].is_object());
    let legacy = json!({"override": {"start": hours_after(now, 48).to_string(), "end": hours_after(now, 49).to_string(),
        "user": {"id": ben, "type": "user_reference"}}});
    let legacy = world.pd("POST", &path, Some(legacy)).await;
    assert_eq!((legacy.status, &legacy.body["override"]["user"]["id"]), (201, &json!(ben)));
    assert_eq!(world.pd("GET", &path, None).await.status, 400);
    let listed = world.pd("GET", &format!("{path}?since={START}&until=2026-01-10"), None).await;
    assert_eq!((listed.status, listed.body["overrides"].as_array().map(Vec::len)), (201, Some(2)));

    world.sandbox.clock().advance(25 * HOUR_MS);
    let users = world.pd("GET", &format!("/schedules/{schedule}/users"), None).await.body;
    assert_eq!(users["users"][0]["id"], ben);
    let running = text(&results.body[0]["override"]["id"]);
    let ended = world.pd("DELETE", &format!("{path}/{running}"), None).await;
    assert_eq!((ended.status, &ended.body["override"]["end"]), (200, &json!("2026-01-06T13:00:00Z")));
    let to_come = text(&legacy.body["override"]["id"]);
    assert_eq!(world.pd("DELETE", &format!("{path}/{to_come}"), None).await.status, 204);
    assert_eq!(world.pd("DELETE", &format!("{path}/{to_come}"), None).await.body["error"]["code"], 4004);
    let users = world.pd("GET", &format!("/schedules/{schedule}/users"), None).await.body;
    assert_eq!(users["users"][0]["id"], ann);
    let far = world.pd("GET", "/oncalls?until=2026-12-01", None).await;
    assert_eq!(far.body["error"]["code"], 2005);
}

#[tokio::test]
async fn schedules_are_rendered_only_where_a_time_is_asked_for() {
    let world = world().await;
    let ann = user(&world, "ann").await;
    let schedule = schedule_body("Days", &ann, world.sandbox.clock().now());
    let schedule = made(&world, "/schedules", "schedule", schedule).await;
    let path = format!("/schedules/{schedule}");
    let plain = world.pd("GET", &path, None).await.body;
    assert_eq!(plain["schedule"]["final_schedule"]["rendered_schedule_entries"], json!([]));
    let window = "since=2026-01-05T18:00:00Z&until=2026-01-06T06:00:00Z";
    let shown = world.pd("GET", &format!("{path}?{window}"), None).await.body;
    let last = &shown["schedule"]["final_schedule"];
    assert_eq!(last["rendered_coverage_percentage"], json!(100.0));
    assert_eq!(last["rendered_schedule_entries"][0]["start"], "2026-01-05T18:00:00Z");
    let whole = world.pd("GET", &format!("{path}?{window}&overflow=true"), None).await.body;
    assert_eq!(whole["schedule"]["final_schedule"]["rendered_schedule_entries"][0]["start"], START);
    let listed = world.pd("GET", "/schedules", None).await.body;
    assert!(listed["schedules"][0].get("schedule_layers").is_none());
    let bad = json!({"schedule": {"time_zone": "Mars/Base", "schedule_layers": []}});
    assert_eq!(world.pd("POST", "/schedules", Some(bad)).await.status, 400);
}

#[tokio::test]
async fn a_maintenance_window_keeps_incidents_away_and_cannot_be_unmade_afterwards() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    let path = format!("/maintenance_windows/{}", objects.window);
    world.sandbox.clock().advance(HOUR_MS);
    let service = format!("/services/{}", objects.service);
    assert_eq!(world.pd("GET", &service, None).await.body["service"]["status"], "maintenance");
    let mut refused = world.incident_body("x", None);
    refused["incident"]["service"]["id"] = objects.service.clone().into();
    assert_eq!(world.pd("POST", "/incidents", Some(refused)).await.status, 400);
    let ongoing = world.pd("GET", "/maintenance_windows?filter=ongoing", None).await.body;
    assert_eq!(ongoing["maintenance_windows"][0]["id"], objects.window);
    assert_eq!(world.pd("DELETE", &path, None).await.status, 204);
    assert_eq!(world.pd("GET", &service, None).await.body["service"]["status"], "active");
    let past = world.pd("DELETE", &path, None).await;
    assert_eq!((past.status, &past.body["error"]["code"]), (405, &json!(5003)));
}

#[tokio::test]
async fn what_is_used_is_not_deleted() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    let ann = user(&world, "ann").await;
    let policies = world.pd("GET", "/escalation_policies?query=default", None).await.body;
    let default = text(&policies["escalation_policies"][0]["id"]);
    for path in [
        format!("/users/{ann}"),
        format!("/escalation_policies/{default}"),
        format!("/services/{}", world.sandbox.service_id),
    ] {
        let refused = world.pd("DELETE", &path, None).await;
        assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!(2001)), "{path}");
    }
    let path = format!("/teams/{}/escalation_policies/{}", objects.team, objects.policy);
    assert_eq!(world.pd("PUT", &path, None).await.status, 204);
    let team = format!("/teams/{}", objects.team);
    let refused = world.pd("DELETE", &team, None).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!(6006)));
    let heir = made(&world, "/teams", "team", json!({"name": "Heirs"})).await;
    assert_eq!(world.pd("DELETE", &format!("{team}?reassignment_team={heir}"), None).await.status, 204);
    let policy = world.pd("GET", &format!("/escalation_policies/{}", objects.policy), None).await.body;
    assert_eq!(policy["escalation_policy"]["teams"][0]["id"], heir);
    assert_eq!(world.pd("GET", &team, None).await.body["error"]["code"], 6001);
    assert_eq!(world.pd("DELETE", &format!("/users/{}", objects.user), None).await.status, 204);
    assert_eq!(world.pd("GET", &format!("/users/{}", objects.user), None).await.status, 404);
    let taken = json!({"user": {"name": "Ann", "email": "ANN.BERG@example.test"}});
    let taken = world.pd("POST", "/users", Some(taken)).await;
    assert_eq!(
        taken.body["error"],
        json!({
            "message": "Invalid Input Provided", "code": 2001, "errors": ["Email has already been taken"],
        })
    );
}

#[tokio::test]
async fn includes_put_objects_in_place_of_references() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    let path = format!("/incidents/{}", objects.incident);
    let plain = world.pd("GET", &path, None).await.body;
    assert_eq!(plain["incident"]["service"]["type"], "service_reference");
    let query = "include[]=services&include[]=assignees&include[]=first_trigger_log_entries&include[]=custom_fields";
    let full = world.pd("GET", &format!("{path}?{query}"), None).await.body;
    let incident = &full["incident"];
    assert_eq!((&incident["service"]["type"], &incident["service"]["name"]), (&json!("service"), &json!("Production")));
    assert_eq!(incident["assignments"][0]["assignee"]["name"], "Ann Berg");
    assert_eq!(incident["first_trigger_log_entry"]["type"], "trigger_log_entry");
    assert_eq!(incident["custom_fields"][0]["name"], "region");
    let entries = format!("{path}/log_entries?include[]=channels");
    let entries = world.pd("GET", &entries, None).await.body;
    let entries = entries["log_entries"].as_array().expect("a list");
    let first = entries.iter().find(|entry| entry["type"] == "trigger_log_entry").expect("it was triggered");
    assert_eq!(
        (&first["channel"]["type"], &first["channel"]["cef_details"]["source"]),
        (&json!("api"), &json!("db-07"))
    );
    let user = world.pd("GET", &format!("/users/{}?include[]=contact_methods", objects.user), None).await.body;
    assert_eq!(user["user"]["contact_methods"][0]["address"], "cleo@example.test");
    assert_eq!(user["user"]["teams"][0]["summary"], "Databases");
}

#[tokio::test]
async fn alerts_are_resolved_and_moved() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    let path = format!("/incidents/{}/alerts/{}", objects.incident, objects.alert);
    let moved = json!({"alert": {"incident": {"id": objects.other_incident, "type": "incident_reference"}}});
    let moved = world.pd("PUT", &path, Some(moved)).await.body;
    assert_eq!(moved["alert"]["incident"]["id"], objects.other_incident);
    assert_eq!(world.pd("GET", &path, None).await.status, 404);
    let path = format!("/incidents/{}/alerts/", objects.other_incident);
    let body = json!({"alerts": [{"id": objects.alert, "status": "resolved"}]});
    let resolved = world.pd("PUT", &path, Some(body)).await.body;
    assert_eq!(resolved["alerts"][0]["status"], "resolved");
    let incident = world.pd("GET", &format!("/incidents/{}", objects.other_incident), None).await.body;
    assert_eq!(incident["incident"]["status"], "resolved");
    let many = json!({"alerts": vec![json!({"id": objects.alert}); 251]});
    assert_eq!(world.pd("PUT", &path, Some(many)).await.status, 413);
}

#[tokio::test]
async fn changes_are_recorded_and_paged_by_cursor() {
    let world = world().await;
    for number in 0..3 {
        made(&world, "/teams", "team", json!({"name": format!("Team {number}")})).await;
    }
    let first = world.pd("GET", "/audit/records?limit=2", None).await.body;
    assert_eq!(first["records"][0]["root_resource"]["summary"], "Team 2");
    assert_eq!(first["records"][0]["action"], "create");
    let cursor = text(&first["next_cursor"]);
    let second = world.pd("GET", &format!("/audit/records?limit=2&cursor={cursor}"), None).await.body;
    assert_eq!((second["records"].as_array().map(Vec::len), &second["next_cursor"]), (Some(1), &Value::Null));
    let team = text(&second["records"][0]["root_resource"]["id"]);
    let own = world.pd("GET", &format!("/teams/{team}/audit/records"), None).await.body;
    assert_eq!(own["records"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn analytics_are_computed_from_the_incidents_held() {
    let world = world().await;
    let id = world.incident("x", None).await;
    world.incident("y", None).await;
    world.sandbox.clock().advance(60_000);
    world.put_status(&id, "acknowledged").await;
    world.sandbox.clock().advance(60_000);
    world.put_status(&id, "resolved").await;
    let row = world.pd("GET", &format!("/analytics/raw/incidents/{id}"), None).await.body;
    assert_eq!((&row["seconds_to_first_ack"], &row["seconds_to_resolve"]), (&json!(60), &json!(120)));
    assert_eq!(row["resolved_by_user_name"], "Pagebridge");
    let page = world.pd("POST", "/analytics/raw/incidents", Some(json!({"limit": 1, "order": "asc"}))).await.body;
    assert_eq!((&page["more"], &page["data"][0]["id"]), (&json!(true), &json!(id)));
    let rest = json!({"starting_after": page["last"], "order": "asc"});
    let rest = world.pd("POST", "/analytics/raw/incidents", Some(rest)).await.body;
    assert_eq!((&rest["more"], &rest["data"][0]["description"]), (&json!(false), &json!("y")));
    let all = world.pd("POST", "/analytics/metrics/incidents/services", Some(json!({}))).await.body;
    assert_eq!(
        (&all["data"][0]["service_name"], &all["data"][0]["total_incident_count"]),
        (&json!("Production"), &json!(2))
    );
    assert_eq!(all["data"][0]["mean_seconds_to_resolve"], 120);
}

#[tokio::test]
async fn who_opens_an_incident_for_themself_has_acknowledged_it() {
    let world = world().await;
    let me = &world.sandbox.from_id;
    let mut body = world.incident_body("mine", None);
    body["incident"]["assignments"] = json!([{"assignee": {"id": me, "type": "user_reference"}}]);
    let made = world.pd("POST", "/incidents", Some(body.clone())).await.body;
    assert_eq!(made["incident"]["status"], "acknowledged");
    let other = json!({"assignee": {"id": user(&world, "ann").await, "type": "user_reference"}});
    body["incident"]["assignments"].as_array_mut().expect("a list").push(other);
    assert_eq!(world.pd("POST", "/incidents", Some(body)).await.status, 400);
}

#[tokio::test]
async fn tags_are_put_on_objects_and_taken_away() {
    let world = world().await;
    let ann = user(&world, "ann").await;
    let night = made(&world, "/tags", "tag", json!({"type": "tag", "label": "night"})).await;
    let change = format!("/users/{ann}/change_tags");
    let both = json!({"add": [{"type": "tag_reference", "id": night}, {"type": "tag", "label": "on site"}]});
    assert_eq!(world.pd("POST", &change, Some(both)).await.status, 200);
    let labels = async |path: String| {
        let tags = world.pd("GET", &path, None).await.body;
        tags["tags"].as_array().expect("a list").iter().map(|tag| text(&tag["label"])).collect::<Vec<_>>()
    };
    assert_eq!(labels(format!("/users/{ann}/tags")).await, ["night", "on site"]);
    assert_eq!(labels("/tags?query=site".to_owned()).await, ["on site"]);
    let tagged = world.pd("GET", &format!("/tags/{night}/users"), None).await.body;
    assert_eq!((&tagged["users"][0]["id"], &tagged["users"][0]["type"]), (&json!(ann), &json!("user_reference")));
    // One tag is not there: nothing of it is done.
    let wrong = json!({"remove": [{"type": "tag_reference", "id": night}], "add": [{"type": "tag_reference", "id": "PNONE01"}]});
    assert_eq!(world.pd("POST", &change, Some(wrong)).await.status, 400);
    assert_eq!(labels(format!("/users/{ann}/tags")).await.len(), 2);
    let twice = world.pd("POST", "/tags", Some(json!({"tag": {"type": "tag", "label": "night"}}))).await;
    assert_eq!((twice.status, &twice.body["error"]["errors"][0]), (400, &json!("Label has already been taken")));
    assert_eq!(world.pd("DELETE", &format!("/tags/{night}"), None).await.status, 204);
    assert_eq!(labels(format!("/users/{ann}/tags")).await, ["on site"]);
}

#[tokio::test]
async fn a_refused_change_of_a_contact_method_changes_nothing() {
    let world = world().await;
    let ann = user(&world, "ann").await;
    let methods = world.pd("GET", &format!("/users/{ann}/contact_methods"), None).await.body;
    let before = &methods["contact_methods"][0];
    let path = format!("/users/{ann}/contact_methods/{}", text(&before["id"]));
    let change = json!({"contact_method": {"label": "Home", "address": "no address"}});
    assert_eq!(world.pd("PUT", &path, Some(change)).await.status, 400);
    assert_eq!(&world.pd("GET", &path, None).await.body["contact_method"], before);
}
