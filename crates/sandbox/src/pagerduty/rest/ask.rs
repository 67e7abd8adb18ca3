//! One REST call as the handlers read it: who asks, where links lead, and the fields of the body.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::clock::parse_time;
use crate::pagerduty::auth::Caller;
use crate::pagerduty::model::{Kept, Shelf};
use crate::pagerduty::refusal::{Refusal, object};
use crate::pagerduty::render::Links;
use crate::wire::Call;

/// One REST call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) caller: Caller,
    pub(crate) links: &'a Links,
    pub(crate) now: Timestamp,
}

impl Ask<'_> {
    /// Reads the body, which need not be wrapped.
    pub(crate) fn body(&self) -> Result<Given, Refusal> {
        Ok(Given(object(self.call.header("content-type"), &self.call.body)?))
    }

    /// Reads the object under the body's root key.
    pub(crate) fn given(&self, root: &str) -> Result<Given, Refusal> {
        let Given(mut body) = self.body()?;
        match body[root].take() {
            given @ Value::Object(_) => Ok(Given(given)),
            _ => Err(Refusal::invalid(format!("{} cannot be empty", label(root)))),
        }
    }

    /// Reads a time of the query.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.call.query(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let unreadable = || Refusal::new(400, 2004, "Invalid Date").because(format!("{name} is not a valid time"));
        parse_time(text).map(Some).ok_or_else(unreadable)
    }

    /// Tells whether an object of this name and teams passes `query`, `name` and `team_ids[]`.
    pub(crate) fn finds(&self, name: &str, more: &str, teams: &[&str]) -> bool {
        let query = self.call.query("query").unwrap_or_default().to_lowercase();
        let wanted = self.call.query_set("team_ids");
        (name.to_lowercase().contains(&query) || more.to_lowercase().contains(&query))
            && (wanted.is_empty() || teams.iter().any(|team| wanted.contains(team)))
    }

    /// Tells whether a set of the query names an id, or is not there.
    pub(crate) fn wants(&self, set: &str, id: &str) -> bool {
        let wanted = self.call.query_set(set);
        wanted.is_empty() || wanted.contains(&id)
    }

    /// Sorts by name if the query asks for it; lists are in the order of making otherwise.
    pub(crate) fn sort_by_name<T: Kept>(&self, shelf: &Shelf<T>, found: &mut [T::Ix], name: impl Fn(&T) -> &str) {
        let sort_by = self.call.query("sort_by").unwrap_or_default();
        if sort_by == "name" || sort_by.starts_with("name:") {
            found.sort_by_key(|ix| name(&shelf[*ix]).to_lowercase());
            if sort_by.ends_with(":desc") {
                found.reverse();
            }
        }
    }
}

/// An object of a request, read field by field. Whoever does not read a field ignores it.
#[derive(Debug, Clone)]
pub(crate) struct Given(pub(crate) Value);

impl Given {
    /// Returns a field, null when absent.
    pub(crate) fn get(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// Tells whether a field is there, be it null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(Refusal::invalid(format!("{} must be a string", label(name)))),
        }
    }

    /// Reads a text that must be there and say something.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        let text = self.text(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| Refusal::invalid(format!("{} can't be blank", label(name))))
    }

    /// Changes a text that is never blank, if it is given.
    pub(crate) fn change(&self, name: &str, text: &mut String) -> Result<(), Refusal> {
        if self.has(name) {
            self.needed(name)?.clone_into(text);
        }
        Ok(())
    }

    /// Changes a text that null takes away, if it is given.
    pub(crate) fn change_or_clear(&self, name: &str, text: &mut Option<String>) -> Result<(), Refusal> {
        if self.has(name) {
            *text = self.text(name)?.map(str::to_owned);
        }
        Ok(())
    }

    /// Reads a whole number; one in quotes counts, since some clients send every number so.
    pub(crate) fn whole(&self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
        let number = match self.get(name) {
            Value::Null => return Ok(None),
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        let wrong = || {
            let (low, high) = (range.start(), range.end());
            Refusal::invalid(format!("{} must be a whole number from {low} to {high}", label(name)))
        };
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(wrong)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(Refusal::invalid(format!("{} must be true or false", label(name)))),
        }
    }

    /// Reads a list; null counts as absent.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&[Value]>, Refusal> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Array(list) => Ok(Some(list)),
            _ => Err(Refusal::invalid(format!("{} must be an array", label(name)))),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        parse_time(text).map(Some).ok_or_else(|| Refusal::invalid(format!("{} is not a valid time", label(name))))
    }

    pub(crate) fn needed_time(&self, name: &str) -> Result<Timestamp, Refusal> {
        self.time(name)?.ok_or_else(|| Refusal::invalid(format!("{} can't be blank", label(name))))
    }

    /// Changes the name of a time zone, if it is given.
    pub(crate) fn change_zone(&self, name: &str, zone: &mut String) -> Result<(), Refusal> {
        self.change(name, zone)?;
        match TimeZone::get(zone) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::invalid(format!("{} is not a known time zone", label(name)))),
        }
    }

    /// Reads a reference to an object that must exist; none when absent or null.
    pub(crate) fn reference<T: Kept>(&self, name: &str, shelf: &Shelf<T>) -> Result<Option<T::Ix>, Refusal> {
        match self.get(name) {
            Value::Null => Ok(None),
            reference => refer(reference, shelf, name).map(Some),
        }
    }

    /// Reads a list of references to objects that must exist; none when absent or null.
    pub(crate) fn references<T: Kept>(&self, name: &str, shelf: &Shelf<T>) -> Result<Option<Vec<T::Ix>>, Refusal> {
        let Some(list) = self.list(name)? else {
            return Ok(None);
        };
        list.iter().map(|one| refer(one, shelf, name)).collect::<Result<_, _>>().map(Some)
    }
}

/// Finds the object that a reference names.
pub(crate) fn refer<T: Kept>(reference: &Value, shelf: &Shelf<T>, name: &str) -> Result<T::Ix, Refusal> {
    let found = reference["id"].as_str().and_then(|id| shelf.find(id));
    found.ok_or_else(|| Refusal::invalid(format!("{} not found", label(name))))
}

/// Writes a field's name as PagerDuty's messages do: `Escalation delay in minutes`.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_told_apart_by_absent_null_and_wrong() {
        let given = Given(json!({"name": " ", "description": null, "limit": "7", "loops": 10, "at": "noon"}));
        let (mut name, mut description) = ("old".to_owned(), Some("old".to_owned()));
        let refused = given.change("name", &mut name).expect_err("blank");
        assert_eq!(refused.errors, Some(vec!["Name can't be blank".to_owned()]));
        given.change_or_clear("description", &mut description).expect("null clears");
        given.change("absent", &mut name).expect("absent leaves");
        assert_eq!((name.as_str(), description), ("old", None));
        assert_eq!(given.whole("limit", 1..=9), Ok(Some(7)));
        assert!(given.whole("loops", 0..=9).is_err() && given.time("at").is_err());
    }
}
