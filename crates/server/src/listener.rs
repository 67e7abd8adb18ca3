//! Connections: taken up to a limit, bounded in time, and finished before the server stops.

use crate::app::Server;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections held at the same time; more wait in the operating system's queue. Below the usual limit of 1,024
/// open files, so that the store and the deliveries always get theirs.
pub const CONNECTIONS_MAX: usize = 768;

/// How long a connection may take to send the head of a request, and how long it may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait when the operating system has no connection to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a server is stopped.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Takes no more connections, finishes the requests that have begun.
    pub soft: CancellationToken,
    /// Drops whatever is left.
    pub hard: CancellationToken,
}

impl Server {
    /// Serves until it is stopped; returns when the last connection has ended.
    pub async fn serve(self, listener: TcpListener, stop: Stop) {
        let tasks = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let server = Arc::new(self);
        loop {
            let next = tokio::select! {
                () = stop.soft.cancelled() => break,
                () = stop.hard.cancelled() => break,
                next = take(&listener, &permits) => next,
            };
            match next {
                Ok((stream, permit)) => {
                    tasks.spawn(connection(server.clone(), stream, permit, stop.clone()));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot take a connection; trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        tasks.close();
        tasks.wait().await;
    }
}

async fn take(listener: &TcpListener, permits: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// Whether only the connection that was being taken is broken.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(server: Arc<Server>, stream: TcpStream, permit: OwnedSemaphorePermit, stop: Stop) {
    // Answers are small and whole: waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.handle(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.soft.cancelled() => None,
        () = stop.hard.cancelled() => return,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = stop.hard.cancelled() => {}
        }
    }
    drop(permit);
}
