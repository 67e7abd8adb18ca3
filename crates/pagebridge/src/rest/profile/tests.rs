use super::*;

const FILE: &str = r#"
[profiles.default]
api_token = { env = "OURS" }
from = "ann@example.com"
routing_key = "r-default"

[profiles.eu]
api_token = "t-eu"
region = "eu"
service_key = "s-eu"

[profiles.broken]
api_token = { env = "NOWHERE" }

[systems.pagerduty]
kind = "pagerduty"
api_token = "t-system"
from = "bridge@example.com"
api_url = "http://127.0.0.1:7/pd"
"#;

/// What the account has, secrets included.
fn shown(profile: &Profile) -> String {
    let secret = |secret: &Option<Secret>| secret.as_ref().map_or("-", |s| s.expose()).to_owned();
    [
        secret(&profile.api_token),
        profile.from.clone().unwrap_or_else(|| "-".to_owned()),
        secret(&profile.routing_key),
        secret(&profile.change_routing_key),
        secret(&profile.service_key),
        profile.api_url.clone(),
        profile.events_url.clone(),
    ]
    .join(" ")
}

fn found(text: &str, profile: Option<&str>, env: &[(&str, &str)]) -> Result<Profile, CliError> {
    let file = Accounts::parse("pagebridge.toml".to_owned(), text.to_owned()).unwrap_or_else(|told| panic!("{told}"));
    let args = ProfileArgs { profile: profile.map(str::to_owned), tries: 5, ..ProfileArgs::default() };
    Profile::choose(&[file], &args, &Env::of(env))
}

fn takes(text: &str, profile: Option<&str>, env: &[(&str, &str)]) -> String {
    shown(&found(text, profile, env).unwrap_or_else(|error| panic!("{error}")))
}

const US: &str = "https://api.pagerduty.com https://events.pagerduty.com";
const EU: &str = "https://api.eu.pagerduty.com https://events.eu.pagerduty.com";

#[test]
fn a_named_profile_is_taken_whole_and_nothing_of_the_environment() {
    let env = [("OURS", "t-ours"), ("PD_API_TOKEN", "t-env"), ("PAGERDUTY_FROM", "x@example.com")];
    assert_eq!(takes(FILE, Some("default"), &env), format!("t-ours ann@example.com r-default - - {US}"));
    assert_eq!(takes(FILE, Some("eu"), &env), format!("t-eu - - - s-eu {EU}"));
    let system = "t-system bridge@example.com - - - http://127.0.0.1:7/pd http://127.0.0.1:7/pd";
    assert_eq!(takes(FILE, Some("pagerduty"), &env), system);
    let by_variable = [("PAGEBRIDGE_PROFILE", "eu")];
    assert_eq!(takes(FILE, None, &by_variable), takes(FILE, Some("eu"), &[]));
}

#[test]
fn without_a_name_the_environment_wins_and_accounts_are_never_mixed() {
    let ours = ("OURS", "t-ours");
    for (env, wanted) in [
        (&[ours][..], format!("t-ours ann@example.com r-default - - {US}")),
        // Another account: its key, address and name are not those of the file.
        (&[ours, ("PD_API_TOKEN", "t-env")], format!("t-env - - - - {US}")),
        (&[ours, ("PAGERDUTY_API_KEY", "t-old"), ("PAGERDUTY_EMAIL", "o@x.y")], format!("t-old o@x.y - - - {US}")),
        // The same account.
        (&[ours, ("PAGERDUTY_API_TOKEN", "t-ours")], format!("t-ours ann@example.com r-default - - {US}")),
        (&[ours, ("PAGERDUTY_FROM", "e@x.y")], format!("t-ours e@x.y r-default - - {US}")),
        (
            &[ours, ("PD_ROUTING_KEY", "r-env"), ("PD_CHANGE_ROUTING_KEY", "c")],
            format!("t-ours ann@example.com r-env c - {US}"),
        ),
    ] {
        assert_eq!(takes(FILE, None, env), wanted, "{env:?}");
    }
    let both =
        [("PD_API_TOKEN", "first"), ("PAGERDUTY_API_TOKEN", "second"), ("PAGERDUTY_API_URL", "http://127.0.0.1:1")];
    assert_eq!(takes("", None, &both), "first - - - - http://127.0.0.1:1 http://127.0.0.1:1");
    let module = [("PAGERDUTY_EVENTS_API_URL", "https://e.example.com/v2/enqueue"), ("PAGERDUTY_ROUTING_KEY", "r")];
    assert_eq!(takes("", None, &module), "- - r - - https://api.pagerduty.com https://e.example.com");
}

#[test]
fn without_profiles_it_is_the_only_system_or_the_one_with_the_token() {
    let system = |name: &str| {
        format!("[systems.{name}]\nkind = \"pagerduty\"\napi_token = \"t-{name}\"\nfrom = \"{name}@example.com\"\n")
    };
    let key = "[systems.web]\nkind = \"pagerduty-events\"\nrouting_key = \"r-web\"\n";
    assert_eq!(takes(&(system("a") + key), None, &[]), format!("t-a a@example.com r-web - - {US}"));
    let two = system("a") + &system("b");
    assert_eq!(takes(&two, None, &[]), format!("- - - - - {US}"));
    assert_eq!(takes(&two, None, &[("PD_API_TOKEN", "t-b")]), format!("t-b b@example.com - - - {US}"));
    let one = "[profiles.mine]\napi_token = \"t-mine\"\n";
    assert_eq!(takes(&(one.to_owned() + &two), None, &[]), format!("t-mine - - - - {US}"));
}

#[test]
fn what_is_missing_or_wrong_is_told_with_its_remedy() {
    let unknown = found(FILE, Some("eux"), &[]).expect_err("no such profile");
    assert_eq!((unknown.exit, unknown.message.as_str()), (Exit::Config, "there is no profile `eux`"));
    assert_eq!(unknown.hint, "there are default, eu, broken, pagerduty");
    let broken = found(FILE, Some("broken"), &[]).expect_err("no such variable");
    assert!(broken.message.contains("the environment variable NOWHERE is not set"), "{broken}");
    let nobody =
        found("", None, &[]).expect("it may be enough for events").needed_token().expect_err("no token").to_string();
    assert_eq!(nobody, "the environment has no API token");
    let two = "[profiles.a]\nfrom = \"a@x.y\"\n[profiles.b]\nfrom = \"b@x.y\"\n";
    let which = found(two, None, &[]).expect("as above").needed_token().expect_err("no token");
    assert!(which.message.contains("without --profile; there are a, b"), "{which}");
    assert!(which.hint.contains("PD_API_TOKEN") && which.hint.contains("profiles.toml"), "{}", which.hint);
    let secret =
        Accounts::parse("p".to_owned(), "[profiles.a]\napi_tokn = \"s3cret\"\n".to_owned()).expect_err("a slip");
    assert!(secret.contains("did you mean `api_token`?") && !secret.contains("s3cret"), "{secret}");
    let region = Accounts::parse("p".to_owned(), "[profiles.a]\nregion = \"uk\"\n".to_owned()).expect_err("a slip");
    assert!(region.contains("write \"us\" or \"eu\""), "{region}");
}

#[test]
fn a_caller_has_it_all_and_shows_no_secret() {
    let profile = found(FILE, Some("eu"), &[]).expect("it is there");
    let caller = profile.caller().expect("usable");
    assert_eq!(caller.service_key.as_ref().map(Secret::expose), Some("s-eu"));
    assert!(caller.now_unix_ms > 1_700_000_000_000);
    assert!(!format!("{profile:?} {caller:?}").contains("t-eu"));
}
