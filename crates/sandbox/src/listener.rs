//! Accepts connections, plain or over TLS, and moves requests and replies; can also end one without an answer.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::socket::{ResetSwitch, Socket};
use crate::wire::{Call, Origin, Reply};

/// Larger requests are answered 413 without being read.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a client may take to agree on TLS.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How a request ends on the wire.
#[derive(Debug)]
pub(crate) enum Ending {
    Answer(Reply),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset.
    Reset,
}

/// Answers requests.
pub(crate) trait Answer: Send + Sync + 'static {
    fn answer(self: Arc<Self>, call: Call) -> impl Future<Output = Ending> + Send;
}

/// Takes connections; one per listener.
pub(crate) trait Door: Send + Sync + 'static {
    fn connection(self: Arc<Self>, socket: Socket) -> impl Future<Output = ()> + Send;
}

/// A listening address that nobody answers on yet.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Bound {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Bound> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Bound { listener, address })
    }

    /// Serves until cancelled; requests already read are still answered.
    pub(crate) async fn serve(self, door: Arc<impl Door>, tracker: TaskTracker, cancel: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = cancel.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    tracker.spawn(door.clone().connection(Socket::new(stream)));
                }
                Err(error) => {
                    // Out of descriptors, most likely: others may be closed meanwhile.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// Speaks HTTP, plain or over TLS, for one answerer.
pub(crate) struct Front<A> {
    pub(crate) answerer: Arc<A>,
    /// The host for clients that name none.
    pub(crate) local: SocketAddr,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) cancel: CancellationToken,
}

impl<A: Answer> Door for Front<A> {
    async fn connection(self: Arc<Self>, socket: Socket) {
        let switch = socket.switch();
        let Some(acceptor) = self.tls.clone() else {
            return self.http("http", socket, switch).await;
        };
        let agreed = tokio::select! {
            agreed = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(socket)) => agreed,
            () = self.cancel.cancelled() => return,
        };
        match agreed {
            Ok(Ok(stream)) => self.http("https", stream, switch).await,
            Ok(Err(error)) => tracing::info!(%error, "no TLS with a client; perhaps it does not trust the CA file"),
            Err(_) => tracing::info!("a client took too long to agree on TLS"),
        }
    }
}

impl<A: Answer> Front<A> {
    async fn http<S>(self: Arc<Self>, scheme: &'static str, stream: S, switch: ResetSwitch)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let origin = Arc::new(Origin { scheme, host: self.local.to_string() });
        let answerer = self.answerer.clone();
        let service = service_fn(move |request| respond(request, answerer.clone(), origin.clone(), switch.clone()));
        let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::pin!(served);
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = self.cancel.cancelled() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, "a connection ended early");
        }
    }
}

/// Says that the connection must end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer, as a fault asked")]
struct NoAnswer;

async fn respond<A: Answer>(
    request: Request<Incoming>,
    answerer: Arc<A>,
    origin: Arc<Origin>,
    switch: ResetSwitch,
) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(response(Reply::text(413, "the body is too large")));
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let call = Call::new(head.method, target, head.headers, body.to_bytes(), &origin);
    match answerer.answer(call).await {
        Ending::Answer(reply) => Ok(response(reply)),
        Ending::Close => Err(NoAnswer),
        Ending::Reset => {
            switch.reset();
            Err(NoAnswer)
        }
    }
}

pub(crate) fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(reply.status);
    let labelled = reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !reply.content_type.is_empty() && !labelled {
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
