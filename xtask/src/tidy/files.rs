//! The text files of the project, read once for all checks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// One text file of the project.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// From the workspace root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Reads every text file that is in the repository or about to be: tracked, or new and not ignored.
pub(crate) fn load(root: &Path) -> Result<Vec<SourceFile>> {
    let mut paths = match from_git(root) {
        Some(paths) => paths,
        // An unpacked archive, or a checkout that git does not trust.
        None => from_directory(root)?,
    };
    paths.sort();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        // A file may be deleted but still in the index, or not be text.
        if let Ok(bytes) = fs::read(root.join(&path))
            && let Ok(text) = String::from_utf8(bytes)
        {
            files.push(SourceFile { path, text });
        }
    }
    Ok(files)
}

fn from_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split_terminator('\0').map(str::to_owned).collect())
}

fn from_directory(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        let entries = fs::read_dir(&dir).with_context(|| format!("could not list {}", dir.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not list {}", dir.display()))?;
            let name = entry.file_name();
            let kind = entry.file_type().with_context(|| format!("could not look at {name:?}"))?;
            if kind.is_dir() && name != "target" && name != ".git" {
                waiting.push(entry.path());
            } else if kind.is_file()
                && let Ok(path) = entry.path().strip_prefix(root)
            {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn git_and_the_directory_agree_on_this_file() {
        let root = Workspace::load().expect("cargo metadata works in a checkout").root;
        let this = "xtask/src/tidy/files.rs".to_owned();
        assert!(from_directory(&root).expect("the root can be listed").contains(&this));
        if let Some(paths) = from_git(&root) {
            assert!(paths.contains(&this));
        }
    }
}
