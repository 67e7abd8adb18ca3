//! What can be asked without changing anything.

use crate::auditor;
use crate::reader::{Param, Reader};
use crate::row::{self, StoredIncident};
use crate::statements::{LANE, STATES};
use pagebridge_core::{Incident, IncidentId, Lane, SystemName, Timestamp};
use pagebridge_ports::{
    AuditFilter, AuditRow, Counts, EntryFilter, IncidentFilter, JournalRow, Kept, LaneCount, LaneFilter, StoreError,
};
use tokio_postgres::types::Type;

impl Reader {
    pub(crate) async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let sql = format!("{STATES} WHERE i.id = $1");
        let rows = self.query("read an incident", &sql, &[(&id.0, Type::INT8)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        StoredIncident::read(row).state.map(Some).map_err(StoreError::Unreadable)
    }

    /// An incident that cannot be read is listed with the reason in place of its state, so that it neither hides
    /// nor keeps the others from view.
    pub(crate) async fn incidents(&self, filter: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
        let open = match filter.open {
            None => "",
            Some(true) => " AND i.open",
            Some(false) => " AND NOT i.open",
        };
        let dead_letters = if filter.dead_letters { " AND i.dead_letters" } else { "" };
        let quarantined = if filter.quarantined { " AND i.quarantined" } else { "" };
        let sql = format!("{STATES} WHERE i.id < $1{open}{dead_letters}{quarantined} ORDER BY i.id DESC LIMIT $2");
        let before = filter.before.map_or(i64::MAX, |id| id.0);
        let limit = limit(filter.limit);
        let rows = self.query("list incidents", &sql, &[(&before, Type::INT8), (&limit, Type::INT8)]).await?;
        Ok(rows.iter().map(StoredIncident::read).map(shown).collect())
    }

    pub(crate) async fn entries(&self, filter: &EntryFilter) -> Result<Vec<JournalRow>, StoreError> {
        let (since, until) = (filter.since.map(|t| t.0), filter.until.map(|t| t.0));
        let (incident, limit) = (filter.incident.map(|id| id.0), limit(filter.limit));
        let mut wheres = vec!["true"];
        wheres.extend(incident.map(|_| "incident = $1"));
        wheres.extend(filter.after.map(|_| "seq > $2"));
        wheres.extend(since.map(|_| "at >= $3"));
        wheres.extend(until.map(|_| "at < $4"));
        // Within one incident the versions have the order of the journal, and an index.
        let order = if incident.is_some() { "version" } else { "seq" };
        let direction = if filter.after.is_some() { "" } else { " DESC" };
        let sql = format!(
            "SELECT seq, incident, entry FROM journal WHERE {} ORDER BY {order}{direction} LIMIT $5",
            wheres.join(" AND ")
        );
        let params: [Param<'_>; 5] = [
            (&incident, Type::INT8),
            (&filter.after, Type::INT8),
            (&since, Type::INT8),
            (&until, Type::INT8),
            (&limit, Type::INT8),
        ];
        let rows = self.query("read the journal", &sql, &params).await?;
        let mut entries = rows.iter().map(row::entry).collect::<Result<Vec<_>, _>>()?;
        if filter.after.is_none() {
            entries.reverse();
        }
        Ok(entries)
    }

    pub(crate) async fn lanes(&self, filter: &LaneFilter) -> Result<Vec<Lane>, StoreError> {
        let system = filter.system.as_ref().map(SystemName::as_str);
        let class = filter.class.map(row::class_number);
        let (incident, limit) = (filter.incident.map(|id| id.0), limit(filter.limit));
        let classes = "(class = $2 OR ($2 IS NULL AND class <> 2)) AND ($1 IS NULL OR system = $1)";
        let sql = if incident.is_some() {
            format!("SELECT {LANE} FROM lane WHERE incident = $3 AND {classes} ORDER BY due, incident LIMIT $4")
        } else {
            // A walk along the index for each system and class, however many lanes there are.
            format!(
                "SELECT l.* FROM (SELECT system, class FROM lane_counter WHERE {classes} \
                 GROUP BY system, class HAVING sum(lanes) > 0) AS kind CROSS JOIN LATERAL ( \
                 (SELECT {LANE} FROM lane WHERE system = kind.system AND class = kind.class AND token IS NULL \
                  ORDER BY due, incident LIMIT $4) UNION ALL \
                 (SELECT {LANE} FROM lane WHERE system = kind.system AND class = kind.class AND token IS NOT NULL \
                  ORDER BY due, incident LIMIT $4)) AS l \
                 WHERE ($3::int8 IS NULL) ORDER BY l.due, l.incident LIMIT $4"
            )
        };
        let params: [Param<'_>; 4] =
            [(&system, Type::TEXT), (&class, Type::INT2), (&incident, Type::INT8), (&limit, Type::INT8)];
        let rows = self.query("list the outbox", &sql, &params).await?;
        rows.iter().map(row::lane).collect()
    }

    pub(crate) async fn kept(&self) -> Result<Vec<(String, Kept)>, StoreError> {
        let rows = self.query("read what is kept", "SELECT name, value FROM kept ORDER BY name", &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), Kept::read(row.get(1)))).collect())
    }

    pub(crate) async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM audit WHERE id < $1 AND ($2::text IS NULL OR who = $2) \
             AND ($3::text IS NULL OR action = $3 OR ($4 AND starts_with(action, $3))) \
             AND (NOT $5 OR ok IS NOT TRUE) AND at >= $6 AND at < $7 ORDER BY id DESC LIMIT $8",
            auditor::COLUMNS
        );
        let (action, beginning) = filter.action().unzip();
        let (before, beginning) = (filter.before.unwrap_or(i64::MAX), beginning.unwrap_or_default());
        let since = filter.since.map_or(i64::MIN, |at| at.0);
        let until = filter.until.map_or(i64::MAX, |at| at.0);
        let limit = limit(filter.limit);
        let params: [Param<'_>; 8] = [
            (&before, Type::INT8),
            (&filter.who, Type::TEXT),
            (&action, Type::TEXT),
            (&beginning, Type::BOOL),
            (&filter.failed, Type::BOOL),
            (&since, Type::INT8),
            (&until, Type::INT8),
            (&limit, Type::INT8),
        ];
        let rows = self.query("read the audit trail", &sql, &params).await?;
        rows.iter().map(auditor::read).collect()
    }

    /// Sums of the counters, which every batch moves along with its rows; nothing is counted here.
    pub(crate) async fn counts(&self) -> Result<Counts, StoreError> {
        let totals = "SELECT coalesce(sum(incidents), 0)::int8, coalesce(sum(open), 0)::int8, \
                      coalesce(sum(entries), 0)::int8, coalesce(sum(dead_letters), 0)::int8, \
                      coalesce(sum(quarantined), 0)::int8 FROM counter";
        let kinds = "SELECT system, class, lanes, (SELECT least( \
             (SELECT min(due) FROM lane WHERE system = kind.system AND class = kind.class AND token IS NULL), \
             (SELECT min(due) FROM lane WHERE system = kind.system AND class = kind.class AND token IS NOT NULL))) \
             FROM (SELECT system, class, sum(lanes)::int8 AS lanes FROM lane_counter GROUP BY system, class) AS kind \
             WHERE lanes > 0 ORDER BY system, class";
        let (totals, kinds) = tokio::try_join!(self.query("count", totals, &[]), self.query("count", kinds, &[]))?;
        let total = |column: usize| totals.first().map_or(0, |row| row.get::<_, i64>(column)).max(0).unsigned_abs();
        let lanes = kinds.iter().map(|row| {
            let system = SystemName::new(row.get(0));
            let (class, count) = (row::class(row.get(1))?, row.get::<_, i64>(2).unsigned_abs());
            Ok(LaneCount { system, class, count, oldest_due: row.get::<_, Option<i64>>(3).map(Timestamp) })
        });
        Ok(Counts {
            incidents: total(0),
            open: total(1),
            entries: total(2),
            with_dead_letters: total(3),
            quarantined: total(4),
            lanes: lanes.collect::<Result<_, StoreError>>()?,
        })
    }
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn shown(stored: StoredIncident) -> Incident {
    stored.state.unwrap_or_else(|reason| Incident { quarantined: Some(reason), ..Incident::blank(stored.id) })
}
