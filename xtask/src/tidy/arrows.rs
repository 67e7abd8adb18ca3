//! Which of our crates may use which: the table, the manifests and ARCHITECTURE.md say the same.

use super::Finding;
use super::files::SourceFile;
use crate::workspace::{Dependency, Package, Workspace, short_name};

/// One crate of ours.
struct Row {
    name: &'static str,
    /// What it may depend on.
    uses: &'static [&'static str],
    /// What its tests may depend on besides.
    tests_use: &'static [&'static str],
}

const fn row(name: &'static str, uses: &'static [&'static str]) -> Row {
    Row { name, uses, tests_use: &[] }
}

/// A new arrow is a change of the design: change the row and ARCHITECTURE.md in the same commit, and
/// say why.
const ARROWS: &[Row] = &[
    row("core", &[]),
    row("pagerduty", &[]),
    row("ports", &["core"]),
    row("store-sqlite", &["core", "ports"]),
    row("store-postgres", &["core", "ports"]),
    // Connectors are tested against the look-alikes; neither shares code with the other.
    Row { name: "connectors", uses: &["core", "ports", "pagerduty"], tests_use: &["sandbox"] },
    row("engine", &["core", "ports"]),
    // Its actions are tested against the look-alike; every surface is made from it, so it knows none.
    Row { name: "actions", uses: &["pagerduty"], tests_use: &["sandbox"] },
    // What reaches PagerDuty and what does not is tested against the look-alike.
    Row { name: "access", uses: &["actions", "core", "ports", "pagerduty"], tests_use: &["sandbox"] },
    row("stackstorm", &["actions"]),
    // What it reads is tested against the look-alike; judging needs nothing.
    Row { name: "account", uses: &["pagerduty"], tests_use: &["sandbox"] },
    // Hands endpoints to the server, which knows nothing of chats.
    row("chat", &["access", "actions", "core", "ports", "pagerduty"]),
    row("server", &["access", "actions", "core", "ports", "engine", "pagerduty"]),
    // Shows incidents and entries as the server does.
    row("mcp", &["access", "actions", "core", "ports", "server"]),
    row("sandbox", &["pagerduty"]),
    // The two stores are for its runs on them; the model needs only the first three.
    row("sim", &["core", "ports", "engine", "store-sqlite", "store-postgres"]),
    row(
        "pagebridge",
        &[
            "core",
            "pagerduty",
            "ports",
            "store-sqlite",
            "store-postgres",
            "connectors",
            "engine",
            "actions",
            "access",
            "stackstorm",
            "account",
            "chat",
            "mcp",
            "server",
            "sandbox",
        ],
    ),
    // For development: puts parts together as the program does, with something else in place of one of them.
    row("bench", &["core", "ports", "store-sqlite", "store-postgres", "connectors", "engine", "server"]),
    row("xtask", &[]),
];

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const FENCE: &str = "```arrows";

/// Compares the table with the manifests and with ARCHITECTURE.md.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Finding> {
    let ours: Vec<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings: Vec<_> = workspace.packages.iter().flat_map(|package| manifest(package, &ours)).collect();
    for row in ARROWS {
        if !workspace.packages.iter().any(|package| package.short_name() == row.name) {
            findings.push(Finding::new(file!(), format!("the table has {}, the workspace has not", row.name)));
        }
    }
    if let Some(file) = files.iter().find(|file| file.path == ARCHITECTURE) {
        findings.extend(page(&file.text));
    }
    findings
}

/// Returns the block that ARCHITECTURE.md carries.
pub(crate) fn block() -> String {
    let lines: String = ARROWS.iter().map(|row| line(row) + "\n").collect();
    format!("{FENCE}\n{lines}```\n")
}

fn line(row: &Row) -> String {
    let uses = if row.uses.is_empty() { "nothing".to_owned() } else { row.uses.join(", ") };
    match row.tests_use {
        [] => format!("{} -> {uses}", row.name),
        more => format!("{} -> {uses}; tests: {}", row.name, more.join(", ")),
    }
}

fn manifest(package: &Package, ours: &[&str]) -> Vec<Finding> {
    let name = package.short_name();
    let place = format!("{name}/Cargo.toml");
    let Some(row) = ARROWS.iter().find(|row| row.name == name) else {
        return vec![Finding::new(place, format!("{name} is not in the table of {}", file!()))];
    };
    let unwanted = |dependency: &&Dependency| {
        let to = short_name(&dependency.name);
        let for_tests = dependency.kind.as_deref() == Some("dev");
        ours.contains(&dependency.name.as_str())
            && to != name
            && !row.uses.contains(&to)
            && !(for_tests && row.tests_use.contains(&to))
    };
    let finding = |dependency: &Dependency| {
        let kind = dependency.kind.as_deref().map(|kind| format!("{kind}-")).unwrap_or_default();
        let to = short_name(&dependency.name);
        Finding::new(&place, format!("{kind}dependency on {to} is no arrow of the design ({})", line(row)))
    };
    package.dependencies.iter().filter(unwanted).map(finding).collect()
}

fn page(text: &str) -> Option<Finding> {
    let wanted = block();
    let start = text.find(FENCE).map(|start| &text[start..]);
    if start.is_some_and(|rest| rest.replace("\r\n", "\n").starts_with(&wanted)) {
        return None;
    }
    Some(Finding::new(
        ARCHITECTURE,
        format!(
            "does not carry the arrows of the manifests; put in what `cargo xtask tidy --arrows` prints:\n{wanted}"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: "Cargo.toml".into(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
                .collect(),
        }
    }

    const OURS: &[&str] = &["pagebridge-core", "pagebridge-ports", "pagebridge-sandbox", "pagerduty"];

    #[test]
    fn arrows_of_the_table_are_fine_and_others_are_not_ours_to_judge() {
        let ports = package("pagebridge-ports", &[("pagebridge-core", None), ("serde", None)]);
        assert_eq!(manifest(&ports, OURS), []);
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let core = package("pagebridge-core", &[("pagebridge-ports", None)]);
        assert_eq!(manifest(&core, OURS)[0].what, "dependency on ports is no arrow of the design (core -> nothing)");
    }

    #[test]
    fn tests_may_go_further_but_only_where_the_table_says() {
        let sandbox = ("pagebridge-sandbox", Some("dev"));
        assert_eq!(manifest(&package("pagebridge-connectors", &[sandbox]), OURS), []);
        assert_eq!(manifest(&package("pagebridge-engine", &[sandbox]), OURS).len(), 1);
        let shipped = package("pagebridge-connectors", &[("pagebridge-sandbox", None)]);
        assert_eq!(manifest(&shipped, OURS).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(manifest(&package("pagebridge-new", &[]), OURS).len(), 1);
    }

    #[test]
    fn rows_point_down_only() {
        for (index, row) in ARROWS.iter().enumerate() {
            for to in row.uses {
                assert!(ARROWS[..index].iter().any(|lower| lower.name == *to), "{} -> {to}", row.name);
            }
        }
    }

    #[test]
    fn the_page_must_carry_the_block() {
        assert_eq!(page(&format!("# Map\n\n{}\nMore.\n", block())), None);
        assert!(page("# Map\n").is_some());
        assert!(page(&block().replace("core -> nothing", "core -> ports")).is_some());
    }
}
