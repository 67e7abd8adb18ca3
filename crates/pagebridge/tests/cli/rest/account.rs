//! Whose account it is, and what is said when it cannot be used.

use super::Land;

#[tokio::test]
async fn profiles_name_accounts() {
    let mut land = Land::new("rest-profiles").await;
    let url = land.sandbox.pagerduty_url.clone();
    let token = land.sandbox.account_token.clone();
    for name in ["PAGERDUTY_API_URL", "PD_API_TOKEN", "PAGERDUTY_FROM", "PD_ROUTING_KEY"] {
        land.set(name, None);
    }
    land.set("SHOP_TOKEN", Some(&token));
    let profiles = format!(
        "[profiles.shop]\napi_token = {{ env = \"SHOP_TOKEN\" }}\nfrom = \"ann@example.test\"\napi_url = \"{url}\"\n\
         [profiles.old]\napi_token = \"gone\"\napi_url = \"{url}\"\n[profiles.unset]\napi_token = {{ env = \"NOWHERE\" }}\n"
    );
    land.world.write("pagebridge.toml", &profiles);
    let lines = [
        "team list --profile shop",
        "team list --profile old",
        "team list --profile unset",
        "team list --profile nobody",
        "team list",
    ];
    insta::assert_snapshot!(land.story(&lines).await);

    // The person's own file, found by the home directory; what stands in the directory wins.
    std::fs::rename(land.world.dir.join("pagebridge.toml"), land.world.dir.join("mine.toml")).expect("moved");
    std::fs::create_dir_all(land.world.dir.join(".config/pagebridge")).expect("a directory");
    land.world.write(".config/pagebridge/profiles.toml", &profiles.replace("profiles.shop", "profiles.default"));
    let home = land.world.dir.display().to_string();
    land.set("HOME", Some(&home));
    land.said("team list").await;
    land.said("team list --config mine.toml --profile shop").await;
    assert_eq!(land.run("team list --config mine.toml --profile default").await.code, Some(3));
    // The variables are of another account.
    land.set("PD_API_TOKEN", Some("elsewhere"));
    land.set("PAGERDUTY_API_URL", Some(&url));
    assert_eq!(land.run("team list").await.code, Some(7));
    land.said("team list --profile default").await;
}

#[tokio::test]
async fn a_system_of_the_bridge_is_an_account_too() {
    let mut land = Land::new("rest-system").await;
    let (url, token) = (land.sandbox.pagerduty_url.clone(), land.sandbox.account_token.clone());
    land.set("PD_API_TOKEN", None);
    // The key of the other system need not be at hand.
    let text = format!(
        "[systems.opsgenie]\nkind = \"opsgenie\"\napi_key = {{ env = \"NOWHERE\" }}\nintegration_id = \"i\"\n\
         [systems.pagerduty]\nkind = \"pagerduty\"\napi_token = \"{token}\"\nfrom = \"ann@example.test\"\nservice_id = \"PSHOP01\"\n\
         api_url = \"{url}\"\nwebhook_secrets = \"s\"\n"
    );
    land.world.write("pagebridge.toml", &text);
    land.said("incident list").await;
    land.world.write("pagebridge.toml", &text.replace("api_url", "api_ulr"));
    let slip = land.run("incident list").await;
    assert_eq!(slip.code, Some(3));
    assert!(slip.err.contains("did you mean `api_url`?") && !slip.err.contains(&token), "{slip:?}");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_its_remedy() {
    let mut land = Land::new("rest-errors").await;
    let mut story =
        land.story(&["incident show 99", "incident list --status new", "incident create --title slow"]).await;
    land.set("PAGERDUTY_FROM", Some("nobody@example.test"));
    story += &land.story(&["incident resolve 1", "incident resolve 1 --from ann@example.test --columns status"]).await;
    let url = land.sandbox.pagerduty_url.clone();
    land.set("PAGERDUTY_API_URL", Some("http://127.0.0.1:1"));
    story += &land.story(&["team list --tries 1"]).await;
    land.set("PAGERDUTY_API_URL", Some(&url));
    land.set("PD_API_TOKEN", None);
    story += &land.story(&["team list"]).await;
    insta::assert_snapshot!(story);
}

#[tokio::test]
async fn help_completions_and_manual_know_the_commands() {
    let land = Land::new("rest-help").await;
    insta::assert_snapshot!(land.story(&["incident -h", "incident snooze -h"]).await);
    for shell in ["bash", "zsh", "fish"] {
        let script = land.run(&format!("completions {shell}")).await.out;
        for word in ["escalation-policy", "on-call", "create-note", "acknowledge", "dead-letters"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(land.run("man --dir pages").await.code, Some(0));
    let page = std::fs::read_to_string(land.world.dir.join("pages/pagebridge-incident-snooze.1")).expect("a page");
    assert!(page.contains("Snooze an incident") && page.contains("duration"), "{page}");
}
