//! Accepts connections and moves requests and replies; can also end a connection without an answer.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wire::{Call, Reply};

/// Larger requests are answered 413 without being read.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How a request ends on the wire.
#[derive(Debug)]
pub(crate) enum Ending {
    Answer(Reply),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset.
    Reset,
}

/// Answers requests; one per listener.
pub(crate) trait Answer: Send + Sync + 'static {
    fn answer(self: Arc<Self>, call: Call) -> impl Future<Output = Ending> + Send;
}

/// Serves until cancelled; requests already read are still answered.
pub(crate) async fn serve<A: Answer>(
    listener: TcpListener,
    answerer: Arc<A>,
    tracker: TaskTracker,
    cancel: CancellationToken,
) {
    let local = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let local: Arc<str> = local.into();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = cancel.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tracker.spawn(connection(stream, answerer.clone(), local.clone(), cancel.clone()));
            }
            Err(error) => {
                // Out of descriptors, most likely: others may be closed meanwhile.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection<A: Answer>(stream: TcpStream, answerer: Arc<A>, local: Arc<str>, cancel: CancellationToken) {
    drop(stream.set_nodelay(true));
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket { stream, reset: reset.clone() };
    let service = service_fn(move |request| respond(request, answerer.clone(), local.clone(), reset.clone()));
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = cancel.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}

/// Says that the connection must end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer, as a fault asked")]
struct NoAnswer;

async fn respond<A: Answer>(
    request: Request<Incoming>,
    answerer: Arc<A>,
    local: Arc<str>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(response(Reply::text(413, "the body is too large")));
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let call = Call::new(head.method, target, head.headers, body.to_bytes(), &local);
    match answerer.answer(call).await {
        Ending::Answer(reply) => Ok(response(reply)),
        Ending::Close => Err(NoAnswer),
        Ending::Reset => {
            reset.store(true, Ordering::Release);
            Err(NoAnswer)
        }
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(reply.status);
    if !reply.content_type.is_empty() {
        builder = builder.header(http::header::CONTENT_TYPE, reply.content_type);
    }
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(reply.body)).unwrap_or_else(|error| broken(&error))
}

/// Answers when a fault asked for a status or header that HTTP does not have.
fn broken(error: &http::Error) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!("the sandbox cannot send this reply: {error}").into()));
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// A socket that is reset instead of closed when the flag is set.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Acquire) {
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Acquire) {
            // A half-close would tell the client "end of stream" before the reset does.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Binds a listener and tells its base URL.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
