//! Sends webhooks: closed loop (each connection sends the next when the last is answered), or at a fixed rate whether
//! answers come or not, each timed from when it was due. At a fixed rate everything that was due is sent and counted,
//! however late, so that a server that falls behind shows it.

use crate::event::Request;
use crate::spread::Spread;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

/// Part of a run that is not counted: connections are made, caches fill.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long before it is due the pacing thread wakes up, at the soonest.
const HEAD_ROOM: Duration = Duration::from_millis(50);

/// The command line.
#[derive(Args)]
pub(crate) struct Options {
    /// Where to.
    #[arg(long)]
    address: SocketAddr,
    /// Connections, kept alive.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long, in milliseconds.
    #[arg(long, default_value_t = 3_000)]
    ms: u64,
    /// Number of the first alert.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Requests per second; without it, as fast as they are answered.
    #[arg(long)]
    rate: Option<f64>,
}

/// What became of a load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    /// All that was sent, warm-up included.
    pub(crate) sent: u64,
    /// Answered per second, without the warm-up.
    pub(crate) per_second: f64,
    /// From when each was due, or sent, to its answer.
    pub(crate) latency: Spread,
    /// How many answers had which status.
    pub(crate) statuses: BTreeMap<u16, u64>,
}

/// What the connections share.
struct Shared {
    options: Plan,
    next: Cell<u64>,
    /// Requests that are due, when there is a rate.
    due: Arc<Semaphore>,
    /// How many there are in all, once that is known; what was due before the end is sent even after it.
    last: Arc<AtomicU64>,
}

struct Plan {
    address: SocketAddr,
    from: u64,
    rate: Option<f64>,
    start: Instant,
    counted_from: Instant,
    end: Instant,
}

#[derive(Default)]
struct Seen {
    times_us: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    sent: u64,
}

pub(crate) async fn run(options: &Options) -> Result<Load> {
    let start = Instant::now() + HEAD_ROOM;
    let end = start + WARM_UP + Duration::from_millis(options.ms);
    let Options { address, from, rate, .. } = *options;
    let plan = Plan { address, from, rate, start, counted_from: start + WARM_UP, end };
    let due = Arc::new(Semaphore::new(0));
    let last = Arc::new(AtomicU64::new(u64::MAX));
    let pacer = rate.map(|rate| {
        let (due, last, connections) = (due.clone(), last.clone(), options.connections);
        std::thread::spawn(move || {
            last.store(pace(rate, start, end, &due), Ordering::Release);
            due.add_permits(connections);
        })
    });
    let shared = Rc::new(Shared { options: plan, next: Cell::new(0), due, last });
    let mut all = Seen::default();
    let local = LocalSet::new();
    let mut tasks = JoinSet::new();
    for _ in 0..options.connections {
        tasks.spawn_local_on(connection(shared.clone()), &local);
    }
    local
        .run_until(async {
            while let Some(seen) = tasks.join_next().await {
                let seen = seen.context("a connection broke")??;
                all.times_us.extend(seen.times_us);
                all.sent += seen.sent;
                for (status, count) in seen.statuses {
                    *all.statuses.entry(status).or_default() += count;
                }
            }
            anyhow::Ok(())
        })
        .await?;
    if let Some(pacer) = pacer {
        pacer.join().expect("pacing does not panic");
    }
    Ok(Load {
        sent: all.sent,
        per_second: all.times_us.len() as f64 / (end - (start + WARM_UP)).as_secs_f64(),
        latency: Spread::of(&mut all.times_us),
        statuses: all.statuses,
    })
}

/// Says when requests are due, and returns how many were. A thread of its own: the runtime's timers only know
/// milliseconds.
fn pace(rate: f64, start: Instant, end: Instant, due: &Semaphore) -> u64 {
    let mut given = 0_u64;
    loop {
        let now = Instant::now();
        if now >= end {
            return given;
        }
        let wanted = (now.saturating_duration_since(start).as_secs_f64() * rate) as u64;
        if wanted > given {
            due.add_permits((wanted - given) as usize);
            given = wanted;
        }
        let next = start + Duration::from_secs_f64((given + 1) as f64 / rate);
        std::thread::sleep(next.min(end).saturating_duration_since(Instant::now()));
    }
}

async fn connection(shared: Rc<Shared>) -> Result<Seen> {
    let plan = &shared.options;
    let mut stream =
        TcpStream::connect(plan.address).await.with_context(|| format!("no server at {}", plan.address))?;
    stream.set_nodelay(true)?;
    let mut request = Request::new(&plan.address.to_string());
    let mut buffer = vec![0; 4096];
    let mut seen = Seen::default();
    tokio::time::sleep_until(plan.start.into()).await;
    loop {
        let Some((n, due)) = shared.turn().await else { return Ok(seen) };
        let bytes = request.bytes(plan.from + n, micros(due, Instant::now()));
        stream.write_all(bytes).await?;
        seen.sent += 1;
        let status = read_answer(&mut stream, &mut buffer).await?;
        *seen.statuses.entry(status).or_default() += 1;
        let done = Instant::now();
        if due >= plan.counted_from && (plan.rate.is_some() || done <= plan.end) {
            seen.times_us.push(u32::try_from((done - due).as_micros()).unwrap_or(u32::MAX));
        }
    }
}

impl Shared {
    /// Waits for the next request: its number, and when it is due. `None` at the end.
    async fn turn(&self) -> Option<(u64, Instant)> {
        let plan = &self.options;
        let due = match plan.rate {
            None => Instant::now(),
            Some(rate) => {
                self.due.acquire().await.ok()?.forget();
                plan.start + Duration::from_secs_f64((self.next.get() + 1) as f64 / rate)
            }
        };
        let n = self.next.get();
        if plan.rate.is_none() && due >= plan.end || n >= self.last.load(Ordering::Acquire) {
            return None;
        }
        self.next.set(n + 1);
        Some((n, due))
    }
}

/// A moment as wall time, since another process will compare it.
fn micros(moment: Instant, now: Instant) -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from((wall - now.saturating_duration_since(moment)).as_micros()).unwrap_or(0)
}

/// Reads one answer whole and returns its status.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            bail!("the server closed the connection, or its answer does not fit");
        }
        filled += count;
        let Some(head) = buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).context("an answer is not text")?;
        let status = text.get(9..12).and_then(|s| s.parse().ok()).context("an answer has no status")?;
        if filled >= head + 4 + content_length(text) {
            return Ok(status);
        }
    }
}

/// The length that a head tells.
pub(crate) fn content_length(head: &str) -> usize {
    let lines = head.split("\r\n");
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    values.next().unwrap_or(0)
}
