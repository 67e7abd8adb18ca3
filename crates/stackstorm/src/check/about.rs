//! `pack.yaml` and `config.schema.yaml`.

use serde_json::Value;

use super::fields::{Is, Keys, is_pack_name, keys};
use super::{Check, Fields, param};

const PACK: &str = "pack.yaml";
const CONFIG: &str = "config.schema.yaml";

const PACK_KEYS: Keys = Keys {
    required: &["name", "description", "version", "author"],
    known: &[
        ("name", Is::Text),
        ("ref", Is::Text),
        ("description", Is::Text),
        ("keywords", Is::Texts),
        ("version", Is::Text),
        ("stackstorm_version", Is::Text),
        ("python_versions", Is::Texts),
        ("author", Is::Text),
        ("email", Is::Text),
        ("contributors", Is::Texts),
        ("files", Is::Texts),
        ("dependencies", Is::Texts),
        ("system", Is::Map),
        ("path", Is::Text),
    ],
    closed: false,
};

pub(super) fn pack(check: &mut Check<'_>) {
    if !check.files.contains_key(PACK) {
        check.fault(PACK, "it is missing");
        return;
    }
    let Some(fields) = check.read(PACK) else { return };
    keys(check, PACK, "", &fields, &PACK_KEYS);
    name(check, &fields);
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    if let Some(version) = text("version").filter(|version| !is_semver(version)) {
        check.fault(PACK, format!("`version` is `{version}`; it has to be like 1.2.3"));
    }
    if let Some(email) = text("email").filter(|email| !is_email(email)) {
        check.fault(PACK, format!("`email` is `{email}`, which is no e-mail address"));
    }
    if let Some(versions) = text("stackstorm_version").filter(|versions| !versions.split(',').all(is_range)) {
        check.fault(PACK, format!("`stackstorm_version` is `{versions}`; it has to be like \">=3.7.0, <4.0.0\""));
    }
    if let Some(versions) = fields.get("python_versions").and_then(Value::as_array) {
        let known = versions.iter().all(|version| matches!(version.as_str(), Some("2" | "3")));
        let twice = versions.len() == 2 && versions[0] == versions[1];
        if versions.is_empty() || !known || twice {
            check.fault(PACK, "`python_versions` has to be a list of \"2\" or \"3\", each once, in quotes");
        }
    }
}

fn name(check: &mut Check<'_>, fields: &Fields) {
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
    match fields.get("ref").and_then(Value::as_str) {
        Some(given) if is_pack_name(given) => given.clone_into(&mut check.name),
        Some(given) => check.fault(PACK, format!("`ref` is `{given}`; it may have a to z, 0 to 9 and _ only")),
        None if is_pack_name(name) => name.clone_into(&mut check.name),
        None => check.fault(PACK, "`ref` is missing; it is needed where `name` has more than a to z, 0 to 9 and _"),
    }
    if check.name == "_global" || name == "_global" {
        check.fault(PACK, "no pack can be called `_global`");
    }
}

pub(super) fn config(check: &mut Check<'_>) {
    for legacy in ["config.yaml", "config.yml"] {
        if check.files.contains_key(legacy) {
            check.warn(legacy, "settings in the pack are no longer used: write config.schema.yaml");
        }
    }
    let Some(bytes) = check.files.get(CONFIG) else { return };
    let text = String::from_utf8_lossy(bytes);
    let empty = text.lines().all(|line| line.trim().is_empty() || line.trim() == "---" || line.trim().starts_with('#'));
    let fields = if empty { Some(Fields::new()) } else { check.read(CONFIG) };
    match fields {
        Some(fields) if fields.is_empty() => {
            check.fault(CONFIG, "it may not be empty: leave it out, or name a setting")
        }
        Some(fields) => param::settings(check, CONFIG, &fields),
        None => {}
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn is_strict_number(text: &str) -> bool {
    is_number(text) && (text == "0" || !text.starts_with('0'))
}

/// Whether it is a version as StackStorm wants it: the words after `-` and `+` in small letters.
fn is_semver(text: &str) -> bool {
    let words = |text: &str| {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        text.split('.').all(|word| !word.is_empty() && word.chars().all(is_word))
    };
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (numbers, before) = text.split_once('-').map_or((text, None), |(text, before)| (text, Some(before)));
    let numbers: Vec<&str> = numbers.split('.').collect();
    numbers.len() == 3
        && numbers.into_iter().all(is_strict_number)
        && before.is_none_or(words)
        && build.is_none_or(words)
}

fn is_range(text: &str) -> bool {
    let text = text.trim();
    let version = text.trim_start_matches(['<', '>', '=']);
    let operator = &text[..text.len() - version.len()];
    let numbers: Vec<&str> = version.trim_start().split('.').collect();
    [">>", ">", ">=", "=", "<=", "<<", "<"].contains(&operator)
        && numbers.len() == 3
        && numbers.into_iter().all(is_number)
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}
