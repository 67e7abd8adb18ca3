//! The commands against a running server, with a dead letter that is real.

use crate::world::{World, until};
use serde_json::{Value, json};

/// The keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

async fn dead_letter(world: &World, name: &str) -> crate::world::Bridge {
    let bridge = world.bridge(&[]).await;
    let body = json!({"error": {"code": 2001, "message": "Invalid Input Provided", "errors": ["Title is unlucky"]}});
    let refuse = json!({"system": "pagerduty", "fault": "refuse", "status": 400, "body": body.to_string(), "only": "POST /incidents"});
    world.fault(refuse).await;
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", name, json!({}))).await.status, 202);
    until("a dead letter", async || {
        let letters = world.run(&["dead-letters", "--json"]).await.json();
        (letters["dead_letters"] != json!([])).then_some(())
    })
    .await;
    bridge
}

#[tokio::test]
async fn a_dead_letter_is_listed_shown_and_released() {
    let world = World::drop_in("letters").await;
    let bridge = dead_letter(&world, "a-1").await;

    let listed = world.run(&["dead-letters", "list", "--json"]).await;
    assert_eq!(listed.code, Some(0));
    let letters = listed.json();
    assert_eq!(keys(&letters), ["dead_letters", "quarantined"]);
    let letter = &letters["dead_letters"][0];
    assert_eq!(keys(letter), ["incident", "reason", "remedy", "system", "what"]);
    assert_eq!((&letter["incident"], &letter["system"]), (&json!(1), &json!("pagerduty")));
    assert!(letter["reason"].as_str().is_some_and(|reason| reason.contains("Title is unlucky")), "{letter}");
    assert!(letter["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{letter}");

    let shown = world.run(&["dead-letters", "show", "1", "--json"]).await.json();
    assert_eq!(keys(&shown), ["journal", "waiting"]);
    assert!(shown["journal"].to_string().contains("waits for an operator"), "{shown}");
    let text = world.run(&["dead-letters", "--utc"]).await;
    assert!(text.out.contains("Title is unlucky") && text.err.contains("release"), "{text:?}");

    let nobody = world.run(&["dead-letters", "show", "9", "--json"]).await;
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(1), ""));
    let told: Value = serde_json::from_str(&nobody.err).expect("an error is JSON too");
    assert_eq!(keys(&told), ["error", "exit_code", "hint"]);

    // Released before its cause is gone, it comes back; afterwards it goes through, and only once.
    world.run(&["dead-letters", "release", "1", "--json"]).await;
    until("the dead letter to be back", async || {
        let letters = world.run(&["dead-letters", "--json"]).await.json();
        (letters["dead_letters"] != json!([])).then_some(())
    })
    .await;
    world.mend().await;
    let released = world.run(&["dead-letters", "release", "1", "pagerduty", "--json"]).await;
    assert_eq!(released.code, Some(0));
    assert_eq!(released.json()["released"][0]["status"], "released");
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!(state.0["pagerduty"]["creates_per_key"]["a-1"], 1);
    assert_eq!(world.run(&["dead-letters", "--json"]).await.json()["dead_letters"], json!([]));
    let again = world.run(&["dead-letters", "release", "1", "pagerduty", "--json"]).await;
    assert_eq!((again.code, &again.json()["released"][0]["status"]), (Some(0), &json!("unchanged")));
    bridge.process.kill().await;
}

#[tokio::test]
async fn incidents_journal_and_deliveries_have_the_shapes_that_scripts_read() {
    let world = World::drop_in("shapes-cli").await;
    let bridge = world.bridge(&[]).await;
    world.fault(json!({"system": "pagerduty", "fault": "refuse", "status": 503})).await;
    for n in 1..=3 {
        let create = world.hook("Create", &format!("a-{n}"), json!({"priority": "P1"}));
        assert_eq!(bridge.post("ops-webhook", &create).await.status, 202);
    }

    let waiting = world.run(&["deliveries", "--json"]).await;
    assert_eq!(waiting.code, Some(0));
    let waiting = waiting.json();
    assert_eq!(waiting["deliveries"].as_array().map(Vec::len), Some(3), "{waiting}");
    let row = &waiting["deliveries"][0];
    assert_eq!(
        keys(row),
        ["attempts", "class", "due", "incident", "name", "state", "system", "title", "what"],
        "{row}"
    );
    assert_eq!((&row["class"], &row["system"]), (&json!("urgent"), &json!("pagerduty")));
    assert_eq!(row["what"], "create the record");
    let none = world.run(&["deliveries", "--json", "--system", "opsgenie"]).await.json();
    assert_eq!(none["deliveries"], json!([]));
    world.mend().await;
    bridge.settled().await;

    let listed = world.run(&["incidents", "--json", "--open", "--limit", "2"]).await.json();
    assert_eq!(keys(&listed), ["incidents", "next"]);
    let numbers: Vec<_> = listed["incidents"].as_array().expect("a list").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(numbers, [json!(3), json!(2)], "newest first");
    let before = listed["next"].to_string();
    let rest = world.run(&["incidents", "--json", "--before", &before]).await.json();
    assert_eq!(rest["incidents"][0]["id"], 1);
    let one = world.run(&["incidents", "show", "1", "--json"]).await.json();
    assert_eq!(keys(&one), ["incident", "journal"]);
    let links: Vec<_> =
        one["incident"]["links"].as_array().expect("a list").iter().map(|link| &link["system"]).collect();
    assert_eq!(links, ["opsgenie", "pagerduty"]);

    let journal = world.run(&["journal", "--json", "--after", "0"]).await.json();
    assert_eq!(keys(&journal), ["entries", "next"]);
    let entry = &journal["entries"][0];
    assert_eq!(keys(entry), ["actor", "at", "changes", "incident", "seq", "summary", "system"]);
    assert!(entry["summary"].to_string().contains("opened: Test alert"), "{entry}");
    let of_two = world.run(&["journal", "--json", "--incident", "2", "--after", "0"]).await.json();
    assert!(of_two["entries"].as_array().expect("a list").iter().all(|entry| entry["incident"] == 2), "{of_two}");

    for (args, code) in [
        (["incidents", "show", "77"].as_slice(), 1),
        (&["incidents", "--server", "http://127.0.0.1:1"], 4),
        (&["incidents", "--server", "no address"], 3),
        (&["deliveries", "--class", "sometimes"], 1),
        (&["journal", "--since", "yesterday"], 1),
        (&["incidents", "--colour"], 2),
    ] {
        let ended = world.run(args).await;
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{args:?} says nothing");
    }
    bridge.process.kill().await;
}
