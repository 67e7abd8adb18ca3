//! A wire between store and server that tests can cut, hold, or let lose the answer to a commit.

use super::Schema;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// What happens on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Everything passes.
    Whole,
    /// Connections break, and new ones break at once.
    Cut,
    /// Nothing passes, and nobody is told.
    Held,
    /// Everything passes up to the next commit; the server does it, and the connection breaks before the answer.
    LosesAnswer,
}

/// The wire.
pub(crate) struct Proxy {
    pub(crate) url: String,
    wire: watch::Sender<Wire>,
}

impl Proxy {
    pub(crate) async fn before(schema: &Schema) -> Self {
        let config: Config = schema.url.parse().expect("the test command gives a good address");
        let host = match &config.get_hosts()[0] {
            Host::Tcp(host) => host.clone(),
            Host::Unix(_) => panic!("the test server listens on TCP"),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let at: SocketAddr = listener.local_addr().expect("it is bound");
        let user = config.get_user().unwrap_or("postgres");
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
        let database = config.get_dbname().unwrap_or(user);
        let url = format!("postgres://{user}:{password}@{at}/{database}");
        let wire = watch::Sender::new(Wire::Whole);
        spawn(listen(listener, (host, port), wire.clone()));
        Self { url, wire }
    }

    pub(crate) fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    /// Waits until the next commit has been done and its answer lost.
    pub(crate) async fn answer_is_lost(&self) {
        let mut wire = self.wire.subscribe();
        wire.wait_for(|w| *w != Wire::LosesAnswer).await.expect("the proxy is there");
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

async fn listen(listener: TcpListener, server: (String, u16), wire: watch::Sender<Wire>) {
    while let Ok((near, _)) = listener.accept().await {
        if *wire.borrow() == Wire::Cut {
            continue;
        }
        let Ok(far) = TcpStream::connect((server.0.as_str(), server.1)).await else { continue };
        spawn(carry(near, far, wire.clone()));
    }
}

async fn carry(near: TcpStream, far: TcpStream, wire: watch::Sender<Wire>) {
    let (mut wires, (near_in, near_out), (far_in, far_out)) = (wire.subscribe(), near.into_split(), far.into_split());
    let mute = watch::Sender::new(false);
    tokio::select! {
        () = questions(near_in, far_out, &wire, &mute) => {}
        () = answers(far_in, near_out, &wire, &mute) => {}
        _ = wires.wait_for(|w| *w == Wire::Cut) => {}
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    wire: &watch::Sender<Wire>,
    mute: &watch::Sender<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let _ = wire.subscribe().wait_for(|w| *w != Wire::Held).await;
        if *wire.borrow() == Wire::LosesAnswer && contains(&bytes[..count], b"COMMIT\0") {
            mute.send_replace(true);
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    wire: &watch::Sender<Wire>,
    mute: &watch::Sender<bool>,
) {
    let (mut bytes, mut kept) = (vec![0; 65_536], Vec::new());
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let _ = wire.subscribe().wait_for(|w| *w != Wire::Held).await;
        if *mute.borrow() {
            kept.extend_from_slice(&bytes[..count]);
            if contains(&kept, b"COMMIT\0") {
                wire.send_replace(Wire::Whole);
                return;
            }
        } else if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
