//! The client and its builder.

use std::time::Duration;

use http::HeaderValue;
use reqwest::{Certificate, Url, redirect};

use crate::call::Call;
use crate::error::Error;
use crate::request::{Context, Request};
use crate::secret::Secret;
use crate::transport::{Reply, Transport};

/// Where an account lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Region {
    /// `api.pagerduty.com` and `events.pagerduty.com`.
    #[default]
    Us,
    /// `api.eu.pagerduty.com` and `events.eu.pagerduty.com`.
    Eu,
}

impl Region {
    /// Gives the address of the REST API.
    pub fn rest_url(self) -> &'static str {
        match self {
            Self::Us => "https://api.pagerduty.com",
            Self::Eu => "https://api.eu.pagerduty.com",
        }
    }

    /// Gives the address of the Events API.
    pub fn events_url(self) -> &'static str {
        match self {
            Self::Us => "https://events.pagerduty.com",
            Self::Eu => "https://events.eu.pagerduty.com",
        }
    }
}

/// Carries out [`Call`]s. Cheap to clone; clones share their connections.
///
/// It sends each call once: retrying, spacing and reading back are the caller's, who knows what may wait.
#[derive(Clone, Debug)]
pub struct Client {
    context: Context,
    transport: Transport,
}

impl Client {
    /// Starts a client for the US region without a credential.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Makes the HTTP request of `call` without sending it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the call's arguments cannot be put in a request.
    pub fn request<T>(&self, call: &Call<T>) -> Result<Request, Error> {
        self.context.request(call)
    }

    /// Sends `call` once and reads the answer. Must run on a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::class`] says what it means.
    pub async fn call<T>(&self, call: &Call<T>) -> Result<Reply<T>, Error> {
        let request = self.context.request(call)?;
        self.transport.send(request, call).await
    }
}

/// Collects what a [`Client`] needs.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    rest_url: String,
    events_url: String,
    credential: Option<Credential>,
    from: Option<String>,
    user_agent: String,
    connect_timeout: Duration,
    timeout: Duration,
    response_size_bytes_max: usize,
    proxy: bool,
    root_certificates: Vec<Certificate>,
}

#[derive(Clone, Debug)]
enum Credential {
    Token(Secret),
    Bearer(Secret),
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            rest_url: Region::Us.rest_url().to_owned(),
            events_url: Region::Us.events_url().to_owned(),
            credential: None,
            from: None,
            user_agent: concat!("rust-pagerduty/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
            response_size_bytes_max: 4 * 1024 * 1024,
            proxy: true,
            root_certificates: Vec::new(),
        }
    }
}

impl ClientBuilder {
    /// Sets both addresses to those of `region`.
    #[must_use]
    pub fn region(self, region: Region) -> Self {
        self.rest_url(region.rest_url()).events_url(region.events_url())
    }

    /// Sets the address of the REST API; plain `http` and a path prefix are allowed.
    #[must_use]
    pub fn rest_url(mut self, url: impl Into<String>) -> Self {
        self.rest_url = url.into();
        self
    }

    /// Sets the address of the Events API (without `/v2/enqueue`); plain `http` and a path prefix are allowed.
    #[must_use]
    pub fn events_url(mut self, url: impl Into<String>) -> Self {
        self.events_url = url.into();
        self
    }

    /// Uses an account's or a user's API key.
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.credential = Some(Credential::Token(token.into()));
        self
    }

    /// Uses an OAuth access token instead of an API key.
    #[must_use]
    pub fn bearer(mut self, token: impl Into<Secret>) -> Self {
        self.credential = Some(Credential::Bearer(token.into()));
        self
    }

    /// Sets the e-mail address of the user in whose name incidents are changed; needed with an account's key.
    #[must_use]
    pub fn from(mut self, email: impl Into<String>) -> Self {
        self.from = Some(email.into());
        self
    }

    /// Sets the `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets how long making a connection may take (5 s). Keep it below the total, or an unreachable host looks like an unanswered call.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long a call may take from start to the last byte of the answer (20 s).
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how much of an answer is read, unpacked (4 MiB).
    #[must_use]
    pub fn response_size_bytes_max(mut self, limit: usize) -> Self {
        self.response_size_bytes_max = limit;
        self
    }

    /// Ignores the proxy variables of the environment.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.proxy = false;
        self
    }

    /// Trusts the certificates of a PEM bundle besides those of the system.
    ///
    /// # Errors
    /// [`BuildError::Http`] if it is not PEM.
    pub fn root_certificates(mut self, pem_bundle: &[u8]) -> Result<Self, BuildError> {
        self.root_certificates.extend(Certificate::from_pem_bundle(pem_bundle)?);
        Ok(self)
    }

    /// Builds the client.
    ///
    /// If the process has no rustls provider yet, `ring` is installed as the default: without one reqwest panics, even when
    /// only plain HTTP is spoken. To choose another, install it before building the first client.
    ///
    /// # Errors
    /// [`BuildError`] naming the setting that is wrong.
    pub fn build(self) -> Result<Client, BuildError> {
        let authorization = self.credential.as_ref().map(Credential::header).transpose()?;
        let from = self.from.as_deref().map(from_header).transpose()?;
        Ok(Client {
            context: Context {
                rest_url: base_url(&self.rest_url)?,
                events_url: base_url(&self.events_url)?,
                authorization,
                from,
            },
            transport: Transport { response_size_bytes_max: self.response_size_bytes_max, http: self.http()? },
        })
    }

    fn http(self) -> Result<reqwest::Client, BuildError> {
        install_provider_if_none();
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .redirect(redirect::Policy::none())
            .tls_certs_merge(self.root_certificates);
        if !self.proxy {
            http = http.no_proxy();
        }
        Ok(http.build()?)
    }
}

impl Credential {
    fn header(&self) -> Result<HeaderValue, BuildError> {
        let (text, secret) = match self {
            Self::Token(secret) => (format!("Token token={}", secret.expose().trim()), secret),
            Self::Bearer(secret) => (format!("Bearer {}", secret.expose().trim()), secret),
        };
        if secret.expose().trim().is_empty() {
            return Err(BuildError::Token);
        }
        let mut header = HeaderValue::from_str(&text).map_err(|_| BuildError::Token)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn from_header(email: &str) -> Result<HeaderValue, BuildError> {
    HeaderValue::from_str(email).map_err(|_| BuildError::From { email: email.to_owned() })
}

fn base_url(text: &str) -> Result<Url, BuildError> {
    let refused = || BuildError::BaseUrl { url: text.to_owned() };
    let url = Url::parse(text.trim()).map_err(|_| refused())?;
    let plain = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain { Ok(url) } else { Err(refused()) }
}

fn install_provider_if_none() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Err means that another thread was quicker, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An address cannot serve as a base.
    #[error("`{url}` is not a base address, give one like https://api.pagerduty.com")]
    BaseUrl {
        /// The address as given.
        url: String,
    },
    /// The token cannot be put in a header.
    #[error("the API token is empty or holds characters that no token has")]
    Token,
    /// The `From` address cannot be put in a header.
    #[error("`{email}` is not an e-mail address that a header can hold")]
    From {
        /// The address as given.
        email: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
}
