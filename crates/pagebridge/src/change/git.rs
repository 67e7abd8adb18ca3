//! What the working copy says, where no CI system runs us.

use super::ci::Facts;
use super::web;
use std::process::{Command, Stdio};

/// Asks `git`; without it, or outside of a working copy, nothing is known.
pub(crate) fn facts() -> Facts {
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return Facts::default() };
    let remote = git(&["config", "--get", "remote.origin.url"]);
    let commit_url = remote.as_deref().and_then(web::address).map(|web| format!("{web}/commit/{commit}"));
    Facts {
        repository: remote.as_deref().and_then(web::path),
        git_ref: git(&["symbolic-ref", "--quiet", "--short", "HEAD"]),
        tag: git(&["describe", "--tags", "--exact-match", "HEAD"]),
        actor: git(&["config", "--get", "user.name"]),
        commit_url,
        commit: Some(commit),
        ..Facts::default()
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
