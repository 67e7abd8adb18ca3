//! No Rust file is forgotten: each is a root that cargo finds, or is declared by one with `mod`.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::files::SourceFile;
use super::rust::Code;
use crate::workspace::Workspace;

/// Finds Rust files of our packages that no compiler ever sees.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let Ok(dir) = package.dir().strip_prefix(&workspace.root) else {
            continue;
        };
        let prefix = format!("{}/", dir.display());
        let sources = files.iter().filter(|file| file.is_rust());
        let own: BTreeMap<&str, &str> =
            sources.filter_map(|file| Some((file.path.strip_prefix(&prefix)?, file.text.as_str()))).collect();
        for path in forgotten(&own) {
            let what = "no `mod` declares this file, so nothing compiles it; declare it or delete it";
            findings.push(Finding::new(format!("{prefix}{path}"), what));
        }
    }
    findings
}

/// Returns the paths that cannot be reached from a root, given the files of one package.
fn forgotten<'a>(files: &BTreeMap<&'a str, &str>) -> Vec<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<String> = files.keys().filter(|path| is_root(path)).map(|path| (*path).to_owned()).collect();
    while let Some(path) = waiting.pop() {
        let Some(text) = files.get(path.as_str()) else {
            continue;
        };
        if reached.insert(path.clone()) {
            waiting.extend(declared(&path, text));
        }
    }
    files.keys().copied().filter(|path| !reached.contains(*path)).collect()
}

/// Tells whether cargo compiles the file by itself.
fn is_root(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    let file = match parts[..] {
        ["src", "bin", ref rest @ ..] | ["tests" | "benches" | "examples", ref rest @ ..] => rest,
        ref other => return matches!(other, ["build.rs"] | ["src", "lib.rs" | "main.rs"]),
    };
    matches!(file, [_] | [_, "main.rs"])
}

/// Returns the files that the `mod name;` lines of a file may mean.
fn declared(path: &str, text: &str) -> Vec<String> {
    let code = Code::parse(text);
    let (dir, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.trim_end_matches(".rs");
    // The children of a root and of mod.rs are beside it, those of another file in its directory.
    let children = if is_root(path) || stem == "mod" { dir.to_owned() } else { format!("{dir}/{stem}") };
    let inline = inline_modules(&code);
    let mut found = Vec::new();
    for at in code.words("mod") {
        let Some((name, end)) = code.identifier_after(at + "mod".len()) else {
            continue;
        };
        if !code.text()[end..].trim_start().starts_with(';') {
            continue;
        }
        let mut base = children.clone();
        for (outer, range) in &inline {
            if range.contains(&at) {
                base = format!("{base}/{outer}");
            }
        }
        match path_attribute(text, &code, at) {
            Some(other) => found.push(join(dir, other)),
            None => found.extend([format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]),
        }
    }
    found
}

/// Returns the name and extent of each `mod name { … }`, outer ones first.
fn inline_modules(code: &Code) -> Vec<(String, std::ops::Range<usize>)> {
    let module = |at: usize| {
        let (name, end) = code.identifier_after(at + "mod".len())?;
        let open = end + code.text()[end..].find(|c: char| !c.is_whitespace())?;
        let close = code.text()[open..].starts_with('{').then(|| code.closing(open))??;
        Some((name.to_owned(), at + 1..close))
    };
    code.words("mod").into_iter().filter_map(module).collect()
}

/// Returns the value of `#[path = "…"]` on the declaration whose `mod` is at `at`.
fn path_attribute<'a>(source: &'a str, code: &Code, at: usize) -> Option<&'a str> {
    let before = &code.text()[..at];
    let start = before.rfind([';', '{', '}']).map_or(0, |end| end + 1);
    let attribute = start + before[start..].find("#[path")?;
    source[attribute..at].split('"').nth(1)
}

fn join(dir: &str, path: &str) -> String {
    let mut parts: Vec<_> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forgotten_of(files: &[(&'static str, &str)]) -> Vec<&'static str> {
        forgotten(&files.iter().copied().collect())
    }

    #[test]
    fn declared_modules_are_reached() {
        let files = [
            ("src/lib.rs", "mod a;\npub(crate) mod b;\n"),
            ("src/a.rs", "#[cfg(test)]\nmod tests;\n"),
            ("src/a/tests.rs", ""),
            ("src/b/mod.rs", "mod c;"),
            ("src/b/c.rs", ""),
            ("tests/all.rs", "mod common;"),
            ("tests/common/mod.rs", ""),
        ];
        assert_eq!(forgotten_of(&files), [""; 0]);
    }

    #[test]
    fn a_file_nobody_declares_is_found() {
        let files = [
            ("src/main.rs", "// mod a;\nconst B: &str = \"mod b;\";\nmod c { }\n"),
            ("src/a.rs", ""),
            ("src/b.rs", ""),
            ("src/c.rs", ""),
            ("tests/common/mod.rs", ""),
        ];
        assert_eq!(forgotten_of(&files), ["src/a.rs", "src/b.rs", "src/c.rs", "tests/common/mod.rs"]);
    }

    #[test]
    fn inline_modules_add_a_directory() {
        let files = [("src/lib.rs", "mod outer { mod inner; }"), ("src/outer/inner.rs", ""), ("src/inner.rs", "")];
        assert_eq!(forgotten_of(&files), ["src/inner.rs"]);
    }

    #[test]
    fn a_path_attribute_is_followed() {
        let files =
            [("src/lib.rs", "mod a;\n#[path = \"../shared/x.rs\"]\nmod b;\n"), ("src/a.rs", ""), ("shared/x.rs", "")];
        assert_eq!(forgotten_of(&files), [""; 0]);
    }
}
