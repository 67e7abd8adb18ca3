//! What was measured, as a table for people and as JSON.

use crate::following::Followed;
use crate::load::Load;
use crate::log::Appended;
use crate::spread::{Spread, median};
use crate::tally::Delivered;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// So many more calls a minute following much may cost than following little: a round more or less that begins within
/// what is measured.
const CALLS_MORE_MAX: f64 = 2.0;

/// Prints a line for the process that started this one.
pub(crate) fn say(what: &impl Serialize) {
    println!("{}", serde_json::to_string(what).expect("figures are plain data"));
}

/// Everything.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Shorter and with less waiting than a whole run, so its figures are not to be quoted.
    pub(crate) quick: bool,
    pub(crate) processors: usize,
    /// Share of the machine that was busy with other things when a measurement began, at worst and usually.
    pub(crate) others_max: f64,
    pub(crate) others_median: f64,
    pub(crate) accepts: Vec<Accepts>,
    pub(crate) append: Option<Appended>,
    pub(crate) deliveries: Vec<Deliveries>,
    pub(crate) waiting: Option<Waiting>,
    /// By system, little before much.
    pub(crate) following: Vec<Followed>,
}

/// Accepts of one kind of server.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Accepts {
    pub(crate) kind: &'static str,
    /// Closed loop, 64 connections.
    pub(crate) per_second: f64,
    /// Of the server that keeps nothing.
    pub(crate) of_ceiling: f64,
    pub(crate) latency: Spread,
    /// Of the server's process.
    pub(crate) cpu_ms_per_event: f64,
    /// At half of that rate, whether answers come or not.
    pub(crate) half_rate: f64,
    pub(crate) half: Option<Spread>,
}

/// Deliveries to one kind of connector.
#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    pub(crate) kind: &'static str,
    /// While everything is waiting.
    pub(crate) per_second: f64,
    /// Of the server's process, while it works through what waits.
    pub(crate) cpu_ms_per_delivery: f64,
    /// Of the steady arrivals.
    pub(crate) rate: f64,
    /// From the time when a webhook was due to be sent to the arrival at the sink.
    pub(crate) latency: Spread,
    /// Incidents that arrived twice, or not at all.
    pub(crate) wrong: u64,
}

/// With much waiting.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    pub(crate) count: u64,
    pub(crate) many_per_second: f64,
    pub(crate) few_per_second: f64,
    pub(crate) idle_mb: f64,
    /// Peak, after a start and some accepts.
    pub(crate) waiting_mb: f64,
    pub(crate) idle_start_ms: f64,
    pub(crate) waiting_start_ms: f64,
}

/// One round of one kind of server.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) closed: Load,
    pub(crate) cpu_ms_per_event: f64,
    pub(crate) half: Option<(f64, Spread)>,
}

impl Accepts {
    /// The middle of all rounds. Each is compared with the ceiling of its own round, which was measured within the same
    /// minute; between rounds the machine may have become another.
    pub(crate) fn of(kind: &'static str, rounds: &[Round], ceiling: &[Round]) -> Self {
        let shares = rounds.iter().zip(ceiling).map(|(r, top)| r.closed.per_second / top.closed.per_second);
        Self {
            kind,
            per_second: median(rounds.iter().map(|r| r.closed.per_second)),
            of_ceiling: median(shares),
            latency: middle(rounds.iter().map(|r| r.closed.latency)),
            cpu_ms_per_event: median(rounds.iter().map(|r| r.cpu_ms_per_event)),
            half_rate: median(rounds.iter().filter_map(|r| r.half).map(|(rate, _)| rate)),
            half: rounds
                .iter()
                .any(|r| r.half.is_some())
                .then(|| middle(rounds.iter().filter_map(|r| r.half).map(|(_, spread)| spread))),
        }
    }
}

pub(crate) fn middle(spreads: impl Iterator<Item = Spread> + Clone) -> Spread {
    Spread {
        p50_ms: median(spreads.clone().map(|s| s.p50_ms)),
        p99_ms: median(spreads.clone().map(|s| s.p99_ms)),
        max_ms: median(spreads.map(|s| s.max_ms)),
    }
}

impl Deliveries {
    pub(crate) fn of(kind: &'static str, all: &[(Delivered, f64, Delivered)], rate: f64, wrong: u64) -> Self {
        Self {
            kind,
            per_second: median(all.iter().map(|(drained, ..)| drained.per_second)),
            cpu_ms_per_delivery: median(all.iter().map(|(_, cpu, _)| *cpu)),
            rate,
            latency: middle(all.iter().map(|(.., steady)| steady.latency)),
            wrong,
        }
    }
}

/// A row: what, how much, the bar, and whether it is met.
struct Row(String, String, String, Option<bool>);

