//! Whole lists as streams, page after page.

use std::collections::HashSet;
use std::future::Future;

use futures_util::{Stream, TryStreamExt, stream};

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::page::{OFFSET_PLUS_LIMIT_MAX, Page, Pages, Paging};
use crate::rest::Identified;
use crate::time;
use crate::transport::Reply;

/// Somebody who can carry out calls: a [`Client`], a [`Retrying`](crate::Retrying), or what a test puts in their place.
pub trait Caller: Clone + Send + Sync + 'static {
    /// Carries out `call`.
    fn call<T: Send>(&self, call: &Call<T>) -> impl Future<Output = Result<Reply<T>, Error>> + Send;
}

impl Caller for Client {
    async fn call<T: Send>(&self, call: &Call<T>) -> Result<Reply<T>, Error> {
        Self::call(self, call).await
    }
}

/// Gives all items of a list, starting with the page `call` asks for.
///
/// Advances by the items received and ends at an empty page whatever it says about more. A page is asked for when its first
/// item is. The first error ends the stream; so does a list longer than [`OFFSET_PLUS_LIMIT_MAX`], for which see
/// [`items_by_time`].
pub fn items<C, P>(caller: &C, call: Call<P>) -> impl Stream<Item = Result<P::Item, Error>> + Send + use<C, P>
where
    C: Caller,
    P: Pages + Send + 'static,
    P::Item: Send,
{
    let start = (caller.clone(), Some(P::start(call)));
    let pages = stream::try_unfold(start, |(caller, next)| async move {
        let Some(call) = next else { return Ok(None) };
        let page = caller.call(&call).await?.value;
        // What was received comes out before an error does.
        let (next, error) = match page.next(&call) {
            Ok(next) => (next, None),
            Err(error) => (None, Some(error)),
        };
        Ok(Some(((page.into_items(), error), (caller, next))))
    });
    flatten(pages)
}

fn flatten<T: Send>(
    pages: impl Stream<Item = Result<(Vec<T>, Option<Error>), Error>> + Send,
) -> impl Stream<Item = Result<T, Error>> + Send {
    pages.map_ok(|(items, error)| stream::iter(items.into_iter().map(Ok).chain(error.map(Err)))).try_flatten()
}

/// Longest time range that every list takes: notifications refuse three months.
const RANGE_S_MAX: i64 = 89 * 24 * 3600;

/// Gives all items from `since_unix_ms` to `until_unix_ms` (whole seconds of them), oldest range first, however many there are.
///
/// `list` makes the call for one range, given its ends in ISO 8601. A range with more than [`OFFSET_PLUS_LIMIT_MAX`] items is
/// halved, until its parts have fewer. Items on the border of two ranges come once. Give an end that is past: what happens
/// while the list is read may be missed otherwise.
pub fn items_by_time<C, T, L>(
    caller: &C,
    since_unix_ms: i64,
    until_unix_ms: i64,
    list: L,
) -> impl Stream<Item = Result<T, Error>> + Send + use<C, T, L>
where
    C: Caller,
    T: Identified + Send + 'static,
    L: Fn(&str, &str) -> Call<Page<T>> + Send + 'static,
{
    let (since, until) = (since_unix_ms.div_euclid(1000), -(-until_unix_ms).div_euclid(1000));
    let mut ranges: Vec<Range> = Vec::new();
    let mut start = since;
    while start < until && since_unix_ms < until_unix_ms {
        let end = until.min(start + RANGE_S_MAX);
        ranges.push(Range { since: start, until: end });
        start = end;
    }
    ranges.reverse();
    let walk = Walk { caller: caller.clone(), list, ranges, rest_of_range: None, seen: Seen::default() };
    let pages = stream::try_unfold(walk, |walk| walk.step());
    flatten(pages.map_ok(|items| (items, None)))
}

/// Seconds of Unix time.
#[derive(Clone, Copy, Debug)]
struct Range {
    since: i64,
    until: i64,
}

struct Walk<C, T, L> {
    caller: C,
    list: L,
    /// What is still to be read, the next one last.
    ranges: Vec<Range>,
    rest_of_range: Option<Call<Page<T>>>,
    seen: Seen,
}

/// The ids of this range and the one before it, which may share what happened on their border.
#[derive(Default)]
struct Seen {
    before: HashSet<String>,
    here: HashSet<String>,
}

impl<C, T, L> Walk<C, T, L>
where
    C: Caller,
    T: Identified + Send,
    L: Fn(&str, &str) -> Call<Page<T>>,
{
    async fn step(mut self) -> Result<Option<(Vec<T>, Self)>, Error> {
        loop {
            let (page, call) = match self.rest_of_range.take() {
                Some(call) => (self.caller.call(&call).await?.value, call),
                None => match self.ranges.pop() {
                    None => return Ok(None),
                    Some(range) => match self.open(range).await? {
                        Some(opened) => opened,
                        None => continue,
                    },
                },
            };
            self.rest_of_range = page.next(&call)?;
            let items = self.seen.unseen(page.items);
            if self.rest_of_range.is_none() {
                self.seen.end_range();
            }
            if !items.is_empty() {
                return Ok(Some((items, self)));
            }
        }
    }

    /// Reads the first page of `range`; `None` if it holds too much and its halves wait instead.
    async fn open(&mut self, range: Range) -> Result<Option<(Page<T>, Call<Page<T>>)>, Error> {
        let call = Page::start(self.call(range)?).requery("total", true);
        let page = self.caller.call(&call).await?.value;
        let is_too_long = match page.total {
            Some(total) => total > u64::from(OFFSET_PLUS_LIMIT_MAX),
            None => page.more && reaches_the_wall(&self.caller, &call).await?,
        };
        // What happened in one second cannot be told apart; the wall is then an error.
        if is_too_long && range.until - range.since > 1 {
            let middle = range.since + (range.until - range.since) / 2;
            self.ranges.push(Range { since: middle, until: range.until });
            self.ranges.push(Range { since: range.since, until: middle });
            return Ok(None);
        }
        Ok(Some((page, call)))
    }

    fn call(&self, range: Range) -> Result<Call<Page<T>>, Error> {
        let text = |seconds| {
            let out_of_range = || Error::Invalid { problem: "a time to list by is out of range".to_owned() };
            time::text_of_unix_s(seconds).ok_or_else(out_of_range)
        };
        Ok((self.list)(&text(range.since)?, &text(range.until)?))
    }
}

/// Without a count, the last item that can be asked for tells whether there may be more.
async fn reaches_the_wall<C: Caller, T: Send>(caller: &C, call: &Call<Page<T>>) -> Result<bool, Error> {
    let last = Paging { limit: Some(1), offset: Some(OFFSET_PLUS_LIMIT_MAX - 1) };
    let page = caller.call(&call.clone().at(last)).await?.value;
    Ok(!page.items.is_empty())
}

impl Seen {
    fn unseen<T: Identified>(&mut self, items: Vec<T>) -> Vec<T> {
        let mut is_new = |id: &str| id.is_empty() || (!self.before.contains(id) && self.here.insert(id.to_owned()));
        items.into_iter().filter(|item| is_new(item.id())).collect()
    }

    fn end_range(&mut self) {
        self.before = std::mem::take(&mut self.here);
    }
}
