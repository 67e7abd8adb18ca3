//! Facts 2: who calls. Whatever is wrong with it is 403, never 401.

use pagebridge_sandbox::{ClockMode, Config, NewToken};
use serde_json::json;

use super::{assert_recorded, call, fixture, raw, replay, replay_as};
use crate::common::World;

#[tokio::test]
async fn tokens_of_both_kinds_open_whatever_the_word_before_them() {
    let world = World::start().await;
    let (v1, v2) = (world.sandbox.netbox_token.clone(), world.sandbox.netbox_token_v2.clone());
    assert!(v1.len() == 40 && v1.bytes().all(|byte| byte.is_ascii_hexdigit()), "{v1}");
    let (name, secret) = v2.strip_prefix("nbt_").and_then(|rest| rest.split_once('.')).expect("nbt_NAME.SECRET");
    assert_eq!((name.len(), secret.len()), (12, 40), "{v2}");
    for authorization in [format!("Token {v1}"), format!("Bearer {v2}"), format!("Token {v2}"), format!("Bearer {v1}")]
    {
        let answer = raw(&world, Some(&authorization), "GET", "/api/dcim/sites/", None).await;
        assert_recorded(&answer, "auth-v2-ok");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_login_is_403_with_the_recorded_words() {
    let world = World::start().await;
    for name in ["error-403-no-token", "error-403-bad-token-v1", "error-403-bad-token-v2", "error-403-bearer-garbage"] {
        let authorization = fixture(name)["request"]["headers"]["Authorization"].as_str().map(str::to_owned);
        assert_recorded(&replay_as(&world, authorization.as_deref(), name).await, name);
    }
}

#[tokio::test]
async fn a_token_that_is_off_expired_or_bound_elsewhere_is_403() {
    let world = World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await;
    let netbox = world.sandbox.netbox();
    let of = || NewToken { user: "bridge".to_owned(), ..NewToken::default() };
    let expires = world.sandbox.clock().now() + jiff::SignedDuration::from_secs(60);
    let off = netbox.add_token(NewToken { disabled: true, ..of() });
    let elsewhere = netbox.add_token(NewToken { elsewhere: true, ..of() });
    let short = netbox.add_token(NewToken { expires: Some(expires), v2: true, ..of() });
    let status =
        async |token: &str| raw(&world, Some(&format!("Bearer {token}")), "GET", "/api/status/", None).await.status;
    assert_eq!([status(&off).await, status(&elsewhere).await, status(&short).await], [403, 403, 200]);
    world.sandbox.clock().advance(60_000);
    assert_eq!(status(&short).await, 403);
    netbox.remove_token(&short).expect("it is there");
    assert!(netbox.remove_token(&short).is_err());
}

#[tokio::test]
async fn start_up_calls_answer_any_valid_token() {
    let world = World::start().await;
    replay(&world, "status").await;
    replay(&world, "authentication-check").await;
    let weak = format!("Token {}", world.sandbox.netbox_weak_token);
    assert_eq!(raw(&world, Some(&weak), "GET", "/api/status/", None).await.status, 200);
    let who = raw(&world, Some(&weak), "GET", "/api/authentication-check/", None).await;
    assert_eq!(who.body["username"], "weak");
    assert_eq!(raw(&world, None, "GET", "/api/status/", None).await.status, 403);
}

#[tokio::test]
async fn netbox_asks_for_rights_and_the_plugin_for_none() {
    let world = World::start().await;
    let weak = format!("Token {}", world.sandbox.netbox_weak_token);
    let readonly = format!("Token {}", world.sandbox.netbox_readonly_token);
    for (token, name) in [(&weak, "error-403-no-permission"), (&readonly, "error-403-readonly-token")] {
        assert_recorded(&replay_as(&world, Some(token), name).await, name);
    }
    // Traps 4: anybody who is logged in may write here, and even a token that may not write.
    call(&world, "POST", super::INCIDENTS, Some(json!({"title": "first", "status": "new", "severity": "low"}))).await;
    for (token, name) in
        [(&weak, "pitfall-plugin-write-without-permission"), (&readonly, "pitfall-plugin-write-with-readonly-token")]
    {
        let answer = replay_as(&world, Some(token), name).await;
        assert_recorded(&answer, name);
        let path = format!("{}{}/", super::INCIDENTS, answer.body["id"]);
        assert_eq!(raw(&world, Some(token), "DELETE", &path, None).await.status, 204);
    }
}
