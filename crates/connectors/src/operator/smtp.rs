//! E-mail by SMTP.
//!
//! The steps are made here and not by lettre's transport, since that gives up on the whole message when one of several
//! recipients is refused.

use super::channel::{Channel, Failure, Sent};
use super::message::Message;
use crate::Secret;
use crate::outcome::with_causes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use pagebridge_ports::BoxFuture;
use std::time::{Duration, SystemTime};

/// How the way to the server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`; a server that does not offer it is not used.
    StartTls,
    /// None at all.
    Plain,
}

/// Who logs in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What sending e-mail needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The mail server, by name or address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept secret.
    pub security: Security,
    /// Who logs in; nobody when the server does not ask.
    pub login: Option<Login>,
    /// Who writes, as `bridge@example.com` or `Bridge <bridge@example.com>`.
    pub from: String,
    /// Who is written to, in the same form.
    pub to: Vec<String>,
    /// Certificates in PEM that are trusted besides those of this machine.
    pub ca: Option<String>,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
}

/// Says what is wrong with an address of e-mail, in words.
///
/// # Errors
/// What to write instead.
pub fn check_address(text: &str) -> Result<(), &'static str> {
    mailbox(text).map(drop)
}

fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    let mailbox: Mailbox =
        text.trim().parse().map_err(|_| "write `name@example.com` or `Some Name <name@example.com>`")?;
    // Others need an extension of SMTP that many servers on the way do not have.
    let address: &str = mailbox.email.as_ref();
    if address.is_ascii() { Ok(mailbox) } else { Err("write the address with ASCII characters only") }
}

/// The channel.
pub(super) struct Smtp {
    settings: Settings,
    name: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    tls: Option<TlsParameters>,
}

/// A step of a session; decides what is to be done about a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    Secure,
    LogIn,
    Sender,
    Content,
}

