//! `change` and the templates that call it: what a CI system's environment says arrives exactly, nothing in it is executed, and no deploy
//! fails because of it.

use crate::program::{PATIENCE, program, run};
use crate::world::{World, project};
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

/// What would do something in a shell, a workflow command, a JSON text or an expression that is spliced.
const HOSTILE: &str = "say \"hi\" 'ho' $(touch pwned) `touch pwned`\n::set-output name=x::y\n##vso[task.x]z ${{ github.token }} \\n %0A ; touch pwned #é";

async fn world(name: &str) -> World {
    let mut world = World::events(name).await;
    let key = world.ready["pagerduty"]["routing_key"].clone();
    world.unset("PAGERDUTY_ROUTING_KEY");
    world.set("PD_CHANGE_ROUTING_KEY", &key);
    world.set("PATH", &json!(std::env::var("PATH").expect("a path")));
    world
}

fn github(world: &mut World) {
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "acme/api-service"),
        ("GITHUB_SHA", "0123456789abcdef"),
        ("GITHUB_ACTOR", "ann"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_RUN_ID", "77"),
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_EVENT_PATH", "event.json"),
    ] {
        world.set(name, &json!(value));
    }
    let event = json!({"pull_request": {"number": 5, "html_url": "https://github.example/acme/api-service/pull/5"}});
    std::fs::write(world.dir.join("event.json"), event.to_string()).expect("a file");
}

