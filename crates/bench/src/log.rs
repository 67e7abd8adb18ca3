//! The plainest durable thing: one file, appended to and flushed.

use anyhow::{Context, Result};
use clap::Args;
use pagebridge_core::{Disposition, IncidentId, Input, News, NoteNews, SystemName, What};
use pagebridge_ports::{Accepted, BoxFuture, Receive, Received, Refusal, StoreError};
use pagebridge_server::Intake;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// As many as the stores take into one transaction.
const BATCH_MAX: usize = 256;

/// The command line of `append`.
#[derive(Args)]
pub(crate) struct AppendOptions {
    /// The file; it is removed at the end.
    #[arg(long)]
    path: PathBuf,
    /// Events between two flushes.
    #[arg(long)]
    batch: usize,
    /// Size of an event.
    #[arg(long, default_value_t = crate::event::BODY_SIZE_BYTES)]
    bytes: usize,
    /// How long, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    ms: u64,
}

/// What the disk alone can do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Appended {
    pub(crate) batch: usize,
    pub(crate) per_second: f64,
    pub(crate) flushes_per_second: f64,
}

/// Appends batches and flushes each.
pub(crate) fn append(options: &AppendOptions) -> Result<Appended> {
    let mut file = create(&options.path)?;
    let batch = vec![b'x'; options.batch * options.bytes];
    let (start, mut flushes) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_millis(options.ms) {
        file.write_all(&batch)?;
        file.sync_data()?;
        flushes += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(&options.path)?;
    let flushes_per_second = f64::from(flushes) / seconds;
    Ok(Appended { batch: options.batch, per_second: flushes_per_second * options.batch as f64, flushes_per_second })
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("could not make {}", path.display()))
}

/// Understands nothing: whatever comes is an input that holds the body.
pub(crate) struct Anything;

impl Receive for Anything {
    fn receive(&self, _: &http::HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        let text = Some(String::from_utf8_lossy(body).into_owned());
        let news = News::Note(NoteNews { key: 0, author: String::new(), text });
        Ok(Received::Input(Box::new(Input::about(SystemName::new("any"), What::News(news)))))
    }
}

/// Keeps nothing.
#[derive(Default)]
pub(crate) struct Nothing(AtomicU64);

impl Nothing {
    fn opened(&self) -> Accepted {
        let number = i64::try_from(self.0.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
        Accepted { incident: Some(IncidentId(number)), disposition: Disposition::Opened }
    }
}

impl Intake for Nothing {
    fn accept(&self, _: Input) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(std::future::ready(Ok(self.opened())))
    }

    fn accept_for(&self, _: IncidentId, _: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Appends bodies to a file, as many as are waiting at once, and answers after the flush.
pub(crate) struct Log {
    sender: mpsc::Sender<(Input, oneshot::Sender<()>)>,
    counter: Nothing,
    pub(crate) counts: Arc<Counts>,
}

/// How large the batches were.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) events: AtomicU64,
    pub(crate) flushes: AtomicU64,
}

impl Log {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let mut file = create(path)?;
        let (sender, mut waiting) = mpsc::channel::<(Input, oneshot::Sender<()>)>(1024);
        let counts = Arc::new(Counts::default());
        let counted = counts.clone();
        std::thread::spawn(move || {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let mut bytes = Vec::new();
            while waiting.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
                bytes.clear();
                for (input, _) in &batch {
                    if let What::News(News::Note(NoteNews { text: Some(text), .. })) = &input.what {
                        bytes.extend_from_slice(text.as_bytes());
                    }
                }
                file.write_all(&bytes).and_then(|()| file.sync_data()).expect("the disk takes it");
                counted.events.fetch_add(batch.len() as u64, Ordering::Relaxed);
                counted.flushes.fetch_add(1, Ordering::Relaxed);
                for (_, answer) in batch.drain(..) {
                    let _ = answer.send(());
                }
            }
        });
        Ok(Self { sender, counter: Nothing::default(), counts })
    }
}

impl Intake for Log {
    fn accept(&self, input: Input) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(async move {
            let (answer, done) = oneshot::channel();
            let _ = self.sender.send((input, answer)).await;
            done.await.expect("the log goes on");
            Ok(self.counter.opened())
        })
    }

    fn accept_for(&self, _: IncidentId, _: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
