//! `doctor` names what is not set up in RT, each with its remedy.

use crate::lab::User;
use crate::land::{Land, News};
use serde_json::{Value, json};

/// The checks of the system `rt` that failed, and whether all is well with it.
async fn failed(land: &Land) -> Vec<Value> {
    let ended = land.run(&["doctor", "--json"]).await;
    let report = ended.json();
    let checks = report["checks"].as_array().expect("a list").iter().filter(|check| check["system"] == "rt");
    let failed: Vec<Value> = checks.filter(|check| check["result"] == "failed").cloned().collect();
    assert_eq!(ended.code == Some(0), report["ok"] == true, "{ended:?}");
    assert!(!ended.out.contains(&land.user.token()), "the token is not shown");
    failed
}

/// The one failed check, whose words hold all of these.
async fn one_failed(land: &Land, detail: &[&str], remedy: &[&str]) {
    let failed = failed(land).await;
    let [check] = &failed[..] else { panic!("one check fails: {failed:#?}") };
    for (words, wanted) in [("detail", detail), ("remedy", remedy)] {
        let text = check[words].as_str().expect("text");
        assert!(wanted.iter().all(|one| text.contains(one)), "{words}: {text}");
    }
}

#[tokio::test]
async fn it_finds_nothing_where_everything_is_set_up() {
    let Some(land) = Land::new("doctor-well", News::Read).await else { return };
    land.lab.create(User::Alice, &land.queue, "Disk full", json!({})).await;
    let failed = failed(&land).await;
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let Some(mut land) = Land::new("doctor-right", News::Read).await else { return };
    land.lab.create(User::Alice, &land.queue, "Disk full", json!({})).await;
    land.user = User::Mute;
    let remedy = [&*land.queue.clone(), "Rights"];
    one_failed(&land, &["has not the right", "CommentOnTicket", "ModifyTicket"], &remedy).await;
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let Some(mut land) = Land::new("doctor-field", News::Read).await else { return };
    land.queue = "Bare".to_owned();
    land.lab.create(User::Alice, &land.queue, "Disk full", json!({})).await;
    let remedy = ["apply it to the queue Bare", "SeeCustomField"];
    one_failed(&land, &["PagerDuty ID", "PagerDuty URL"], &remedy).await;
}

#[tokio::test]
async fn a_mistyped_queue_is_named() {
    let Some(mut land) = Land::new("doctor-queue", News::Read).await else { return };
    land.queue = "Incidnets".to_owned();
    one_failed(&land, &[""], &["correct the name", "SeeQueue"]).await;
}

#[tokio::test]
async fn a_queue_that_is_switched_off_and_a_token_that_is_not_taken_are_named() {
    let Some(mut land) = Land::new("doctor-closed", News::Read).await else { return };
    land.queue = "Closed".to_owned();
    let failed = failed(&land).await;
    assert!(failed.iter().any(|check| check["detail"] == "the queue is disabled"), "{failed:#?}");
    land.world.set("RT_TOKEN", &json!("1-2-00000000000000000000000000000000"));
    one_failed(&land, &["401"], &["Auth Tokens"]).await;
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("it is bound");
    land.world.set("RT_URL", &json!(format!("http://{nobody}/REST/2.0")));
    one_failed(&land, &["could not reach RT"], &["api_url"]).await;
}