impl Report {
    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_header(["what", "measured", "bar", ""]);
        for Row(what, measured, bar, met) in self.rows() {
            let met = met.map_or("", |met| if met { "met" } else { "NOT MET" });
            table.add_row([what.as_str(), &measured, &bar, met]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let more = if self.quick { "; a quick run, not to be quoted" } else { "" };
        format!(
            "{table}\n{} processors; busy with other things: {:.0} % usually, {:.0} % at worst{more}",
            self.processors,
            self.others_median * 100.0,
            self.others_max * 100.0
        )
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.accepts.iter().flat_map(Accepts::rows).collect();
        if let Some(append) = &self.append {
            let what = format!("raw append of {} events + fdatasync", append.batch);
            let measured = format!("{:.0}/s in {:.0} flushes", append.per_second, append.flushes_per_second);
            rows.push(Row(what, measured, String::new(), None));
        }
        rows.extend(self.deliveries.iter().flat_map(Deliveries::rows));
        rows.extend(self.waiting.iter().flat_map(Waiting::rows));
        let pairs = self.following.chunk_by(|one, next| one.system == next.system);
        rows.extend(pairs.flat_map(following_rows));
        rows
    }
}

fn spread(spread: Spread) -> String {
    format!("{:.1} / {:.1} ms", spread.p50_ms, spread.p99_ms)
}

impl Accepts {
    fn rows(&self) -> Vec<Row> {
        let name = match self.kind {
            "echo" => "ceiling: body read, nothing kept",
            "understand" => "webhook understood, nothing kept",
            "log" => "body appended to a log, fdatasync",
            "sqlite" => "durable accepts, SQLite",
            _ => "durable accepts, PostgreSQL",
        };
        let bar = match self.kind {
            "sqlite" => Some(0.35),
            "postgres" => Some(0.2),
            _ => None,
        };
        let measured = format!(
            "{:.0}/s ({:.2}); {}; {:.1} us",
            self.per_second,
            self.of_ceiling,
            spread(self.latency),
            self.cpu_ms_per_event * 1000.0
        );
        let words = bar.map_or_else(String::new, |bar| format!(">= {bar} of the ceiling"));
        let mut rows = vec![Row(
            format!("{name}: rate (of ceiling); p50 / p99; processor time of the server per event"),
            measured,
            words,
            bar.map(|bar| self.of_ceiling >= bar),
        )];
        if let Some(half) = self.half {
            let what = format!("{name}, at {:.0}/s: p50 / p99", self.half_rate);
            rows.push(Row(what, spread(half), "p99 <= 15 ms".into(), Some(half.p99_ms <= 15.0)));
        }
        if bar.is_some() {
            let measured = format!("{:.3} ms", self.cpu_ms_per_event);
            let met = self.cpu_ms_per_event <= 0.06;
            rows.push(Row(format!("{name}: processor time per event"), measured, "<= 0.06 ms".into(), Some(met)));
        }
        rows
    }
}

impl Deliveries {
    fn rows(&self) -> Vec<Row> {
        let name = match self.kind {
            "sink" => "deliveries to a local PagerDuty",
            _ => "deliveries within the process",
        };
        let rate = format!("{:.0}/s; {:.1} us", self.per_second, self.cpu_ms_per_delivery * 1000.0);
        vec![
            Row(
                format!("{name}: rate; processor time per delivery"),
                rate,
                ">= 5000/s".into(),
                Some(self.per_second >= 5_000.0),
            ),
            Row(
                format!("{name}, at {:.0}/s: accept to delivered, p50 / p99", self.rate),
                spread(self.latency),
                String::new(),
                None,
            ),
            Row(format!("{name}: lost or twice"), self.wrong.to_string(), "0".into(), Some(self.wrong == 0)),
        ]
    }
}

impl Waiting {
    fn rows(&self) -> Vec<Row> {
        let ratio = self.many_per_second / self.few_per_second;
        let drained = format!("{:.0}/s against {:.0}/s ({ratio:.2})", self.many_per_second, self.few_per_second);
        let count = self.count;
        let below = |what: String, value: f64, bar: f64, unit: &str| {
            Row(what, format!("{value:.0} {unit}"), format!("< {bar:.0} {unit}"), Some(value < bar))
        };
        vec![
            Row(
                format!("leases and settles with {count} waiting, against 1000"),
                drained,
                ">= 0.9".into(),
                Some(ratio >= 0.9),
            ),
            below("memory, idle".into(), self.idle_mb, 25.0, "MB"),
            below(format!("memory at its peak, {count} waiting"), self.waiting_mb, 250.0, "MB"),
            Row(
                "start until an event is accepted".into(),
                format!("{:.0} ms", self.idle_start_ms),
                String::new(),
                None,
            ),
            below(format!("start until an event is accepted, {count} waiting"), self.waiting_start_ms, 3_000.0, "ms"),
        ]
    }
}

/// What following one system costs, with the least and with the most that it held.
fn following_rows(of_one: &[Followed]) -> Vec<Row> {
    let [few, .., many] = of_one else { return Vec::new() };
    let name = format!("following {}, {} objects against {}", many.system, many.objects, few.objects);
    let row = |what: &str, of: fn(&Followed) -> f64, digits: usize, unit: &str| {
        let measured = format!("{:.digits$} against {:.digits$} {unit}", of(many), of(few));
        Row(format!("{name}: {what}"), measured, String::new(), None)
    };
    let mut calls = row("calls a minute", |f| f.calls_per_minute, 1, "");
    calls.1 = calls.1.trim_end().to_owned();
    calls.2 = format!("<= {:.1}", few.calls_per_minute + CALLS_MORE_MAX);
    calls.3 = Some(many.calls_per_minute <= few.calls_per_minute + CALLS_MORE_MAX);
    vec![
        calls,
        row("time to answer them, a minute", |f| f.answering_s_per_minute, 2, "s"),
        row("answers, a minute", |f| f.kb_per_minute, 0, "kB"),
        row("processor time of ours, a minute", |f| f.cpu_ms_per_minute, 0, "ms"),
        row("memory of ours", |f| f.memory_mb, 0, "MB"),
    ]
}
