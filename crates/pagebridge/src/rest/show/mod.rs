//! What came of an action, for people.

mod columns;
mod detail;
mod kinds;
mod plan;

use super::grammar::ShowArgs;
use crate::output::{self, Times, brief};
use columns::{Column, Form};
use comfy_table::Table;
use kinds::Rows;
use pagebridge_actions::{Action, Effect, Outcome};
use serde_json::Value;

/// Longest text in a table.
const TEXT_LENGTH_MAX: usize = 60;

/// Tells what came of `action`; why not all of it was done is told by the one who ends the program.
pub(super) fn outcome(action: &Action, outcome: &Outcome, how: &ShowArgs) {
    let times = Times::new(how.utc);
    let Some(result) = &outcome.result else { return };
    if result.get("dry_run").is_some() {
        plan::show(result);
        return;
    }
    match several(result) {
        Some(items) => of_several(action, &items, how, &times),
        None => {
            of_one(action, result, how, &times);
            if outcome.already {
                output::complain("nothing had to be changed");
            }
        }
    }
    if outcome.more {
        output::complain("there are more: --all, or a larger --maximum");
    }
}

/// The outcomes of several ids, if that is what it is.
fn several(result: &Value) -> Option<Vec<&Value>> {
    let items = result.as_array().filter(|items| !items.is_empty())?;
    let is_outcome =
        |item: &&Value| item["ok"].is_boolean() && (item.get("result").is_some() || item.get("error").is_some());
    items.iter().all(|item| is_outcome(&item)).then(|| items.iter().collect())
}

fn of_several(action: &Action, items: &[&Value], how: &ShowArgs, times: &Times) {
    let good: Vec<&Value> = items.iter().filter(|item| item["ok"] == true).copied().collect();
    let results: Vec<Value> = good.iter().map(|item| item["result"].clone()).collect();
    let first = results.first().map(|result| Rows::of(action, result));
    match first {
        Some(Rows { kind, is_list: false, .. }) if !is_flag(&results[0]) => {
            let objects: Vec<Value> = results.iter().flat_map(|result| Rows::of(action, result).rows).collect();
            if action.effect == Effect::ReadOnly && how.columns.is_empty() {
                for (index, object) in objects.iter().enumerate() {
                    if index > 0 {
                        output::say("");
                    }
                    detail::show(object, times);
                }
            } else {
                table(&kind, &objects, how, times);
            }
        }
        Some(_) => {
            for (item, result) in good.iter().zip(&results) {
                let id = item["id"].as_str().unwrap_or_default();
                if is_flag(result) {
                    output::say(&format!("{id}: {}", flag_word(result)));
                } else {
                    output::say(&output::bold(id));
                    of_one(action, result, how, times);
                }
            }
        }
        None => {}
    }
    for item in items {
        let id = item["id"].as_str().unwrap_or_default();
        if item["already"] == true {
            output::complain(&format!("{id}: nothing had to be changed"));
        }
        if let Some(message) = item["error"]["message"].as_str() {
            output::complain(&format!("{id}: {}", output::red(message)));
        }
    }
}

fn of_one(action: &Action, result: &Value, how: &ShowArgs, times: &Times) {
    if is_flag(result) {
        output::say(flag_word(result));
        return;
    }
    let Rows { kind, rows, is_list } = Rows::of(action, result);
    // What was just made is shown whole: a key or secret in it is not shown again.
    let whole = action.effect == Effect::ReadOnly || action.name.contains(".create") || action.sends_event();
    if !is_list && whole && how.columns.is_empty() {
        rows.iter().for_each(|object| detail::show(object, times));
    } else {
        table(&kind, &rows, how, times);
    }
}

/// `{"deleted": true}`, `{"success": true}`
fn is_flag(result: &Value) -> bool {
    result["deleted"] == true || result["success"] == true
}

fn flag_word(result: &Value) -> &'static str {
    if result["deleted"] == true { "deleted" } else { "done" }
}

fn table(kind: &str, rows: &[Value], how: &ShowArgs, times: &Times) {
    let empty = format!("no {}", kinds::plural(kind));
    if rows.iter().all(|row| !row.is_object()) {
        if rows.is_empty() {
            output::say(&empty);
        }
        rows.iter().for_each(|row| output::say(&detail::plain(row, times)));
        return;
    }
    let columns = if how.columns.is_empty() { columns::columns(kind, rows) } else { asked(&how.columns) };
    let width = output::width();
    let columns: Vec<&Column> =
        columns.iter().filter(|column| width.is_none_or(|width| width >= column.width_min)).collect();
    let heads: Vec<String> = columns
        .iter()
        .map(|column| if column.form == Form::Time { times.head(&column.head) } else { column.head.clone() })
        .collect();
    let mut table: Table = output::table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        table.add_row(
            columns.iter().map(|column| brief(&cell(row, column, times), TEXT_LENGTH_MAX.max(column.length_min))),
        );
    }
    output::say_table(&table, &empty);
}

/// The columns that were asked for, by their paths.
fn asked(names: &[String]) -> Vec<Column> {
    names.iter().map(|name| Column::new(name, name, Form::Any)).collect()
}

fn cell(row: &Value, column: &Column, times: &Times) -> String {
    let value = match (kinds::at(row, &column.path), column.path.as_str()) {
        // Some answers hold a reference in place of the object.
        (Value::Null, "name" | "title") => row["summary"].clone(),
        (value, _) => value,
    };
    match column.form {
        Form::Any => detail::plain(&value, times),
        Form::Time => value.as_str().map(|text| times.show(text)).unwrap_or_default(),
        Form::Count => value.as_array().map_or_else(String::new, |list| list.len().to_string()),
        Form::Way => value.as_str().map(kinds::way).unwrap_or_default(),
        Form::Kind => value.as_str().map(kinds::kind_of_type).unwrap_or_default(),
        Form::Or(word) => {
            let text = detail::name(&value);
            if text.is_empty() { word.to_owned() } else { text }
        }
        Form::TimeOr(word) => value.as_str().map_or_else(|| word.to_owned(), |text| times.show(text)),
    }
}
