//! What is read of RT: tickets, transactions, and what was written.
//!
//! Rows that we may not see are left out of a list of transactions or messages after its pages were cut, so a short page
//! is not the last one, and no total is right. Such a list is therefore walked by id, not by page.

use super::client::{Answer, Client, Failure};
use super::map::{TOO_LARGE, text_of};
use super::wire::{
    Attachment, PAGE, PAGE_TEXT, Page, QUEUE_FIELDS, QueueInfo, Ref, TICKET_FIELDS, TRANSACTION_FIELDS, Ticket,
    Transaction, any_of,
};
use pagebridge_core::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Transactions whose messages are read with one call.
const TEXTS_PER_CALL: usize = 20;

/// Pages of acts that are read for one batch of tickets before each is asked about singly.
const ACT_PAGES_MAX: usize = 5;

/// Transactions that say where a ticket stands; see [`Transaction::is_act`].
pub(super) const ACTS: &str = "(Type = 'Status' OR (Type = 'Set' AND Field = 'Started'))";

/// Transactions that tell what a ticket says, and where it stands.
pub(super) const STORY: &str = "(Type = 'Create' OR Type = 'Comment' OR Type = 'Correspond' OR Type = 'Status' OR (Type = 'Set' AND Field = 'Started'))";

/// From which end a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Oldest,
    Newest,
}

impl From {
    fn word(self) -> &'static str {
        match self {
            Self::Oldest => "ASC",
            Self::Newest => "DESC",
        }
    }
}

/// How long a queue's name is taken to be what it was, in milliseconds.
const QUEUE_MS_MAX: i64 = 10 * 60_000;

/// Names of queues by number, and when they were read.
pub(super) type QueueNames = Mutex<HashMap<String, (i64, Ref)>>;

/// Reads, and counts its calls.
pub(super) struct Lists<'a> {
    client: &'a Client,
    queues: &'a QueueNames,
    now: Timestamp,
    made: AtomicU32,
}

impl<'a> Lists<'a> {
    pub(super) fn new(client: &'a Client, queues: &'a QueueNames, now: Timestamp) -> Self {
        Self { client, queues, now, made: AtomicU32::new(0) }
    }

    /// How many calls were made.
    pub(super) fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// A page of tickets, in order of their ids. Deleted ones, and those that were merged into another, are not among
    /// them.
    pub(super) async fn tickets(&self, sql: &str, from: From, page: i64) -> Result<Page<Ticket>, Failure> {
        self.count();
        let query = [
            ("query", sql),
            ("fields", TICKET_FIELDS),
            ("fields[Queue]", QUEUE_FIELDS),
            ("fields[Owner]", "RealName"),
            ("orderby", "id"),
            ("order", from.word()),
            ("per_page", PAGE_TEXT),
            ("page", &page.to_string()),
        ];
        Ok(self.client.get::<Page<Ticket>>(&["tickets"], &query).await?.body)
    }

    /// Tickets by number, one page of them at most.
    pub(super) async fn tickets_of(&self, ids: &[i64]) -> Result<Vec<Ticket>, Failure> {
        debug_assert!(ids.len() <= PAGE, "one page at most");
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = any_of("id", ids.iter().map(i64::to_string));
        Ok(self.tickets(&sql, From::Oldest, 1).await?.items)
    }

    /// One ticket, also a deleted one; under the number of one that was merged, the one that it was merged into.
    pub(super) async fn ticket(&self, id: &str) -> Result<Answer<Ticket>, Failure> {
        self.count();
        let mut answer = self.client.get::<Ticket>(&["ticket", id], &[]).await?;
        // Only lists give more than the queue's number.
        answer.body.queue = self.queue(&answer.body.queue.id).await?;
        Ok(answer)
    }

    /// A queue by number, with its name and tag.
    async fn queue(&self, id: &str) -> Result<Ref, Failure> {
        let known = self.queues.lock().expect("nothing panics while it holds the names").get(id).cloned();
        if let Some((read_ms, queue)) = known
            && self.now.0.saturating_sub(read_ms) < QUEUE_MS_MAX
        {
            return Ok(queue);
        }
        self.count();
        let info = self.client.get::<QueueInfo>(&["queue", id], &[]).await?.body;
        let queue = Ref { id: id.to_owned(), name: info.name, subject_tag: info.subject_tag, ..Ref::default() };
        let entry = (self.now.0, queue.clone());
        self.queues.lock().expect("nothing panics while it holds the names").insert(id.to_owned(), entry);
        Ok(queue)
    }

    /// The first page of transactions of tickets.
    pub(super) async fn transactions(&self, sql: &str, from: From) -> Result<Vec<Transaction>, Failure> {
        Ok(self.transactions_page(sql, from, 1).await?.items)
    }

