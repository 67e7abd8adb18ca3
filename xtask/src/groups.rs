//! The table of checks and test groups that `cargo xtask test` runs, top to bottom.
//!
//! To add a group, add a row. A harness of its own prints a line `N passed, N failed` and is
//! [`Counted::Summary`]; a program that just has to succeed is [`Counted::Exit`].

use crate::tally::Counted;
use crate::tidy;

/// One row of the table.
pub(crate) struct Group {
    /// What `--only` takes. `--only sim` also takes `sim-sqlite`.
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) command: Run,
    /// Arguments in place of the last ones of `command` under `--quick`; see [`Quick`].
    pub(crate) quick: Quick,
    pub(crate) counted: Counted,
    /// Name of the group that runs the same tests in a full run; this row then runs only by name.
    pub(crate) part_of: Option<&'static str>,
}

/// What has to be there before a group runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// A subcommand of cargo; without it the group is skipped, not failed.
    IfInstalled(&'static str),
    /// A running PostgreSQL server, named in the environment.
    Postgres,
    /// A running Request Tracker, named in the environment.
    Rt,
    /// Chromium and its driver.
    Browser,
    /// The release binaries `pagebridge` and `pagebridge-sim`.
    Release,
}

/// How a group is run.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// A binary of the release profile with these arguments.
    Release(&'static str, &'static [&'static str]),
    /// A function of this program; prints what is wrong and returns whether all is well.
    Here(fn() -> anyhow::Result<bool>),
}

/// What `--quick` does with a group.
#[derive(Clone, Copy)]
pub(crate) enum Quick {
    /// Nothing: it is quick already.
    Same,
    /// Leaves it out.
    #[allow(dead_code, reason = "for the long groups")]
    Skip,
    /// Adds these arguments to the command, which override earlier ones or shorten the run.
    #[allow(dead_code, reason = "for the long groups")]
    With(&'static [&'static str]),
}

/// Checks first, then tests from short to long.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "fmt",
        needs: &[Need::Rustfmt],
        command: Run::Cargo(&["fmt", "--all", "--check"]),
        quick: Quick::Same,
        counted: Counted::Exit,
        part_of: None,
    },
    Group {
        name: "clippy",
        needs: &[Need::Clippy],
        // Tests that run only by name are no part of all targets.
        command: Run::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--test",
            "rt",
            "--test",
            "browser",
            "--",
            "-D",
            "warnings",
        ]),
        quick: Quick::Same,
        counted: Counted::Exit,
        part_of: None,
    },
    Group {
        name: "tidy",
        needs: &[],
        command: Run::Here(tidy::is_clean),
        quick: Quick::Same,
        counted: Counted::Exit,
        part_of: None,
    },
    Group {
        name: "deny",
        needs: &[Need::IfInstalled("deny")],
        // Advisories are left out: they need the network and change without a change of ours.
        command: Run::Cargo(&["deny", "check", "bans", "licenses", "sources"]),
        quick: Quick::Same,
        counted: Counted::Exit,
        part_of: None,
    },
    Group {
        name: "unit",
        needs: &[Need::Postgres],
        command: Run::Cargo(&["test", "--workspace", "--no-fail-fast"]),
        quick: Quick::Same,
        counted: Counted::Libtest,
        part_of: None,
    },
    Group {
        name: "postgres",
        needs: &[Need::Postgres],
        command: Run::Cargo(&["test", "--package", "pagebridge-store-postgres", "--no-fail-fast"]),
        quick: Quick::Same,
        counted: Counted::Libtest,
        part_of: Some("unit"),
    },
    Group {
        name: "e2e",
        needs: &[Need::Postgres],
        command: Run::Cargo(&["test", "--package", "pagebridge", "--no-fail-fast"]),
        quick: Quick::Same,
        counted: Counted::Libtest,
        part_of: Some("unit"),
    },
    Group {
        name: "sim-memory",
        needs: &[Need::Release],
        command: Run::Release("pagebridge-sim", &["--seeds", "100000"]),
        quick: Quick::With(&["--seeds", "5000"]),
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "sim-planted",
        needs: &[Need::Release],
        command: Run::Release("pagebridge-sim", &["--planted"]),
        quick: Quick::Same,
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "sim-sqlite",
        needs: &[Need::Release],
        command: Run::Release("pagebridge-sim", &["--store", "sqlite", "--seeds", "2000"]),
        quick: Quick::With(&["--seeds", "100"]),
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "sim-postgres",
        needs: &[Need::Release, Need::Postgres],
        // More threads than cores: most of the time is spent waiting for the server.
        command: Run::Release("pagebridge-sim", &["--store", "postgres", "--threads", "4", "--seeds", "2000"]),
        quick: Quick::With(&["--seeds", "50"]),
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "demo",
        needs: &[Need::Release],
        command: Run::Release("pagebridge", &["demo", "--exit"]),
        quick: Quick::Same,
        counted: Counted::Exit,
        part_of: None,
    },
    Group {
        name: "peers",
        needs: &[Need::Release],
        command: Run::Cargo(&["run", "--quiet", "--package", "xtask", "--", "peers"]),
        quick: Quick::Same,
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "drill",
        needs: &[Need::Release],
        command: Run::Release("pagebridge", &["drill", "--log", "off"]),
        quick: Quick::Same,
        counted: Counted::Summary,
        part_of: None,
    },
    Group {
        name: "browser",
        needs: &[Need::Browser],
        // Of the whole workspace, as the group unit: with the features of one package much would be built again.
        command: Run::Cargo(&["test", "--workspace", "--test", "browser"]),
        quick: Quick::Same,
        counted: Counted::Libtest,
        part_of: None,
    },
    Group {
        name: "rt",
        needs: &[Need::Rt],
        // Most of the time is spent waiting for the server.
        command: Run::Cargo(&["test", "--workspace", "--test", "rt", "--", "--test-threads", "4"]),
        // Two hundred tickets take longer than all else together.
        quick: Quick::With(&["--skip", "race::"]),
        counted: Counted::Libtest,
        part_of: None,
    },
    Group {
        name: "kill",
        needs: &[Need::Release],
        command: Run::Cargo(&["run", "--quiet", "--package", "xtask", "--", "kill", "--rounds", "500"]),
        quick: Quick::With(&["--rounds", "40"]),
        counted: Counted::Summary,
        part_of: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parts_belong_to_a_group_that_runs() {
        for (index, group) in GROUPS.iter().enumerate() {
            assert!(GROUPS[..index].iter().all(|other| other.name != group.name), "{} twice", group.name);
            if let Some(whole) = group.part_of {
                let whole = GROUPS.iter().find(|other| other.name == whole).expect("part_of names a group");
                assert!(whole.part_of.is_none(), "{} must run by itself", whole.name);
            }
        }
    }
}
