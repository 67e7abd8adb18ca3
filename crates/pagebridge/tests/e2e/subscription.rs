//! The bridge makes its own webhook subscription, and looks after it.

use crate::program::Ended;
use crate::world::{Bridge, World, example, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Nothing is seen by reading, unless it is asked for.
const RARELY: &str = "[polling]\ninterval_s = 86400\nquiet_s = 86400";

/// Writes a configuration in which the bridge makes its own subscription, and no secret is set.
fn configure(world: &World, host: &str) {
    let text = std::fs::read_to_string(example()).expect("the example");
    let (secrets, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("webhook_secrets"));
    assert_eq!(secrets.len(), 1, "the example has the secret of one system");
    let kind = "kind = \"pagerduty\"";
    let text = lines.join("\n").replace(kind, &format!("{kind}\nwebhook_url = \"http://{host}/hooks/pagerduty\""));
    std::fs::write(world.dir.join("pagebridge.toml"), format!("{text}\n{RARELY}\n")).expect("a file");
}

async fn serve(world: &World) -> Bridge {
    world.bridge(&["--config", "pagebridge.toml"]).await
}

async fn subscriptions(world: &World) -> Vec<Value> {
    world.state().await.0["pagerduty"]["subscriptions"].as_array().expect("a list").clone()
}

async fn acknowledged(world: &World, alert: &str, is: bool) {
    until("the acknowledgement in Opsgenie", async || {
        (world.state().await.alert(alert)["acknowledged"] == is).then_some(())
    })
    .await;
}

/// What `doctor` tells of the subscription; null before the server has looked.
fn told(doctor: &Ended) -> Value {
    let doctor = doctor.json();
    let checks = doctor["checks"].as_array().expect("a list");
    let checks = || checks.iter().filter(|check| check["system"] == "pagerduty");
    assert!(checks().all(|check| check["name"] != "webhook secret"), "{doctor}");
    let mut of = checks().filter(|check| check["name"] == "webhook subscription");
    let check = of.next().cloned().unwrap_or_default();
    assert!(of.next().is_none(), "told twice: {doctor}");
    check
}

/// Refuses whatever comes, as a proxy with a wrong setting would, until PagerDuty has had enough.
async fn refuse(world: &World, host: &str) {
    let listener = TcpListener::bind(host).await.expect("the bridge has gone");
    let refusing = async {
        loop {
            let (mut connection, _) = listener.accept().await.expect("a connection");
            let mut some = [0; 4096];
            let _ = connection.read(&mut some).await;
            let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer).await;
        }
    };
    let switched_off = until("PagerDuty to switch the subscription off", async || {
        world.control("pagerduty/incidents", json!({"title": "none of ours"})).await;
        (subscriptions(world).await[0]["temporarily_disabled"] == true).then_some(())
    });
    tokio::select! {
        () = refusing => {}
        () = switched_off => {}
    }
}

#[tokio::test]
async fn the_bridge_makes_its_subscription_and_repairs_it() {
    let world = World::config("subscription").await;
    // Free for the first one, and the same from then on.
    let bridge = world.bridge(&["--config", example().to_str().expect("text")]).await;
    let host = bridge.url.trim_start_matches("http://").to_owned();
    assert_eq!(bridge.process.terminate().await, Some(0));
    configure(&world, &host);
    let doctor = async |world: &World| told(&world.run(&["doctor", "--json", "--config", "pagebridge.toml"]).await);

    assert!(doctor(&world).await["detail"].as_str().is_some_and(|d| d.contains("no subscription")));
    let bridge = serve(&world).await;
    until("the subscription", async || (subscriptions(&world).await.len() == 1).then_some(())).await;
    world.control("opsgenie/webhooks", json!({"url": format!("{}/ops-webhook", bridge.url)})).await;
    let alert = world.alert("Disk full on db-07").await;
    until("the incident", async || world.state().await.has_incident(&alert).then_some(())).await;
    world.in_pagerduty(&alert, "acknowledge", json!({"user": "Ann Berg"})).await;
    acknowledged(&world, &alert, true).await;
    let checked = until("the first look", async || {
        let check = doctor(&world).await;
        (check["result"] == "ok").then_some(check)
    })
    .await;
    assert!(checked["detail"].as_str().is_some_and(|d| d.contains("its secret is known")), "{checked}");
    let metrics = bridge.get("metrics").await.body.to_string();
    for line in
        ["upkeep_healthy{system=\\\"pagerduty\\\",what=\\\"webhook subscription\\\"} 1", "repair=\\\"made\\\"} 1"]
    {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    // It knows the secret after a restart too.
    bridge.process.kill().await;
    let bridge = serve(&world).await;
    world.in_pagerduty(&alert, "unacknowledge", json!({"user": "Ann Berg"})).await;
    acknowledged(&world, &alert, false).await;
    bridge.settled().await;
    assert_eq!(bridge.process.terminate().await, Some(0));

    refuse(&world, &host).await;
    world.in_pagerduty(&alert, "acknowledge", json!({"user": "Ann Berg"})).await;
    let off = doctor(&world).await;
    assert!(off["result"] == "warning" && off["detail"].as_str().is_some_and(|d| d.contains("switched off")), "{off}");
    let bridge = serve(&world).await;
    acknowledged(&world, &alert, true).await;
    let there = subscriptions(&world).await;
    assert_eq!((there.len(), &there[0]["temporarily_disabled"]), (1, &json!(false)));
    assert!(bridge.process.log().contains("switched on again"));
    bridge.process.kill().await;
}
