//! Classic paging: `limit`, `offset`, `more` and `total`.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::wire::{Call, Reply};

const LIMIT_DEFAULT: usize = 25;
const LIMIT_MAX: usize = 100;
const DEPTH_MAX: usize = 10_000;
const TOO_DEEP: &str = "Offset+limit exceeds maximum allowed value of 10000. Please try to refine your search to reduce \
    the returned set of records below this number, like adding a date range.";

/// The part of a list that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    limit: usize,
    offset: usize,
    total: bool,
}

impl Page {
    pub(crate) fn of(call: &Call) -> Result<Page, Refusal> {
        let number = |name| call.query(name).and_then(|text| text.parse::<usize>().ok());
        let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let offset = number("offset").unwrap_or(0);
        if offset.saturating_add(limit) > DEPTH_MAX {
            return Err(Refusal::arguments(TOO_DEEP));
        }
        Ok(Page { limit, offset, total: call.query_true("total") })
    }

    /// Replies with this page of the items; an offset past the end is an empty page.
    pub(crate) fn reply<T>(self, root: &str, items: &[T], render: impl Fn(&T) -> Value) -> Reply {
        let shown: Vec<Value> = items.iter().skip(self.offset).take(self.limit).map(render).collect();
        let more = self.offset.saturating_add(shown.len()) < items.len() && !shown.is_empty();
        let mut body = Map::new();
        body.insert(root.to_owned(), shown.into());
        body.insert("limit".to_owned(), self.limit.into());
        body.insert("offset".to_owned(), self.offset.into());
        body.insert("more".to_owned(), more.into());
        body.insert("total".to_owned(), if self.total { json!(items.len()) } else { Value::Null });
        Reply::json(200, &body.into())
    }
}