/// The changes that PagerDuty was told of.
async fn changes(world: &World) -> Vec<Value> {
    let token = format!("Token token={}", world.get("PAGERDUTY_API_TOKEN"));
    let url = format!("{}/change_events?limit=100", world.get("PAGERDUTY_API_URL"));
    let sent = world.client.get(url).header("authorization", token).send().await.expect("an answer");
    let listed: Value = sent.json().await.expect("JSON");
    listed["change_events"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

fn links(change: &Value) -> Vec<(&str, &str)> {
    let text = |link: &'_ Value, name: &str| -> Option<String> { link[name].as_str().map(str::to_owned) };
    assert!(change["links"].as_array().is_some_and(|links| links.iter().all(|link| text(link, "href").is_some())));
    let links = change["links"].as_array().expect("a list");
    links
        .iter()
        .map(|link| (link["text"].as_str().unwrap_or_default(), link["href"].as_str().expect("checked")))
        .collect()
}

#[tokio::test]
async fn github_is_read_and_hostile_words_arrive_as_they_are() {
    let mut world = world("change-github").await;
    github(&mut world);
    let args = ["change", "--version", "v2.5.0", "--environment", "production", "--detail", &format!("note={HOSTILE}")];
    let told = world.run(&args).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    world.set("GITHUB_ACTOR", &json!(HOSTILE));
    let told = world.run(&["change", "--summary", HOSTILE]).await;
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{told:?}");
    assert!(
        !told.out.contains("set-output") && !told.out.contains("##"),
        "what a runner would obey is not in its log: {told:?}"
    );
    let changes = changes(&world).await;
    let first = changes.iter().find(|change| change["summary"] == "Deployed api-service v2.5.0 to production");
    let first = first.unwrap_or_else(|| panic!("{changes:?}"));
    assert_eq!(first["source"], "github-actions");
    let details = &first["custom_details"];
    assert_eq!(details["note"], HOSTILE);
    for (name, value) in [
        ("repository", "acme/api-service"),
        ("commit", "0123456789abcdef"),
        ("actor", "ann"),
        ("ref", "refs/heads/main"),
        ("run_id", "77"),
        ("pull_request", "5"),
        ("environment", "production"),
    ] {
        assert_eq!(details[name], value, "{name}");
    }
    let wanted = [
        ("View Commit", "https://github.example/acme/api-service/commit/0123456789abcdef"),
        ("View Pipeline", "https://github.example/acme/api-service/actions/runs/77"),
        ("View Pull Request", "https://github.example/acme/api-service/pull/5"),
    ];
    assert_eq!(links(first), wanted);
    let second = changes.iter().find(|change| change["summary"] == HOSTILE).unwrap_or_else(|| panic!("{changes:?}"));
    assert_eq!(second["custom_details"]["actor"], HOSTILE);
    let dry = world.run(&["change", "--summary", HOSTILE, "--dry-run"]).await;
    let body: Value = dry.json();
    assert!(body["payload"]["summary"] == HOSTILE && !dry.out.contains("##"), "{dry:?}");
    assert!(body["payload"]["timestamp"].as_str().is_some_and(|time| time.len() == 20 && time.ends_with('Z')));
}

#[tokio::test]
async fn trouble_is_a_warning_unless_asked() {
    let mut world = world("change-trouble").await;
    github(&mut world);
    let nowhere = ["change", "--to", "http://127.0.0.1:9", "--timeout", "5"];
    let warned = world.run(&nowhere).await;
    assert_eq!((warned.code, warned.out.as_str()), (Some(0), ""), "{warned:?}");
    assert!(
        warned.err.starts_with("::warning::the change was not told: ") && warned.err.lines().count() == 1,
        "{warned:?}"
    );
    assert_eq!(world.run(&[&nowhere[..], &["--strict"]].concat()).await.code, Some(4));
    assert_eq!(world.run(&["change", "--details", "[1]"]).await.code, Some(0));
    assert_eq!(world.run(&["change", "--details", "[1]", "--strict"]).await.code, Some(2));
    let spooled = world.dir.join("spool");
    world.set("PAGEBRIDGE_SPOOL", &json!(spooled.to_str().expect("text")));
    assert_eq!(world.run(&[&nowhere[..], &["--spool", "--strict"]].concat()).await.code, Some(10));
    world.unset("PD_CHANGE_ROUTING_KEY");
    let keyless = world.run(&["change"]).await;
    assert!(keyless.code == Some(0) && keyless.err.contains("PD_CHANGE_ROUTING_KEY"), "{keyless:?}");
    assert_eq!(world.run(&["change", "--strict"]).await.code, Some(3));
    let flushed = world.run(&["send", "--flush", "--to", world.get("PAGERDUTY_EVENTS_URL")]).await;
    assert_eq!(flushed.out, "1 delivered, 0 refused, 0 left\n");
    assert_eq!(changes(&world).await.len(), 1, "only what was kept has arrived");
}

#[tokio::test]
async fn a_failed_deploy_may_page_until_one_succeeds() {
    let mut world = world("change-alert").await;
    github(&mut world);
    let deploy = ["change", "--environment", "production", "--alert-on-failure", "--state"];
    assert_eq!(world.run(&[&deploy[..], &["failure"]].concat()).await.code, Some(0));
    world.stands("deploy/api-service/production", &["triggered"]).await;
    assert_eq!(world.run(&[&deploy[..], &["success"]].concat()).await.code, Some(0));
    world.stands("deploy/api-service/production", &["resolved"]).await;
    assert_eq!(changes(&world).await.len(), 2);
}

#[tokio::test]
async fn without_a_ci_system_the_working_copy_is_asked() {
    let mut world = world("change-git").await;
    world.set("HOME", &json!(world.dir.to_str().expect("text")));
    let git = |args: &'static [&'static str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(&world.dir).env("HOME", &world.dir).env("GIT_CONFIG_NOSYSTEM", "1");
        async move { assert!(command.output().await.expect("git is there").status.success(), "{args:?}") }
    };
    git(&["init", "-q", "-b", "main"]).await;
    git(&["-c", "user.name=Ann", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "one"]).await;
    git(&["remote", "add", "origin", "https://ann:s3cret@git.example/acme/api.git"]).await;
    git(&["-c", "user.name=Ann", "-c", "user.email=a@example.com", "tag", "v1.2"]).await;
    let body = world.run(&["change", "--dry-run"]).await.json();
    assert_eq!(body["payload"]["summary"], "Deployed api v1.2");
    assert_eq!(body["payload"]["custom_details"]["ref"], "main");
    assert!(links(&body)[0].1.starts_with("https://git.example/acme/api/commit/"));
    assert!(!body.to_string().contains("s3cret"));
}

fn yaml(path: &str) -> (String, Value) {
    let text = std::fs::read_to_string(project().join(path)).expect("the template");
    let value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    (text, value)
}

/// Runs a template's script as its CI system does, with the program on its path.
async fn script(world: &World, shell: &[&str], script: &str, env: &[(String, String)]) -> crate::program::Ended {
    let bin = world.dir.join("bin");
    std::fs::create_dir_all(&bin).expect("a directory");
    let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pagebridge"), bin.join("pagebridge"));
    std::fs::write(world.dir.join("script"), script).expect("a file");
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("script").current_dir(&world.dir).env_clear().envs(world.env.iter().cloned());
    command.env("PATH", format!("{}:{}", bin.display(), world.get("PATH"))).envs(env.iter().cloned());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    crate::program::Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

const GITHUB_BASH: &[&str] = &["bash", "--noprofile", "--norc", "-eo", "pipefail"];

#[tokio::test]
async fn the_github_action_executes_nothing_of_its_inputs() {
    let mut world = world("change-action").await;
    github(&mut world);
    let (_, action) = yaml("integrations/github/action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let inputs: Vec<&String> = action["inputs"].as_object().expect("inputs").keys().collect();
    let [step] = steps.as_slice() else { panic!("one step") };
    let text = step["run"].as_str().expect("a script");
    assert!(!text.contains("${{"), "nothing is spliced into the script");
    let mapped = step["env"].as_object().expect("variables");
    for input in inputs {
        let count = mapped
            .values()
            .filter(|value| value.as_str().is_some_and(|v| v.contains(&format!("inputs.{input} "))))
            .count();
        assert_eq!(count, 1, "{input}");
    }
    let key = world.get("PD_CHANGE_ROUTING_KEY").to_owned();
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let url = world.get("PAGERDUTY_EVENTS_URL").to_owned();
    let details = json!({"note": HOSTILE}).to_string();
    let hostile = own(&[
        ("PD_CHANGE_ROUTING_KEY", &key),
        ("IN_URL", &url),
        ("IN_SERVICE", HOSTILE),
        ("IN_VERSION", "-v"),
        ("IN_ENVIRONMENT", HOSTILE),
        ("IN_STATE", "success"),
        ("IN_SUMMARY", HOSTILE),
        ("IN_DETAILS", &details),
        ("IN_LINKS", "Logs=https://l.example/?a=$(touch pwned)\nhttps://m.example"),
        ("IN_ALERT_ON_FAILURE", "$(touch pwned)"),
        ("IN_STRICT", "true"),
        ("IN_PROGRAM", ""),
    ]);
    let ended = script(&world, GITHUB_BASH, text, &hostile).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!world.dir.join("pwned").exists() && !ended.out.contains("set-output"), "{ended:?}");
    let changes = changes(&world).await;
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((&change["summary"], &change["custom_details"]["note"]), (&json!(HOSTILE), &json!(HOSTILE)));
    let details = &change["custom_details"];
    assert_eq!(
        (&details["service"], &details["version"], &details["environment"]),
        (&json!(HOSTILE), &json!("-v"), &json!(HOSTILE))
    );
    assert!(links(change).contains(&("", "https://m.example")));

    for (strict, code) in [("false", 0), ("true", 1)] {
        let missing = own(&[("IN_PROGRAM", "no-such-program"), ("IN_STRICT", strict)]);
        let ended = script(&world, GITHUB_BASH, text, &missing).await;
        assert!(ended.code == Some(code) && ended.out.starts_with("::warning::"), "{ended:?}");
    }
    let unreachable = own(&[("IN_URL", "http://127.0.0.1:9"), ("IN_STRICT", "false")]);
    let ended = script(&world, GITHUB_BASH, text, &unreachable).await;
    assert!(ended.code == Some(0) && ended.err.starts_with("::warning::"), "{ended:?}");
}

#[tokio::test]
async fn the_gitlab_template_tells_how_the_job_ended() {
    let mut world = world("change-gitlab").await;
    let (_, template) = yaml("integrations/gitlab/change.yml");
    let job = &template[".pagebridge-change"];
    let text = job["after_script"][0].as_str().expect("a script");
    for (name, value) in [
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_PATH", "acme/api"),
        ("CI_PROJECT_URL", "https://gitlab.example/acme/api"),
        ("CI_COMMIT_SHA", "0123456789abcdef"),
        ("CI_COMMIT_REF_NAME", HOSTILE),
        ("CI_JOB_STATUS", "failed"),
        ("CI_ENVIRONMENT_NAME", "production"),
    ] {
        world.set(name, &json!(value));
    }
    for (name, value) in job["variables"].as_object().expect("variables") {
        world.set(name, value);
    }
    world.set("PAGEBRIDGE_CHANGE_ALERT_ON_FAILURE", &json!("true"));
    let ended = script(&world, &["sh"], text, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world.stands("deploy/api/production", &["triggered"]).await;
    let changes = changes(&world).await;
    assert_eq!(changes[0]["summary"], "Failed to deploy api 0123456 to production");
    assert_eq!(changes[0]["custom_details"]["ref"], HOSTILE);
    assert!(!world.dir.join("pwned").exists());
    let bare = run(program(Path::new(&world.dir), &[], &["change", "--help"])).await;
    assert_eq!(bare.code, Some(0));
}
