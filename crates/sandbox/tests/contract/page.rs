//! The pages and their forms, as a browser without scripts uses them.

use pagebridge_sandbox::{ClockMode, Config, NewAlert, ServiceState};
use serde_json::json;

use crate::common::{Answer, Receiver, World};

async fn still() -> World {
    World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await
}

/// Sends a form as a browser does, from a page of this origin.
async fn submit_from(world: &World, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = world
        .http
        .post(format!("{}{path}", world.sandbox.control_url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.send().await.expect("an answer")).await
}

async fn submit(world: &World, path: &str, body: &str) -> Answer {
    submit_from(world, path, body, &[("origin", world.sandbox.control_url.as_str()), ("sec-fetch-site", "same-origin")])
        .await
}

#[tokio::test]
async fn an_incident_is_triggered_noted_and_resolved_by_clicks() {
    let world = still().await;
    let form = format!("service={}&summary=disk+%3Cfull%3E&severity=critical&dedup_key=k", world.sandbox.service_id);
    let triggered = submit(&world, "/page/trigger", &form).await;
    assert_eq!(triggered.status, 303, "{}", triggered.text);
    let path = triggered.headers["location"].clone();
    let shown = world.control("GET", &path, None).await;
    assert!(shown.text.contains("disk &lt;full&gt;") && shown.text.contains("triggered"), "{}", shown.text);

    let act = format!("/page{path}");
    let acted = submit(&world, &act, &format!("act=acknowledge&user=Ben+Okafor&back={path}")).await;
    assert_eq!((acted.status, &acted.headers["location"]), (303, &path));
    let noted = submit(&world, &act, "act=note&note=freed+20%C2%A0GB&back=//evil.example/").await;
    assert_eq!((noted.status, noted.headers["location"].as_str()), (303, "/"));
    assert_eq!(submit(&world, &act, "act=resolve&note=replaced").await.status, 303);
    let incident = world.sandbox.pagerduty().incident("k").expect("there");
    let notes: Vec<&str> = incident.notes.iter().map(|note| note.content.as_str()).collect();
    assert_eq!((incident.status, notes), ("resolved", vec!["freed 20\u{a0}GB", "Resolution Note: replaced"]));
    assert!(incident.log.iter().any(|line| line.kind == "acknowledge" && line.by == "Ben Okafor"));

    let again = submit(&world, &act, "act=resolve").await;
    assert!(again.status == 409 && again.text.contains("is resolved"), "{}", again.text);
    assert_eq!(submit(&world, &act, "act=note&note=+").await.status, 400);
    assert_eq!(submit(&world, "/page/incidents/none", "act=resolve").await.status, 404);
    assert_eq!(world.control("GET", "/incidents/none", None).await.status, 404);
}

#[tokio::test]
async fn an_event_that_is_dropped_is_told_as_such() {
    let world = still().await;
    world.sandbox.pagerduty().set_service(&world.sandbox.service_id, ServiceState::Disabled).expect("there");
    let form = format!("service={}&summary=x&severity=critical", world.sandbox.service_id);
    let dropped = submit(&world, "/page/trigger", &form).await;
    assert!(dropped.status == 409 && dropped.text.contains("202 and dropped"), "{}", dropped.text);
    let bad = submit(&world, "/page/trigger", &form.replace("critical", "dire")).await;
    assert!(bad.status == 409 && bad.text.contains("payload.severity"), "{}", bad.text);
}

#[tokio::test]
async fn the_clock_faults_and_alerts_have_their_buttons() {
    let world = still().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &["incident.triggered"]);
    let before = world.sandbox.clock().now();
    assert_eq!(submit(&world, "/page/clock", "minutes=30").await.status, 303);
    assert_eq!(world.sandbox.clock().now().duration_since(before).as_mins(), 30);

    assert_eq!(submit(&world, "/page/faults", "system=pagerduty&preset=503&share=1").await.status, 303);
    assert_eq!(world.pd("GET", "/users", None).await.status, 503);
    let page = world.control("GET", "/", None).await.text;
    assert!(page.contains("/page/faults/1/off") && page.contains("hit 1 times"), "{page}");
    assert_eq!(submit(&world, "/page/faults/1/off", "").await.status, 303);
    assert_eq!(submit(&world, "/page/faults/1/off", "").await.status, 404);
    submit(&world, "/page/faults", "system=opsgenie&preset=garble").await;
    assert_eq!(submit(&world, "/page/faults/off", "").await.status, 303);
    assert_eq!(world.sandbox.snapshot().faults.len(), 0);

    let alert = world.sandbox.opsgenie().create_alert(NewAlert::new("cpu").alias("a"), "dana@example.test");
    assert_eq!(submit(&world, &format!("/page/alerts/{}", alert.id), "act=close").await.status, 303);
    assert_eq!(world.sandbox.opsgenie().alert("a").expect("there").state, "closed");
    let shown = world.control("GET", &format!("/alerts/{}", alert.id), None).await;
    assert!(shown.status == 200 && shown.text.contains("Close"), "{}", shown.text);

    world.incident("x", None).await;
    receiver.next().await;
    crate::common::wait_until(|| world.sandbox.snapshot().pagerduty.webhooks.delivered == 1).await;
    let page = world.control("GET", "/", None).await.text;
    assert!(
        page.contains(&receiver.url) && page.contains("incident.triggered") && page.contains("delivered"),
        "{page}"
    );
}

#[tokio::test]
async fn writes_from_another_sites_page_are_refused() {
    let world = still().await;
    let own = world.sandbox.control_url.clone();
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        let refused = submit_from(&world, "/page/clock", "minutes=5", headers).await;
        assert_eq!(refused.status, 403, "{headers:?}");
        // The JSON API takes any content type, so it needs the same guard.
        let refused = submit_from(&world, "/clock/advance", r#"{"ms": 5}"#, headers).await;
        assert_eq!(refused.status, 403, "{headers:?}");
    }
    for headers in [&[][..], &[("origin", own.as_str())], &[("sec-fetch-site", "none")]] {
        assert_eq!(submit_from(&world, "/page/clock", "minutes=5", headers).await.status, 303, "{headers:?}");
    }
    assert_eq!(world.control("POST", "/clock/advance", Some(json!({"ms": 5}))).await.status, 200);
}

#[tokio::test]
async fn pages_let_nothing_in_from_elsewhere() {
    let world = still().await;
    for path in ["/", "/page.css", "/page.js", "/incidents/none"] {
        let answer = world.control("GET", path, None).await;
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(!answer.text.contains("http://") && !answer.text.contains("https://"), "{path}: {}", answer.text);
    }
    let page = world.control("GET", "/", None).await.text;
    assert!(page.contains("Unofficial") && !page.contains("style=") && !page.contains("onclick"), "{page}");
}