impl Smtp {
    /// Makes the channel; nothing is sent.
    pub(super) fn new(mut settings: Settings) -> Result<Self, String> {
        // Brackets belong to addresses of the web, not of mail.
        settings.server = settings.server.trim_matches(['[', ']']).to_owned();
        let parsed = |what: &str, text: &str| mailbox(text).map_err(|fix| format!("{what} `{text}`: {fix}"));
        let from = parsed("from", &settings.from)?;
        let to = settings.to.iter().map(|text| parsed("to", text)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err("to names nobody; add an address".to_owned());
        }
        let tls = match settings.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(tls(&settings)?),
        };
        let name = format!("e-mail by {}:{}", settings.server, settings.port);
        Ok(Self { settings, name, from, to, tls })
    }

    /// Connects, and gets as far as a message could be sent.
    async fn open(&self) -> Result<AsyncSmtpConnection, Failure> {
        let settings = &self.settings;
        let hello = ClientId::default();
        let wrapped = self.tls.clone().filter(|_| settings.security == Security::Tls);
        let place = (settings.server.as_str(), settings.port);
        let within = Duration::from_millis(settings.connect_timeout_ms);
        let mut session = AsyncSmtpConnection::connect_tokio1(place, Some(within), &hello, wrapped, None)
            .await
            .map_err(|error| self.failed(Step::Connect, &error))?;
        if settings.security == Security::StartTls
            && let Some(tls) = self.tls.clone()
        {
            session.starttls(tls, &hello).await.map_err(|error| self.failed(Step::Secure, &error))?;
        }
        if let Some(login) = &settings.login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
            let logged_in = session.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            logged_in.map_err(|error| self.failed(Step::LogIn, &error))?;
        }
        Ok(session)
    }

    async fn deliver(&self, message: &Message) -> Result<Sent, Failure> {
        let mail = self.mail(message)?;
        let mut session = self.open().await?;
        let sender = Mail::new(Some(self.from.email.clone()), Vec::new());
        session.command(sender).await.map_err(|error| self.failed(Step::Sender, &error))?;
        let refused = self.name_recipients(&mut session).await?;
        session.command(Data).await.map_err(|error| self.failed(Step::Content, &error))?;
        session.message(&mail).await.map_err(|error| self.failed(Step::Content, &error))?;
        // The message is taken; how the server says goodbye does not matter.
        let _ = session.quit().await;
        let taken = self.to.len() - refused.len();
        let but = (!refused.is_empty()).then(|| refusal(&refused));
        Ok(Sent { detail: format!("taken for {taken} of {} addresses", self.to.len()), but })
    }

    /// Names everybody, and gives those who are refused; an error when nobody is left.
    async fn name_recipients(&self, session: &mut AsyncSmtpConnection) -> Result<Vec<String>, Failure> {
        let mut refused = Vec::new();
        for to in &self.to {
            match session.command(Rcpt::new(to.email.clone(), Vec::new())).await {
                Ok(_) => {}
                Err(error) if error.status().is_some() => refused.push(format!("{}: {}", to.email, self.words(&error))),
                Err(error) => return Err(self.failed(Step::Content, &error)),
            }
        }
        if refused.len() < self.to.len() { Ok(refused) } else { Err(refusal(&refused)) }
    }

    /// The message as it goes over the wire, all ASCII.
    fn mail(&self, message: &Message) -> Result<Vec<u8>, Failure> {
        let at = u64::try_from(message.at.0).map(Duration::from_millis).unwrap_or_default();
        let domain = self.from.email.domain();
        let mut builder = MessageBuilder::new()
            .from(self.from.clone())
            .subject(message.subject.clone())
            .date(SystemTime::UNIX_EPOCH + at)
            // The same for a repeat, so that it can be known as one.
            .message_id(Some(format!("<{}.pagebridge@{domain}>", message.id)))
            .header(ContentType::TEXT_PLAIN)
            // Keeps absence notes from answering.
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if message.is_open {
            builder = builder.raw_header(raw("Importance", "high")).raw_header(raw("X-Priority", "1"));
        }
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let mail = builder.body(message.text.clone());
        let remedy = "look at `from` and `to`; if they are right, report this as a bug of Pagebridge";
        mail.map(|mail| mail.formatted()).map_err(|error| {
            Failure::new(format!("the message cannot be put together: {}", with_causes(&error)), remedy)
        })
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, Failure>> + Send) -> Result<T, Failure> {
        let limit_ms = self.settings.timeout_ms;
        match tokio::time::timeout(Duration::from_millis(limit_ms), work).await {
            Ok(ended) => ended,
            Err(_) => {
                let remedy = "look whether the server is reached on this port, and whether `security` fits the port: \
                              \"tls\" for 465, \"starttls\" for 587 and 25";
                Err(Failure::new(format!("no answer within {} s", limit_ms.div_ceil(1_000)), remedy))
            }
        }
    }

    fn failed(&self, step: Step, error: &Error) -> Failure {
        let words = self.words(error);
        if let Some(tls) = tls_error(error) {
            let remedy = match tls {
                rustls::Error::InvalidCertificate(_) => {
                    "give `server` the name that its certificate has, and put its authority's certificate into `ca` if it \
                     is one of your own"
                }
                _ => "look whether `security` fits the port: \"tls\" for 465, \"starttls\" for 587 and 25",
            };
            return Failure::new(format!("no secure connection: {tls}"), remedy);
        }
        let (problem, remedy) = match step {
            Step::Connect => (
                "no connection",
                "look at `server` and `port`, name resolution and the firewall, and whether `security` fits the port",
            ),
            Step::Secure => (
                "the connection cannot be secured",
                "set `security = \"tls\"` and the port for it, usually 465, or use a server that offers STARTTLS",
            ),
            Step::LogIn => ("not let in", "look at `user` and `password`, and whether the server lets programs log in"),
            Step::Sender => {
                ("the sender is refused", "set `from` to an address that this server may send for, or log in")
            }
            Step::Content => ("the message is refused", "look at the server's log"),
        };
        Failure::new(format!("{problem}: {words}"), remedy)
    }

    /// What happened, without the password even if the server repeats what it was sent.
    fn words(&self, error: &Error) -> String {
        let words = with_causes(error);
        // Said already by the step, and sometimes twice.
        let words = words.trim_start_matches("Connection error: ").trim_start_matches("network error: ").to_owned();
        let Some(Login { user, password }) = &self.settings.login else { return words };
        let password = password.expose();
        let sent = [password.to_owned(), STANDARD.encode(password), STANDARD.encode(format!("\0{user}\0{password}"))];
        let is_shown = sent.iter().any(|text| words.contains(text.as_str()));
        if !is_shown {
            return words;
        }
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        format!("the server answers {code} and repeats the password, so its answer is not shown")
    }
}

impl Channel for Smtp {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, Failure>> {
        Box::pin(self.within(self.deliver(message)))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Failure>> {
        Box::pin(self.within(async {
            let mut session = self.open().await?;
            let _ = session.quit().await;
            let user = self.settings.login.as_ref().map_or("without a login".to_owned(), |l| format!("as {}", l.user));
            let from = &self.from.email;
            Ok(format!("the server lets us in {user}; mail goes from {from} to {}", addresses(&self.to)))
        }))
    }
}

/// What TLS has to say about a failure, if it is one of its own; lettre and tokio wrap it.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) = within.and_then(|within| within.downcast_ref()) {
            return Some(tls);
        }
        cause = error.source();
    }
    None
}

fn tls(settings: &Settings) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.server.clone());
    if let Some(pem) = &settings.ca {
        let refused = || "ca holds no certificate in PEM; give it the text or the file of one".to_owned();
        // A text without one is no error to the parser.
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(refused());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(|_| refused())?);
    }
    builder.build().map_err(|error| format!("cannot set up TLS: {}", with_causes(&error)))
}

fn refusal(refused: &[String]) -> Failure {
    let remedy = "correct these addresses in `to`, or let this server send to them; it may want a login";
    Failure::new(format!("refused for {}", refused.join(", ")), remedy)
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn addresses(to: &[Mailbox]) -> String {
    to.iter().map(|to| AsRef::<str>::as_ref(&to.email)).collect::<Vec<_>>().join(", ")
}
