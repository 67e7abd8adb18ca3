//! The tables of `docs/account.md` are made from the code.

use std::fmt::Write;
use std::path::Path;

use pagebridge_account::lint::{Level, RULES};
use pagebridge_account::{AUDITS, CHECKS, CheckInfo};

#[test]
fn the_tables_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/account.md");
    let kept = std::fs::read_to_string(&path).expect("the page");
    let mut page = kept.clone();
    let tables = [("checks", checks(&CHECKS)), ("audits", checks(&AUDITS)), ("rules", rules())];
    tables.iter().for_each(|(name, table)| page = with_table(&page, name, table));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("writable");
        return;
    }
    assert!(kept == page, "docs/account.md is not what the code says; UPDATE_DOCS=1 writes it anew");
}

/// Puts a table between its two marks.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has `{begin}`"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has `{end}`"));
    format!("{before}{begin}{table}{end}{after}")
}

fn checks(all: &[CheckInfo]) -> String {
    let mut table = "| check | finds | remedy | source of the rule |\n| --- | --- | --- | --- |\n".to_owned();
    for one in all {
        writeln!(table, "| {} | {} | {} | {} |", one.name, one.finds, one.remedy, one.source).expect("a string");
    }
    table
}

fn rules() -> String {
    let mut table =
        "| rule | | breaks it | remedy | source of the rule |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for rule in RULES {
        let level = if rule.level == Level::Error { "error" } else { "warning" };
        writeln!(table, "| `{}` | {level} | {} | {} | {} |", rule.name, rule.breaks, rule.remedy, rule.source)
            .expect("a string");
    }
    table
}
