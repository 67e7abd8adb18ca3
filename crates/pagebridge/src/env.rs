//! The environment: the process's own variables, and those of `.env` in the working directory.

use std::collections::BTreeMap;
use std::path::Path;

/// Variables by name. The process's own win over those of `.env`, and an empty one counts as not set.
#[derive(Clone, Default)]
pub(crate) struct Env {
    variables: BTreeMap<String, String>,
    /// Lines of `.env` that were not understood, in words.
    pub(crate) complaints: Vec<String>,
}

impl Env {
    /// Reads the process's environment and `.env`.
    pub(crate) fn load() -> Self {
        let process = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut env = match read(Path::new(".env")) {
            Ok(Some(text)) => Self::parse(&text),
            Ok(None) => Self::default(),
            Err(error) => Self { complaints: vec![format!(".env cannot be read: {error}")], ..Self::default() },
        };
        env.variables.extend(process.filter(|(_, value)| !value.is_empty()));
        env
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a switch is on: `1`, `true`, `yes` or `on`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| ["1", "true", "yes", "on"].contains(&v.to_ascii_lowercase().as_str()))
    }

    /// Reads the text of a `.env` file.
    ///
    /// `NAME=value`, with or without `export`. Without quotes the value ends at ` #` or the end of the line; in single
    /// quotes everything stands for itself; in double quotes `\n`, `\t`, `\"` and `\\` mean what they usually do.
    /// `$NAME` is not replaced. Of several lines with one name the last counts.
    fn parse(text: &str) -> Self {
        let mut env = Self::default();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            match assignment(line.trim()) {
                Ok(Some((name, value))) => drop(env.variables.insert(name.to_owned(), value)),
                Ok(None) => {}
                // The line itself may hold a secret.
                Err(what) => env.complaints.push(format!(".env line {}: {what}; the line is ignored", number + 1)),
            }
        }
        env
    }

    /// Takes these variables and no others.
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        Self { variables: variables.iter().map(own).collect(), complaints: Vec::new() }
    }
}

fn read(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn assignment(line: &str) -> Result<Option<(&str, String)>, &'static str> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').ok_or("not of the form NAME=value")?;
    let name = name.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err("a name has only letters, digits and `_`");
    }
    let value = value.trim();
    let value = match value.chars().next() {
        Some('\'') => quoted(&value[1..], '\'', false)?,
        Some('"') => quoted(&value[1..], '"', true)?,
        Some('#') | None => String::new(),
        Some(_) => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
    };
    Ok(Some((name, value)))
}

fn quoted(rest: &str, quote: char, escapes: bool) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or("the closing quote is missing")? {
            '\\' if escapes => match chars.next().ok_or("the closing quote is missing")? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                c @ ('"' | '\\' | '$') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c if c == quote => break,
            c => value.push(c),
        }
    }
    let after = chars.as_str().trim_start();
    if after.is_empty() || after.starts_with('#') {
        return Ok(value);
    }
    Err("there is text after the closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_the_documented_rules() {
        for (line, wanted) in [
            ("A=b", Some("b")),
            ("A = b c ", Some("b c")),
            ("export A=b", Some("b")),
            ("A=b#c", Some("b#c")),
            ("A=b # c", Some("b")),
            ("A=# c", None),
            ("A=", None),
            ("# A=b", None),
            ("A='b # $c\\n'", Some("b # $c\\n")),
            ("A=\"b\\n\\\"c\\\" \\$d \\x\" # e", Some("b\n\"c\" $d \\x")),
            ("A=p=q==", Some("p=q==")),
            ("A=$B", Some("$B")),
            ("A=1\nA=2", Some("2")),
            ("\u{feff}A=b\r", Some("b")),
        ] {
            let env = Env::parse(line);
            assert_eq!((env.get("A"), env.complaints.len()), (wanted, 0), "{line:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named_but_not_shown() {
        for line in ["s3cret", "A='s3cret", "A=\"s3cret\" s3cret", "A B=s3cret"] {
            let env = Env::parse(&format!("X=1\n{line}\nY=2"));
            assert_eq!((env.get("X"), env.get("Y"), env.complaints.len()), (Some("1"), Some("2"), 1), "{line}");
            assert!(env.complaints[0].contains("line 2") && !env.complaints[0].contains("s3cret"), "{line}");
        }
    }
}
