//! What the CI system says of the run: its table, read against the environment.

use super::table::{Known, SYSTEMS};
use super::web;
use crate::env::Env;
use serde_json::Value;
use std::io::Read;

/// How large GitHub's file about the event may be, in bytes; it sends no larger ones.
const EVENT_SIZE_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// What is known of a change. Whatever is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) repository: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) git_ref: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) workflow: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) pull_request: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) commit_url: Option<String>,
    pub(crate) pipeline_url: Option<String>,
    pub(crate) pull_request_url: Option<String>,
}

/// The CI system that runs us, if one does.
pub(crate) struct Ci {
    /// How it is called as a source.
    pub(crate) name: &'static str,
    known: Option<&'static Known>,
}

impl Ci {
    /// Tells which one it is by its environment.
    pub(crate) fn find(env: &Env) -> Self {
        let known = SYSTEMS.iter().find(|known| {
            let value = env.get(known.present.0);
            value.is_some_and(|value| known.present.1.is_empty() || value.eq_ignore_ascii_case(known.present.1))
        });
        Self { name: known.map_or("pagebridge", |known| known.name), known }
    }

    /// Whether there is one.
    pub(crate) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// What it says.
    pub(crate) fn facts(&self, env: &Env) -> Facts {
        let Some(known) = self.known else { return Facts::default() };
        let find = |patterns: &[&str]| patterns.iter().find_map(|pattern| filled(pattern, env));
        let url = |patterns: &[&str]| patterns.iter().find_map(|pattern| web::checked(&filled(pattern, env)?));
        let facts = Facts {
            repository: find(known.repository),
            commit: find(known.commit),
            actor: find(known.actor),
            git_ref: find(known.git_ref),
            tag: find(known.tag),
            run_id: find(known.run_id),
            workflow: find(known.workflow),
            service: find(known.service),
            environment: find(known.environment),
            pull_request: find(known.pull_request).filter(|number| number != "false"),
            state: find(known.state),
            commit_url: url(known.commit_url),
            pipeline_url: url(known.pipeline_url),
            pull_request_url: url(known.pull_request_url),
        };
        match env.get("GITHUB_EVENT_PATH").filter(|_| known.name == "github-actions") {
            Some(path) => with_event(facts, path),
            None => facts,
        }
    }
}

/// Fills `{NAME}`, `{web:NAME}` (the web address of a git remote) and `{path:NAME}` (its last two parts) in; `None` when one is not set.
fn filled(pattern: &str, env: &Env) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let value = match name.split_once(':') {
            Some(("web", name)) => web::address(env.get(name)?)?,
            Some(("path", name)) => web::path(env.get(name)?)?,
            _ => env.get(name)?.to_owned(),
        };
        text = text + before + &value;
        rest = after;
    }
    text += rest;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The file that GitHub writes about the event knows the pull request.
