//! A proxy that leads nowhere but back to the sandbox: clients that are built for PagerDuty's own hosts reach the
//! look-alike through their proxy setting.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::listener::{Answer, Door, Front, response};
use crate::socket::Socket;
use crate::wire::Reply;

/// Answers `CONNECT` for PagerDuty's hosts and the sandbox's own names; whatever the port, it leads to the TLS side.
pub(crate) struct Proxy<A> {
    pub(crate) front: Arc<Front<A>>,
    pub(crate) names: Vec<String>,
    pub(crate) tracker: TaskTracker,
    pub(crate) cancel: CancellationToken,
}

impl<A: Answer> Door for Proxy<A> {
    async fn connection(self: Arc<Self>, socket: Socket) {
        let cancel = self.cancel.clone();
        let service = service_fn(move |request| {
            let answer = self.respond(request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
        let served = served.with_upgrades();
        tokio::pin!(served);
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = cancel.cancelled() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, "a connection to the proxy ended early");
        }
    }
}

impl<A: Answer> Proxy<A> {
    fn respond(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::CONNECT {
            let told = "this proxy takes CONNECT only: PagerDuty's hosts are reached over https\n";
            return response(Reply::text(405, told).with("allow", "CONNECT"));
        }
        let host = host_of(request.uri());
        if !self.names.iter().any(|name| name.eq_ignore_ascii_case(&host)) {
            let told = format!(
                "this proxy leads only to the Pagebridge sandbox, and `{host}` is not one of its names; they are {}\n",
                self.names.join(", ")
            );
            return response(Reply::text(403, told));
        }
        let upgrade = hyper::upgrade::on(&mut request);
        self.tracker.spawn(tunnel(upgrade, self.front.clone(), self.cancel.clone()));
        response(Reply::empty(200))
    }
}

/// Hands the client's connection over to the TLS side once the client has read the answer to its `CONNECT`.
async fn tunnel(upgrade: OnUpgrade, front: Arc<Front<impl Answer>>, cancel: CancellationToken) {
    let upgraded = tokio::select! {
        upgraded = upgrade => upgraded,
        () = cancel.cancelled() => return,
    };
    match upgraded.map(Upgraded::downcast::<TokioIo<Socket>>) {
        Ok(Ok(parts)) => front.connection(parts.io.into_inner().rewound(parts.read_buf)).await,
        Ok(Err(_)) => tracing::error!("the proxy's connection is not of the kind it was given"),
        Err(error) => tracing::trace!(%error, "a client left before its tunnel was there"),
    }
}

fn host_of(target: &Uri) -> String {
    let host = target.host().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}
