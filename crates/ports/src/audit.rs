//! The audit trail: who asked for which action, and what became of it.

use pagebridge_core::Timestamp;
use serde_json::Value;

/// The time over which runs are counted for a [`Cap`], in milliseconds: an hour.
pub const CAP_WINDOW_MS: i64 = 3_600_000;

/// A run that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// Who asks, e.g. `token ci`.
    pub who: String,
    /// The way in, e.g. `http`.
    pub surface: String,
    /// The action's name.
    pub action: String,
    /// Its input without secrets.
    pub input: Value,
    /// By which a repeat is known; unique in the whole store.
    pub key: Option<String>,
    /// Whether it is only shown.
    pub dry_run: bool,
    /// Whether it counts for caps.
    pub counts: bool,
    /// When it was asked for.
    pub at: Timestamp,
    /// In each of these there has to be room.
    pub caps: Vec<Cap>,
    /// How it ended, if it was not even begun.
    pub end: Option<AuditEnd>,
}

/// How many runs there may be within [`CAP_WINDOW_MS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cap {
    /// Only runs of this one are counted.
    pub who: Option<String>,
    /// Only runs by this way in are counted.
    pub surface: Option<String>,
    /// Only runs of this action are counted; of all that begin so if `beginning` is set.
    pub action: String,
    /// Whether `action` is only the beginning of a name.
    pub beginning: bool,
    /// So many.
    pub most: u32,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEnd {
    /// When.
    pub at: Timestamp,
    /// Whether all of it was done, or was so already.
    pub ok: bool,
    /// What came of it, as far as it is kept.
    pub outcome: Value,
    /// Whether it counts for caps: not when nothing was sent.
    pub counts: bool,
}

/// What a store says to a run that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It is written down under this number, and may be done.
    New(i64),
    /// The key is taken. Nothing was written down.
    Repeated(Box<AuditRow>),
    /// There is no room. Nothing was written down.
    Full {
        /// Which of the caps is reached, by its place in the list.
        cap: usize,
        /// When there is room again.
        until: Timestamp,
    },
}

/// One row of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its place in the trail, from 1.
    pub id: i64,
    /// When it was asked for.
    pub at: Timestamp,
    /// Who asked.
    pub who: String,
    /// The way in.
    pub surface: String,
    /// The action's name.
    pub action: String,
    /// Its input without secrets.
    pub input: Value,
    /// By which a repeat is known.
    pub key: Option<String>,
    /// Whether it was only shown.
    pub dry_run: bool,
    /// Whether it counts for caps.
    pub counts: bool,
    /// How it ended; `None` while it runs, and for ever when the program was ended meanwhile.
    pub end: Option<AuditEnd>,
}

/// Which rows to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this one.
    pub who: Option<String>,
    /// Only of this action; of all that begin so if it ends with `*`.
    pub action: Option<String>,
    /// Only those that were not done, or nobody knows.
    pub failed: bool,
    /// Only those asked for at this time or later.
    pub since: Option<Timestamp>,
    /// Only those asked for before this time.
    pub until: Option<Timestamp>,
    /// Only those with a lower number: the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Cap {
    /// Makes one from a name, or a beginning with a `*` at the end.
    #[must_use]
    pub fn new(pattern: &str, most: u32) -> Self {
        let (action, beginning) = split(pattern);
        Self { action: action.to_owned(), beginning, most, ..Self::default() }
    }

    /// Whether an action is among those that are counted.
    #[must_use]
    pub fn fits(&self, action: &str) -> bool {
        if self.beginning { action.starts_with(&self.action) } else { action == self.action }
    }

    /// Whether a row is counted at this time.
    #[must_use]
    pub fn keeps(&self, row: &AuditRow, now: Timestamp) -> bool {
        row.counts
            && row.at.0 > now.0 - CAP_WINDOW_MS
            && self.who.as_ref().is_none_or(|who| row.who == *who)
            && self.surface.as_ref().is_none_or(|surface| row.surface == *surface)
            && self.fits(&row.action)
    }

    /// When there is room again, given when the last `most`-th run was; `None` if there is room now.
    #[must_use]
    pub fn until(&self, oldest_in_the_way: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        if self.most == 0 {
            return Some(now.plus_ms(CAP_WINDOW_MS));
        }
        oldest_in_the_way.map(|at| at.plus_ms(CAP_WINDOW_MS))
    }
}

impl AuditFilter {
    /// The name or beginning of the actions, and whether it is a beginning.
    #[must_use]
    pub fn action(&self) -> Option<(&str, bool)> {
        self.action.as_deref().map(split)
    }

    /// Whether a row is to be listed.
    #[must_use]
    pub fn keeps(&self, row: &AuditRow) -> bool {
        let fits = |(name, beginning): (&str, bool)| {
            if beginning { row.action.starts_with(name) } else { row.action == name }
        };
        self.who.as_ref().is_none_or(|who| row.who == *who)
            && self.action().is_none_or(fits)
            && (!self.failed || row.end.as_ref().is_none_or(|end| !end.ok))
            && self.since.is_none_or(|at| row.at >= at)
            && self.until.is_none_or(|at| row.at < at)
            && self.before.is_none_or(|before| row.id < before)
    }
}

fn split(pattern: &str) -> (&str, bool) {
    pattern.strip_suffix('*').map_or((pattern, false), |beginning| (beginning, true))
}

/// A trail in memory.
#[derive(Default)]
pub(crate) struct Trail {
    rows: Vec<AuditRow>,
}

impl Trail {
    pub(crate) fn begin(&mut self, new: NewAudit) -> Begun {
        let repeated = self.rows.iter().find(|row| new.key.is_some() && row.key == new.key);
        if let Some(row) = repeated {
            return Begun::Repeated(Box::new(row.clone()));
        }
        for (place, cap) in new.caps.iter().enumerate() {
            let mut times: Vec<Timestamp> =
                self.rows.iter().filter(|row| cap.keeps(row, new.at)).map(|row| row.at).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let in_the_way = (cap.most as usize).checked_sub(1).and_then(|place| times.get(place).copied());
            if let Some(until) = cap.until(in_the_way, new.at) {
                return Begun::Full { cap: place, until };
            }
        }
        let id = i64::try_from(self.rows.len()).unwrap_or(i64::MAX) + 1;
        let NewAudit { who, surface, action, input, key, dry_run, counts, at, end, .. } = new;
        self.rows.push(AuditRow { id, at, who, surface, action, input, key, dry_run, counts, end });
        Begun::New(id)
    }

    pub(crate) fn end(&mut self, id: i64, end: AuditEnd) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id && row.end.is_none()) {
            row.counts = end.counts;
            row.end = Some(end);
        }
    }

    pub(crate) fn list(&self, filter: &AuditFilter) -> Vec<AuditRow> {
        self.rows.iter().rev().filter(|row| filter.keeps(row)).take(filter.limit).cloned().collect()
    }
}
