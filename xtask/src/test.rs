//! `cargo xtask test`: runs the table of groups and adds up what they count.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::groups::{GROUPS, Group, Need, Quick, Run};
use crate::install;
use crate::postgres::{self, Durability, Server};
use crate::process;
use crate::rt;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The command line of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only these groups (comma-separated or repeated); `sim` also means `sim-sqlite`.
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out or shorten the long groups.
    #[arg(long)]
    quick: bool,
    /// Print the names of the groups and stop.
    #[arg(long)]
    list: bool,
}

/// Runs the groups; the last line on standard output is `N passed, N failed`.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for group in GROUPS {
            println!("{}", group.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let selected = select(GROUPS, &options.only, options.quick)?;
    let mut runner =
        Runner { workspace: Workspace::load()?, quick: options.quick, postgres: None, rt: None, release: false };
    let mut results = Vec::new();
    for group in selected {
        println!("\n==> {}", group.name);
        let result = runner.run(group);
        println!("<== {}", result.line());
        results.push(result);
    }
    // The servers must be gone before the last line is printed.
    drop(runner);
    Ok(report(&results))
}

/// How one group ended.
struct GroupResult {
    name: &'static str,
    tally: Tally,
    problem: Option<String>,
    skipped: Option<String>,
    took: Duration,
}

impl GroupResult {
    fn line(&self) -> String {
        let Tally { passed, failed, ignored } = self.tally;
        let seconds = self.took.as_secs();
        let mut line = match &self.skipped {
            Some(reason) => format!("{}: skipped, {reason}", self.name),
            None => format!("{}: {passed} passed, {failed} failed, {ignored} ignored, {seconds} s", self.name),
        };
        if let Some(problem) = &self.problem {
            line.push_str(": ");
            line.push_str(problem);
        }
        line
    }
}

/// Chooses the rows to run, in the order of the table.
fn select<'a>(groups: &'a [Group], only: &[String], quick: bool) -> Result<Vec<&'a Group>> {
    for name in only {
        if !groups.iter().any(|group| answers_to(group, name)) {
            let known: Vec<_> = groups.iter().map(|group| group.name).collect();
            bail!("there is no test group {name:?}; there are: {}", known.join(", "));
        }
    }
    let wanted = |group: &&Group| {
        if only.is_empty() {
            group.part_of.is_none() && !(quick && matches!(group.quick, Quick::Skip))
        } else {
            only.iter().any(|name| answers_to(group, name))
        }
    };
    Ok(groups.iter().filter(wanted).collect())
}

