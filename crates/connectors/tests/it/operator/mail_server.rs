//! A mail server that keeps what it gets, and does what a test wants. It speaks what RFC 5321, 3207 and 4954 ask of it.

use crate::support::spawned;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How the server is.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// TLS from the first byte.
    pub(crate) wrapped: bool,
    /// Offers STARTTLS, and lets nobody do anything before it.
    pub(crate) starttls: bool,
    /// What `AUTH PLAIN` must bring, in base64; without it nobody has to log in.
    pub(crate) login: Option<&'static str>,
    /// Whose mail it does not take.
    pub(crate) refuses: Vec<&'static str>,
    /// The command that is not answered.
    pub(crate) hangs_at: Option<&'static str>,
    /// Says this to every login.
    pub(crate) rebuff: Option<&'static str>,
}

/// One mail that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
    pub(crate) is_encrypted: bool,
}

/// The server; it lives as long as the test's runtime.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    /// Its own certificate, in PEM.
    pub(crate) ca: String,
    taken: Arc<Mutex<Vec<Taken>>>,
    commands: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Shared {
    manners: Manners,
    acceptor: TlsAcceptor,
    taken: Arc<Mutex<Vec<Taken>>>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(crate) async fn start(manners: Manners) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let chain: Vec<CertificateDer<'static>> = vec![cert.der().clone()];
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let tls =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let tls = tls.with_no_client_auth().with_single_cert(chain, key).expect("they fit");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (taken, commands) = (Arc::<Mutex<Vec<Taken>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let shared = Shared {
            manners,
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            taken: taken.clone(),
            commands: commands.clone(),
        };
        spawned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                spawned(async move {
                    // A client that goes away is no fault of the server.
                    let _ = shared.serve(stream).await;
                });
            }
        });
        Self { port, ca: cert.pem(), taken, commands }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("no test panics while it holds it").clone()
    }

    /// The commands that came, in order, with what followed them.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().expect("no test panics while it holds it").clone()
    }
}

/// How one stretch of a session ended.
enum Ended {
    Bye,
    Secure,
}

impl Shared {
    async fn serve(&self, stream: tokio::net::TcpStream) -> std::io::Result<()> {
        if self.manners.wrapped {
            let mut stream = BufReader::new(self.acceptor.accept(stream).await?);
            say(&mut stream, "220 localhost ready").await?;
            return self.talk(&mut stream, true).await.map(drop);
        }
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 localhost ready").await?;
        if let Ended::Secure = self.talk(&mut stream, false).await? {
            let mut stream = BufReader::new(self.acceptor.accept(stream.into_inner()).await?);
            self.talk(&mut stream, true).await?;
        }
        Ok(())
    }

    async fn talk<S>(&self, stream: &mut BufReader<S>, is_encrypted: bool) -> std::io::Result<Ended>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut mail = Taken { is_encrypted, ..Taken::default() };
        let mut is_known = self.manners.login.is_none();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(Ended::Bye);
            }
            let line = line.trim_end().to_owned();
            self.commands.lock().expect("no test panics while it holds it").push(line.clone());
            let word = line.split(' ').next().unwrap_or_default();
            if self.manners.hangs_at == Some(word) {
                std::future::pending::<()>().await;
            }
            let may_send = is_known && (is_encrypted || !self.manners.starttls);
            match word {
                "EHLO" => say(stream, &self.extensions(is_encrypted)).await?,
                "STARTTLS" => {
                    say(stream, "220 go on").await?;
                    return Ok(Ended::Secure);
                }
                "AUTH" => {
                    is_known = self.manners.login.is_some_and(|login| line == format!("AUTH PLAIN {login}"));
                    let answer = if is_known { "235 welcome" } else { self.manners.rebuff.unwrap_or("535 5.7.8 no") };
                    say(stream, answer).await?;
                }
                "MAIL" | "RCPT" | "DATA" if !may_send => say(stream, "530 5.7.0 not before").await?,
                "MAIL" => {
                    mail.from = line;
                    say(stream, "250 ok").await?;
                }
                "RCPT" if self.manners.refuses.iter().any(|who| line.contains(who)) => {
                    say(stream, "550 5.1.1 nobody here").await?;
                }
                "RCPT" => {
                    mail.to.push(line);
                    say(stream, "250 ok").await?;
                }
                "DATA" => {
                    say(stream, "354 go on").await?;
                    mail.text = data(stream).await?;
                    self.taken.lock().expect("no test panics while it holds it").push(mail.clone());
                    say(stream, "250 taken").await?;
                }
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Ok(Ended::Bye);
                }
                _ => say(stream, "500 what").await?,
            }
        }
    }

    fn extensions(&self, is_encrypted: bool) -> String {
        let mut lines = vec!["localhost"];
        if self.manners.starttls && !is_encrypted {
            lines.push("STARTTLS");
        }
        if self.manners.login.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        let last = lines.pop().expect("there is one");
        lines.iter().map(|line| format!("250-{line}\r\n")).collect::<String>() + &format!("250 {last}")
    }
}

async fn say<S: AsyncWrite + AsyncRead + Unpin>(stream: &mut BufReader<S>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// Reads a mail up to its dot, and takes the doubled dots apart.
async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(text);
        }
        match line.as_str() {
            ".\r\n" => return Ok(text),
            _ => text += line.strip_prefix('.').unwrap_or(&line),
        }
    }
}