fn with_event(mut facts: Facts, path: &str) -> Facts {
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(EVENT_SIZE_BYTES_MAX).read_to_end(&mut text));
    let event: Value = read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default();
    if let Some(number) = event["pull_request"]["number"].as_u64() {
        facts.pull_request = Some(number.to_string());
        facts.pull_request_url = event["pull_request"]["html_url"].as_str().and_then(web::checked);
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(env: &[(&str, &str)]) -> (&'static str, Facts) {
        let env = Env::of(env);
        let ci = Ci::find(&env);
        (ci.name, ci.facts(&env))
    }

    fn own(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn github_says_it_all() {
        let (name, facts) = facts(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/api-service"),
            ("GITHUB_SHA", "0123456789abcdef"),
            ("GITHUB_ACTOR", "ann"),
            ("GITHUB_REF", "refs/tags/v2.5.0"),
            ("GITHUB_REF_NAME", "v2.5.0"),
            ("GITHUB_REF_TYPE", "tag"),
            ("GITHUB_RUN_ID", "77"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_WORKFLOW", "Deploy"),
        ]);
        assert_eq!(name, "github-actions");
        assert_eq!(facts.repository, own("acme/api-service"));
        assert_eq!(facts.commit_url, own("https://github.example/acme/api-service/commit/0123456789abcdef"));
        assert_eq!(facts.pipeline_url, own("https://github.example/acme/api-service/actions/runs/77"));
        assert_eq!((facts.git_ref, facts.run_id, facts.workflow), (own("refs/tags/v2.5.0"), own("77"), own("Deploy")));
        assert_eq!(facts.pull_request, None);
    }

    /// Name, environment, and the addresses of commit and pipeline.
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

    const CASES: &[Case] = &[
        (
            "gitlab-ci",
            &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_PATH", "acme/api"),
                ("CI_PROJECT_URL", "https://gitlab.example/acme/api"),
                ("CI_COMMIT_SHA", "abc"),
                ("CI_PIPELINE_URL", "https://gitlab.example/acme/api/-/pipelines/9"),
            ],
            "https://gitlab.example/acme/api/-/commit/abc",
            "https://gitlab.example/acme/api/-/pipelines/9",
        ),
        (
            "jenkins",
            &[
                ("JENKINS_URL", "https://ci.example/"),
                ("GIT_URL", "git@git.example:acme/api.git"),
                ("GIT_COMMIT", "abc"),
                ("BUILD_URL", "https://ci.example/job/api/9/"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://ci.example/job/api/9/",
        ),
        (
            "circleci",
            &[
                ("CIRCLECI", "true"),
                ("CIRCLE_PROJECT_USERNAME", "acme"),
                ("CIRCLE_PROJECT_REPONAME", "api"),
                ("CIRCLE_REPOSITORY_URL", "https://x:s3cret@git.example/acme/api.git"),
                ("CIRCLE_SHA1", "abc"),
                ("CIRCLE_BUILD_URL", "https://circle.example/9"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://circle.example/9",
        ),
        (
            "azure-pipelines",
            &[
                ("TF_BUILD", "True"),
                ("BUILD_REPOSITORY_NAME", "acme/api"),
                ("BUILD_REPOSITORY_URI", "https://git.example/acme/api"),
                ("BUILD_SOURCEVERSION", "abc"),
                ("SYSTEM_COLLECTIONURI", "https://dev.azure.example/acme/"),
                ("SYSTEM_TEAMPROJECT", "The Team"),
                ("BUILD_BUILDID", "9"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://dev.azure.example/acme/The%20Team/_build/results?buildId=9",
        ),
        (
            "bitbucket-pipelines",
            &[
                ("BITBUCKET_BUILD_NUMBER", "9"),
                ("BITBUCKET_REPO_FULL_NAME", "acme/api"),
                ("BITBUCKET_GIT_HTTP_ORIGIN", "https://bitbucket.org/acme/api"),
                ("BITBUCKET_COMMIT", "abc"),
            ],
            "https://bitbucket.org/acme/api/commits/abc",
            "https://bitbucket.org/acme/api/pipelines/results/9",
        ),
        (
            "buildkite",
            &[
                ("BUILDKITE", "true"),
                ("BUILDKITE_REPO", "ssh://git@git.example:2222/acme/api.git"),
                ("BUILDKITE_COMMIT", "abc"),
                ("BUILDKITE_BUILD_URL", "https://buildkite.example/9"),
                ("BUILDKITE_PULL_REQUEST", "false"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://buildkite.example/9",
        ),
        (
            "woodpecker",
            &[
                ("CI", "woodpecker"),
                ("CI_REPO", "acme/api"),
                ("CI_REPO_URL", "https://git.example/acme/api"),
                ("CI_COMMIT_SHA", "abc"),
                ("CI_PIPELINE_URL", "https://wood.example/9"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://wood.example/9",
        ),
        (
            "drone",
            &[
                ("DRONE", "true"),
                ("DRONE_REPO", "acme/api"),
                ("DRONE_COMMIT_SHA", "abc"),
                ("DRONE_COMMIT_LINK", "https://git.example/acme/api/commit/abc"),
                ("DRONE_BUILD_LINK", "https://drone.example/9"),
            ],
            "https://git.example/acme/api/commit/abc",
            "https://drone.example/9",
        ),
        (
            "travis-ci",
            &[
                ("TRAVIS", "true"),
                ("TRAVIS_REPO_SLUG", "acme/api"),
                ("TRAVIS_COMMIT", "abc"),
                ("TRAVIS_BUILD_WEB_URL", "https://travis.example/9"),
                ("TRAVIS_PULL_REQUEST", "false"),
            ],
            "https://github.com/acme/api/commit/abc",
            "https://travis.example/9",
        ),
        (
            "argocd",
            &[
                ("ARGOCD_APP_NAME", "api"),
                ("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/api.git"),
                ("ARGOCD_APP_REVISION", "abc"),
            ],
            "https://git.example/acme/api/commit/abc",
            "",
        ),
    ];

    #[test]
    fn the_others_are_told_apart_and_understood() {
        for (wanted, env, commit, pipeline) in CASES {
            let (name, facts) = facts(env);
            assert_eq!(name, *wanted);
            assert_eq!(facts.repository.as_deref(), Some("acme/api"), "{wanted}");
            assert_eq!(facts.commit.as_deref(), Some("abc"), "{wanted}");
            assert_eq!(facts.commit_url.as_deref(), Some(*commit), "{wanted}");
            assert_eq!(facts.pipeline_url.as_deref().unwrap_or_default(), *pipeline, "{wanted}");
            assert_eq!(facts.pull_request, None, "{wanted}");
            assert!(!format!("{facts:?}").contains("s3cret"), "{wanted}");
        }
        let (name, teamcity) =
            facts(&[("TEAMCITY_VERSION", "2026.1"), ("BUILD_VCS_NUMBER", "abc"), ("BUILD_NUMBER", "9")]);
        assert_eq!((name, teamcity.commit, teamcity.run_id), ("teamcity", own("abc"), own("9")));
        assert_eq!(facts(&[("CI", "true")]), ("pagebridge", Facts::default()));
    }
}
