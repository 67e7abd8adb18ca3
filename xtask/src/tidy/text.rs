//! Words that must not be in the repository: leftover markers, paths of one machine, package hosts.

use super::Finding;
use super::files::SourceFile;
use super::rust::{Code, is_word_at};

// The words are put together here, so that this file does not contain them.

/// Markers of unfinished work: finish it, or write an issue.
const MARKERS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X")];

/// Rust that stands for code that is not there, or a test that does not run.
const PLACEHOLDERS: &[&str] = &[concat!("to", "do!"), concat!("unimple", "mented!"), concat!("#[ig", "nore")];

/// Directories that exist on one machine only.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Hosts of package registries: which one is used is the business of whoever builds.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("deb.debian", ".org"),
    concat!("jfrog", ".io"),
];

/// Checks every text file.
pub(crate) fn check(files: &[SourceFile]) -> Vec<Finding> {
    files.iter().flat_map(file).collect()
}

fn file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |line: usize, what: String| findings.push(Finding::new(format!("{}:{line}", file.path), what));
    // Payloads and their secrets are as the vendors print them.
    let is_payload = file.path.starts_with("fixtures/") || file.path.contains("/fixtures/");
    // cargo writes the name of the registry's index into its lock file.
    let is_lock = file.path == "Cargo.lock" || file.path.ends_with("/Cargo.lock");
    for (number, line) in file.text.lines().enumerate() {
        for marker in MARKERS.iter().filter(|_| !is_payload && !is_lock) {
            if line.match_indices(marker).any(|(at, _)| is_word_at(line, at, marker.len())) {
                add(number + 1, format!("leftover marker {marker}; finish it or write it down as an issue"));
            }
        }
        for path in MACHINE_PATHS {
            if line.match_indices(path).any(|(at, _)| starts_a_path(&line[..at])) {
                add(number + 1, format!("{path} is a path of one machine"));
            }
        }
        for host in REGISTRY_HOSTS.iter().filter(|host| !is_lock && line.contains(**host)) {
            add(number + 1, format!("names the package registry {host}"));
        }
    }
    if file.is_rust() {
        for (number, line) in Code::parse(&file.text).text().lines().enumerate() {
            for placeholder in PLACEHOLDERS.iter().filter(|placeholder| line.contains(**placeholder)) {
                add(number + 1, format!("leftover {placeholder}"));
            }
        }
    }
    findings
}

/// Tells whether a slash after `before` begins an absolute path, rather than going on in a relative
/// one or in a URL.
fn starts_a_path(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '}' | '*' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&[SourceFile { path: path.to_owned(), text: text.to_owned() }])
            .into_iter()
            .map(|finding| finding.place)
            .collect()
    }

    #[test]
    fn markers_are_found_as_whole_words() {
        let marker = MARKERS[1];
        assert_eq!(places("a.md", &format!("fine\n{marker}: later\n{marker}{marker}\n")), ["a.md:2"]);
        assert_eq!(places("fixtures/rt/a.json", marker), [""; 0]);
    }

    #[test]
    fn placeholders_are_found_in_code_only() {
        let placeholder = PLACEHOLDERS[0];
        assert_eq!(places("a.rs", &format!("// {placeholder}\nfn a() {{ {placeholder}() }}\n")), ["a.rs:2"]);
        assert_eq!(places("a.md", placeholder), [""; 0]);
    }

    #[test]
    fn machine_paths_are_absolute() {
        let path = MACHINE_PATHS[0];
        for line in [format!("{path}main"), format!("cd \"{path}x\""), format!("file://{path}x")] {
            assert_eq!(places("a.md", &line), ["a.md:1"], "{line}");
        }
        for line in [format!("https://example.com{path}x"), format!("some{path}x"), format!("~{path}x")] {
            assert_eq!(places("a.md", &line), [""; 0], "{line}");
        }
    }

    #[test]
    fn registry_hosts_are_found_outside_the_lock_file() {
        let line = format!("https://{}/x", REGISTRY_HOSTS[0]);
        assert_eq!(places("README.md", &line), ["README.md:1"]);
        assert_eq!(places("Cargo.lock", &line), [""; 0]);
    }
}
