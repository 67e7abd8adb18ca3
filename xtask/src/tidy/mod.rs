//! `cargo xtask tidy`: rules of the project that the compiler does not know.
//!
//! Every check is a function from text or manifests to findings, so that its tests can show it a
//! violation. The whole is also an ordinary test of this crate.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::workspace::Workspace;

mod arrows;
mod files;
mod pure;
mod ratchet;
mod reach;
mod rust;
mod text;
mod tree;

/// The command line of `cargo xtask tidy`.
#[derive(Args)]
pub(crate) struct Options {
    /// Lower the counts in xtask/ratchet.toml to today's; it never raises one.
    #[arg(long)]
    update: bool,
    /// Print the `arrows` block of ARCHITECTURE.md and stop.
    #[arg(long)]
    arrows: bool,
}

/// One broken rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    /// A path from the workspace root, with `:line` where there is one.
    place: String,
    /// What is wrong and what to do.
    what: String,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// Runs every check and prints the findings.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.arrows {
        print!("{}", arrows::block());
        return Ok(ExitCode::SUCCESS);
    }
    if options.update {
        let workspace = Workspace::load()?;
        ratchet::lower(&workspace, &files::load(&workspace.root)?)?;
    }
    Ok(if is_clean()? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs every check, prints the findings, and tells whether there were none.
pub(crate) fn is_clean() -> Result<bool> {
    let findings = check(&Workspace::load()?)?;
    for Finding { place, what } in &findings {
        println!("{place}: {what}");
    }
    println!("tidy: {} findings", findings.len());
    Ok(findings.is_empty())
}

fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let files = files::load(&workspace.root)?;
    let mut findings = arrows::check(workspace, &files);
    findings.extend(pure::check(workspace, &files));
    findings.extend(text::check(&files));
    findings.extend(reach::check(workspace, &files));
    findings.extend(ratchet::check(workspace, &files)?);
    findings.extend(tree::check(workspace)?);
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        assert!(is_clean().expect("every check can run"), "see the findings above");
    }
}
