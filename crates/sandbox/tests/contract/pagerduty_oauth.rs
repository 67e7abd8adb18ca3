//! OAuth tokens for an app.

use pagebridge_sandbox::{ClockMode, Config};
use serde_json::json;

use crate::common::{Answer, World};

async fn world() -> World {
    World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await
}

async fn token(world: &World, scope: &str) -> Answer {
    ask(world, &world.sandbox.oauth_client_secret, scope).await
}

async fn ask(world: &World, secret: &str, scope: &str) -> Answer {
    let id = &world.sandbox.oauth_client_id;
    let scope = scope.replace(' ', "+");
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
    let request = world.http.post(format!("{}/oauth/token", world.sandbox.pagerduty_url)).body(form);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    Answer::read(request.send().await.expect("an answer")).await
}

async fn call(world: &World, method: &str, path: &str, authorization: &str) -> Answer {
    let url = format!("{}{path}", world.sandbox.pagerduty_url);
    let request = world.http.request(method.parse().expect("a method"), url);
    let request = request
        .header("Authorization", authorization)
        .header("From", &world.sandbox.from)
        .json(&world.incident_body("x", None));
    Answer::read(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn an_app_gets_a_token_that_opens_what_its_scopes_say_until_it_expires() {
    let world = world().await;
    let given = token(&world, "as_account-us.sandbox incidents.read incidents.write").await;
    assert_eq!(given.status, 200, "{}", given.text);
    assert_eq!((&given.body["token_type"], &given.body["expires_in"]), (&json!("bearer"), &json!(864_000)));
    assert_eq!(given.body["scope"], "as_account-us.sandbox incidents.read incidents.write");
    let bearer = format!("Bearer {}", given.body["access_token"].as_str().expect("a token"));

    assert_eq!(call(&world, "GET", "/incidents", &bearer).await.status, 200);
    let made = call(&world, "POST", "/incidents", &bearer).await;
    assert_eq!((made.status, made.headers["ratelimit-remaining"].as_str()), (201, "958"));
    let refused = call(&world, "GET", "/users", &bearer).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.body,
        json!({"error": {
            "message": "Token missing required scopes",
            "required_scopes": "users.read",
            "token_scopes": "incidents.read incidents.write",
        }})
    );
    let as_key = bearer.replace("Bearer ", "Token token=");
    assert_eq!(call(&world, "GET", "/incidents", &as_key).await.status, 401, "it is no API key");

    world.sandbox.clock().advance(864_000_000 - 1);
    assert_eq!(call(&world, "GET", "/incidents", &bearer).await.status, 200);
    world.sandbox.clock().advance(1);
    assert_eq!(call(&world, "GET", "/incidents", &bearer).await.status, 401);
}

#[tokio::test]
async fn the_life_of_a_token_can_be_set() {
    let world = world().await;
    world.control("POST", "/pagerduty/settings", Some(json!({"oauth_token_s": 30}))).await;
    assert_eq!(token(&world, "as_account-eu.sandbox incidents.read").await.body["expires_in"], 30);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_for_a_token_is_told() {
    let world = world().await;
    let wrong = ask(&world, "guessed", "as_account-us.sandbox").await;
    assert_eq!((wrong.status, &wrong.body["error"]), (401, &json!("invalid_client")));
    let foreign = token(&world, "as_account-us.other incidents.read").await;
    assert_eq!((foreign.status, &foreign.body["error"]), (400, &json!("invalid_request")));
    let told = foreign.body["error_description"].as_str().expect("a reason");
    assert!(told.contains("Invalid scope") && told.contains("as_account-us.sandbox"), "{told}");
    let request = world.http.post(format!("{}/identity.pagerduty.com/oauth/token", world.sandbox.pagerduty_url));
    let refused = Answer::read(request.body("grant_type=password").send().await.expect("an answer")).await;
    assert_eq!((refused.status, &refused.body["error"]), (400, &json!("unsupported_grant_type")));
}
