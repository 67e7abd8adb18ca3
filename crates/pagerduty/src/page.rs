//! Lists that come in parts: by offset, or by cursor.

use std::fmt;

use crate::call::Call;
use crate::error::Error;

/// The API refuses to look further than this: `offset + limit` may not be larger.
pub const OFFSET_PLUS_LIMIT_MAX: u32 = 10_000;

/// The largest `limit` the API grants.
pub const LIMIT_MAX: u32 = 100;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, in the order of the answer.
    pub items: Vec<T>,
    /// Whether there is more after these.
    pub more: bool,
    /// The offset the far side says it used.
    pub offset: u32,
    /// The number of all items; only when asked for.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Gives the offset to ask for next after a page that was asked for at `offset`; `None` at the end.
    ///
    /// Advances by the items received, since the echoed limit is not to be trusted. Ends at an empty page whatever `more` says,
    /// and at [`OFFSET_PLUS_LIMIT_MAX`]: to see more, narrow the time range.
    pub fn next_offset(&self, offset: u32) -> Option<u32> {
        self.following(offset).filter(|&next| next < OFFSET_PLUS_LIMIT_MAX)
    }

    fn following(&self, offset: u32) -> Option<u32> {
        if !self.more || self.items.is_empty() {
            return None;
        }
        let received = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        Some(offset.saturating_add(received))
    }
}

/// One page of a list that is walked by cursor.
#[derive(Clone, Debug)]
pub struct CursorPage<T> {
    /// The items, in the order of the answer.
    pub items: Vec<T>,
    /// What to ask for next; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Which part of a list to ask for; the API's defaults where empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paging {
    /// Items wanted, at most [`LIMIT_MAX`]; a larger number is lowered to it.
    pub limit: Option<u32>,
    /// Items to skip.
    pub offset: Option<u32>,
}

/// A page that knows how to ask for the one after it, for [`items`](crate::items).
pub trait Pages: Sized {
    /// What the list is of.
    type Item;

    /// Makes the first call ask for pages as large as can be, unless it says how large.
    fn start(call: Call<Self>) -> Call<Self>;

    /// Makes the call for the page after this one, which `call` asked for; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is more but the API would refuse to show it.
    fn next(&self, call: &Call<Self>) -> Result<Option<Call<Self>>, Error>;

    /// Gives the items, in the order of the answer.
    fn into_items(self) -> Vec<Self::Item>;
}

impl<T> Pages for Page<T> {
    type Item = T;

    fn start(call: Call<Self>) -> Call<Self> {
        let paging = Paging { limit: call.number("limit").or(Some(LIMIT_MAX)), offset: call.number("offset") };
        call.at(paging)
    }

    fn next(&self, call: &Call<Self>) -> Result<Option<Call<Self>>, Error> {
        let Some(offset) = self.following(call.number("offset").unwrap_or(0)) else {
            return Ok(None);
        };
        if offset >= OFFSET_PLUS_LIMIT_MAX {
            return Err(wall());
        }
        Ok(Some(call.clone().at(Paging { limit: call.number("limit"), offset: Some(offset) })))
    }

    fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<T> Pages for CursorPage<T> {
    type Item = T;

    fn start(call: Call<Self>) -> Call<Self> {
        match call.number("limit") {
            Some(_) => call,
            None => call.requery("limit", LIMIT_MAX),
        }
    }

    fn next(&self, call: &Call<Self>) -> Result<Option<Call<Self>>, Error> {
        let next = self.next_cursor.as_deref().filter(|cursor| !cursor.is_empty());
        // The same cursor again would go round for ever.
        let next = next.filter(|&cursor| call.parameter("cursor") != Some(cursor));
        Ok(next.map(|cursor| call.clone().requery("cursor", cursor)))
    }

    fn into_items(self) -> Vec<T> {
        self.items
    }
}

fn wall() -> Error {
    let problem =
        "the list goes on past 10000 items, which PagerDuty does not show; narrow it by time or walk it by time";
    Error::Invalid { problem: problem.to_owned() }
}

impl<T> Call<T> {
    pub(crate) fn paging(self, paging: Paging) -> Self {
        let offset = paging.offset.filter(|&offset| offset > 0);
        // The last page before the wall must not reach over it, or all of it is refused.
        let room = OFFSET_PLUS_LIMIT_MAX.saturating_sub(offset.unwrap_or(0)).max(1);
        let limit = paging.limit.map(|limit| limit.clamp(1, LIMIT_MAX).min(room));
        self.query_opt("limit", limit).query_opt("offset", offset)
    }

    /// Asks for another part of the list than before.
    pub(crate) fn at(mut self, paging: Paging) -> Self {
        self.query.retain(|(name, _)| name != "limit" && name != "offset");
        self.paging(paging)
    }

    pub(crate) fn cursor(self, cursor: Option<impl fmt::Display>, limit: Option<u32>) -> Self {
        self.query_opt("cursor", cursor).query_opt("limit", limit.map(|limit| limit.clamp(1, LIMIT_MAX)))
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.parameter(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_by_items_received_and_stops() {
        let page = |count, more| Page { items: vec![(); count], more, offset: 0, total: None };
        assert_eq!(page(25, true).next_offset(50), Some(75));
        assert_eq!(page(25, false).next_offset(50), None);
        assert_eq!(page(0, true).next_offset(50), None);
        assert_eq!(page(100, true).next_offset(9_900), None);
    }
}
