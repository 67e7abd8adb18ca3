//! Classic paging: `limit` and `offset`.

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
        if !self.more || self.items.is_empty() {
            return None;
        }
        let received = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let next = offset.saturating_add(received);
        (next < OFFSET_PLUS_LIMIT_MAX).then_some(next)
    }
}

/// Which part of a list to ask for; the API's defaults where empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paging {
    /// Items wanted, at most [`LIMIT_MAX`]; a larger number is lowered to it.
    pub limit: Option<u32>,
    /// Items to skip.
    pub offset: Option<u32>,
}

impl<T> crate::Call<T> {
    pub(crate) fn paging(self, paging: Paging) -> Self {
        let offset = paging.offset.filter(|&offset| offset > 0);
        // The last page before the wall must not reach over it, or all of it is refused.
        let room = OFFSET_PLUS_LIMIT_MAX.saturating_sub(offset.unwrap_or(0)).max(1);
        let limit = paging.limit.map(|limit| limit.clamp(1, LIMIT_MAX).min(room));
        self.query_opt("limit", limit).query_opt("offset", offset)
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