fn answers_to(group: &Group, name: &str) -> bool {
    group.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What is kept between groups.
struct Runner {
    workspace: Workspace,
    quick: bool,
    postgres: Option<Server>,
    rt: Option<rt::Server>,
    /// Whether the release binary is up to date.
    release: bool,
}

/// Whether a group can run.
enum Ready {
    Yes,
    Skip(String),
}

impl Runner {
    #[expect(clippy::disallowed_methods, reason = "the time a group took is only shown to a person")]
    fn run(&mut self, group: &Group) -> GroupResult {
        let start = Instant::now();
        let mut result = GroupResult {
            name: group.name,
            tally: Tally::default(),
            problem: None,
            skipped: None,
            took: Duration::ZERO,
        };
        match self.prepare(group) {
            Ok(Ready::Yes) => {
                let (tally, problem) = self.execute(group);
                result.tally = tally;
                result.problem = problem;
            }
            Ok(Ready::Skip(reason)) => result.skipped = Some(reason),
            Err(error) => {
                result.tally.failed = 1;
                result.problem = Some(format!("{error:#}"));
            }
        }
        result.took = start.elapsed();
        result
    }

    fn prepare(&mut self, group: &Group) -> Result<Ready> {
        for need in group.needs {
            match need {
                Need::Rustfmt => install::rust_component(&self.workspace, "fmt", "rustfmt")?,
                Need::Clippy => install::rust_component(&self.workspace, "clippy", "clippy")?,
                Need::IfInstalled(subcommand) => {
                    if !install::cargo_has(&self.workspace, subcommand) {
                        return Ok(Ready::Skip(format!("cargo {subcommand} is not installed")));
                    }
                }
                Need::Postgres => self.start_postgres()?,
                Need::Rt => self.start_rt()?,
                Need::Browser => install::browser()?,
                Need::Release => self.build_release()?,
            }
        }
        Ok(Ready::Yes)
    }

    fn start_postgres(&mut self) -> Result<()> {
        if self.postgres.is_none() {
            self.postgres = Some(Server::start(Durability::None)?);
        }
        Ok(())
    }

    fn start_rt(&mut self) -> Result<()> {
        if self.rt.is_none() {
            self.rt = Some(rt::Server::start(&self.workspace, 0)?);
        }
        Ok(())
    }

    fn build_release(&mut self) -> Result<()> {
        if !self.release {
            let mut command = self.workspace.cargo();
            // Together: alone, the simulation would be built with fewer features, and most of it twice.
            command.args(["build", "--release", "--package", "pagebridge", "--package", "pagebridge-sim"]);
            ensure!(process::stream(&mut command, |_| {})?.success(), "the release binaries do not build");
            self.release = true;
        }
        Ok(())
    }

    /// Runs the command of a group whose needs are met.
    fn execute(&self, group: &Group) -> (Tally, Option<String>) {
        let mut tally = Tally::default();
        let ended = match self.command(group) {
            Ok(mut command) => process::stream(&mut command, |line| {
                if let Some(more) = group.counted.read(line) {
                    tally += more;
                }
            })
            .map(|status| status.success()),
            Err(here) => here(),
        };
        let (tally, problem) = group.counted.finish(tally, matches!(ended, Ok(true)));
        (tally, ended.err().map(|error| format!("{error:#}")).or_else(|| problem.map(str::to_owned)))
    }

    /// Returns the command of a group, or the function that stands for it.
    fn command(&self, group: &Group) -> std::result::Result<Command, fn() -> Result<bool>> {
        let (mut command, arguments) = match group.command {
            Run::Cargo(arguments) => (self.workspace.cargo(), arguments),
            Run::Release(binary, arguments) => {
                let mut command = Command::new(self.workspace.release_binary(binary));
                command.current_dir(&self.workspace.root);
                (command, arguments)
            }
            Run::Here(function) => return Err(function),
        };
        command.args(arguments);
        if let (true, Quick::With(more)) = (self.quick, group.quick) {
            command.args(more);
        }
        let server = self.postgres.as_ref().filter(|_| group.needs.contains(&Need::Postgres));
        postgres::name_server(&mut command, server);
        match &self.rt {
            Some(server) if group.needs.contains(&Need::Rt) => command.envs(server.variables().iter().cloned()),
            _ => command.env_remove(rt::VARIABLE),
        };
        Ok(command)
    }
}

/// Prints the table and the last line, and decides the exit code.
fn report(results: &[GroupResult]) -> ExitCode {
    let mut total = Tally::default();
    println!("\n==> summary");
    for result in results {
        println!("{}", result.line());
        total += result.tally;
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 && total.ran() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Counted;

    fn group(name: &'static str, quick: Quick, part_of: Option<&'static str>) -> Group {
        Group { name, needs: &[], command: Run::Cargo(&[]), quick, counted: Counted::Exit, part_of }
    }

    fn names(only: &[&str], quick: bool) -> Vec<&'static str> {
        let groups = [
            group("unit", Quick::Same, None),
            group("part", Quick::Same, Some("unit")),
            group("sim-memory", Quick::With(&["--seeds", "1"]), None),
            group("sim-sqlite", Quick::Skip, None),
            group("simple", Quick::Same, None),
        ];
        let only: Vec<_> = only.iter().map(ToString::to_string).collect();
        let selected = select(&groups, &only, quick).expect("known names");
        selected.iter().map(|group| group.name).collect()
    }

    #[test]
    fn a_full_run_takes_everything_once() {
        assert_eq!(names(&[], false), ["unit", "sim-memory", "sim-sqlite", "simple"]);
    }

    #[test]
    fn a_quick_run_leaves_long_groups_out() {
        assert_eq!(names(&[], true), ["unit", "sim-memory", "simple"]);
    }

    #[test]
    fn a_name_means_the_group_and_its_variants() {
        assert_eq!(names(&["sim"], false), ["sim-memory", "sim-sqlite"]);
        assert_eq!(names(&["part", "simple"], true), ["part", "simple"]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = select(&[group("unit", Quick::Same, None)], &["units".to_owned()], false).err();
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            Some("there is no test group \"units\"; there are: unit")
        );
    }
}