    /// A page of transactions of tickets, in order of their ids.
    pub(super) async fn transactions_page(
        &self,
        sql: &str,
        from: From,
        page: i64,
    ) -> Result<Page<Transaction>, Failure> {
        self.count();
        let sql = format!("ObjectType = 'RT::Ticket' AND {sql}");
        let query = [
            ("query", sql.as_str()),
            ("fields", TRANSACTION_FIELDS),
            ("fields[Creator]", "RealName"),
            ("orderby", "id"),
            ("order", from.word()),
            ("per_page", PAGE_TEXT),
            ("page", &page.to_string()),
        ];
        Ok(self.client.get::<Page<Transaction>>(&["transactions"], &query).await?.body)
    }

    /// Transactions of some tickets, the newest first, at most so many pages of them.
    pub(super) async fn story(&self, ids: &[i64], which: &str, pages_max: usize) -> Result<Vec<Transaction>, Failure> {
        let mut all: Vec<Transaction> = Vec::new();
        if ids.is_empty() {
            return Ok(all);
        }
        let of_these = any_of("ObjectId", ids.iter().map(i64::to_string));
        for _ in 0..pages_max {
            let before = all.last().map(|last| format!(" AND id < {}", last.id)).unwrap_or_default();
            let page = self.transactions(&format!("{of_these} AND {which}{before}"), From::Newest).await?;
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        Ok(all)
    }

    /// The transactions in which these tickets were made, by ticket; each has one.
    pub(super) async fn creates(&self, ids: &[i64]) -> Result<HashMap<i64, i64>, Failure> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = format!("{} AND Type = 'Create'", any_of("ObjectId", ids.iter().map(i64::to_string)));
        let rows = self.transactions(&sql, From::Newest).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.object_id?, row.id))).collect())
    }

    /// The last act on each of these tickets, where there is one.
    pub(super) async fn acts(&self, ids: &[i64]) -> Result<HashMap<i64, Transaction>, Failure> {
        let mut acts = HashMap::new();
        let mut left: HashSet<i64> = ids.iter().copied().collect();
        let mut before = String::new();
        let of_these = any_of("ObjectId", ids.iter().map(i64::to_string));
        for _ in 0..ACT_PAGES_MAX {
            if left.is_empty() {
                return Ok(acts);
            }
            let page = self.transactions(&format!("{of_these} AND {ACTS}{before}"), From::Newest).await?;
            let Some(last) = page.last() else {
                return Ok(acts);
            };
            before = format!(" AND id < {}", last.id);
            for act in page {
                if let Some(id) = act.object_id.filter(|id| left.remove(id)) {
                    acts.insert(id, act);
                }
            }
        }
        for id in left {
            let page = self.transactions(&format!("ObjectId = {id} AND {ACTS}"), From::Newest).await?;
            acts.extend(page.into_iter().next().map(|act| (id, act)));
        }
        Ok(acts)
    }

    /// What was written in these transactions, by number; those without a text are left out.
    pub(super) async fn texts(&self, transactions: &[i64]) -> Result<HashMap<i64, String>, Failure> {
        let mut texts = HashMap::new();
        for some in transactions.chunks(TEXTS_PER_CALL) {
            match self.attachments(some).await {
                // A full page may be cut.
                Ok(parts) if parts.len() < PAGE || some.len() == 1 => collect(&mut texts, some, &parts),
                Ok(_) | Err(Failure::TooLarge) => self.texts_singly(&mut texts, some).await?,
                Err(failure) => return Err(failure),
            }
        }
        Ok(texts)
    }

    async fn texts_singly(&self, texts: &mut HashMap<i64, String>, transactions: &[i64]) -> Result<(), Failure> {
        for id in transactions {
            match self.attachments(&[*id]).await {
                Ok(parts) => collect(texts, &[*id], &parts),
                Err(Failure::TooLarge) => {
                    texts.insert(*id, TOO_LARGE.to_owned());
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    async fn attachments(&self, transactions: &[i64]) -> Result<Vec<Attachment>, Failure> {
        self.count();
        // Conditions on the same field are alternatives.
        let condition = |field: &str, value: Value| json!({"field": field, "value": value});
        let mut query: Vec<Value> = transactions.iter().map(|id| condition("TransactionId", json!(id))).collect();
        query.extend(["text/plain", "text/html"].map(|kind| condition("ContentType", json!(kind))));
        let query = Value::from(query).to_string();
        let query = [
            ("query", query.as_str()),
            ("fields", "Content,ContentType,Filename,TransactionId"),
            ("orderby", "id"),
            ("per_page", PAGE_TEXT),
        ];
        Ok(self.client.get::<Page<Attachment>>(&["attachments"], &query).await?.body.items)
    }
}

fn collect(texts: &mut HashMap<i64, String>, transactions: &[i64], parts: &[Attachment]) {
    for id in transactions {
        let own = parts.iter().filter(|part| part.transaction_id == Some(*id));
        texts.extend(text_of(own).map(|text| (*id, text)));
    }
}
