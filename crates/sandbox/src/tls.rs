//! The certificate of the PagerDuty look-alike: made at start by a small authority of its own, or read from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::config::{Certificate, TlsConfig};

/// The hosts that PagerDuty's clients are built for, and the ways to reach this machine.
const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "api.pagerduty.com",
    "events.pagerduty.com",
    "api.eu.pagerduty.com",
    "events.eu.pagerduty.com",
    "identity.pagerduty.com",
];
/// Some clients refuse certificates that are valid for much longer than a year.
const VALID_DAYS: i32 = 397;

/// Says why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A configured name cannot stand in a certificate.
    #[error("cannot make a certificate for {}; each name must be a host name or an IP address", names.join(", "))]
    Names {
        /// Every name that was to be in it.
        names: Vec<String>,
        /// The cause.
        #[source]
        source: rcgen::Error,
    },
    /// The authority or the certificate could not be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// The authority's certificate could not be written.
    #[error("cannot write the CA certificate to {}; its directory must exist and be writable", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A PEM file could not be read.
    #[error("cannot read the {what} from {}; it must be a PEM file", path.display())]
    Read {
        /// `certificate`, `private key` or `CA certificate`.
        what: &'static str,
        /// Where from.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not go together, or are of a kind that is not supported.
    #[error("cannot serve with this certificate and key; they must belong together")]
    Unusable(#[from] rustls::Error),
}

/// What TLS connections are accepted with.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// What clients have to trust.
    pub(crate) ca_file: PathBuf,
    /// Every name that leads here.
    pub(crate) names: Vec<String>,
    /// Keeps the directory of a CA file that nobody chose a place for.
    pub(crate) directory: Option<TempDir>,
}

impl Tls {
    pub(crate) fn new(config: &TlsConfig) -> Result<Tls, TlsError> {
        let mut names: Vec<String> = NAMES.map(str::to_owned).to_vec();
        names.extend(config.names.iter().filter(|name| !NAMES.contains(&name.as_str())).cloned());
        let listens_on = config.listen.ip();
        if !listens_on.is_unspecified() && !names.contains(&listens_on.to_string()) {
            names.push(listens_on.to_string());
        }
        match &config.certificate {
            Certificate::Made { ca_file } => {
                let (ca_pem, chain, key) = make(&names)?;
                let (ca_file, directory) = place(ca_file.as_deref())?;
                std::fs::write(&ca_file, ca_pem).map_err(|source| TlsError::Write { path: ca_file.clone(), source })?;
                Ok(Tls { acceptor: acceptor(chain, key)?, ca_file, names, directory })
            }
            Certificate::Files { cert_file, key_file, ca_file } => {
                let chain = read_certificates("certificate", cert_file)?;
                read_certificates("CA certificate", ca_file)?;
                let key = PrivateKeyDer::from_pem_file(key_file)
                    .map_err(|source| unreadable("private key", key_file, source))?;
                Ok(Tls { acceptor: acceptor(chain, key)?, ca_file: ca_file.clone(), names, directory: None })
            }
        }
    }
}

type Made = (String, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Makes an authority and one certificate for all names; returns the authority's PEM, the chain and the key.
fn make(names: &[String]) -> Result<Made, TlsError> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name = called("Pagebridge sandbox CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit_validity(&mut authority);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut leaf = CertificateParams::new(names).map_err(|source| TlsError::Names { names: names.to_vec(), source })?;
    leaf.distinguished_name = called("Pagebridge sandbox");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python refuses certificates without it.
    leaf.use_authority_key_identifier_extension = true;
    limit_validity(&mut leaf);
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &authority)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((authority.pem(), vec![certificate.into()], key.into()))
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Sets from when to when a certificate is valid: by real time, since clients look at their own clocks.
#[expect(clippy::disallowed_methods, reason = "certificates are valid in real time, not in the sandbox's")]
fn limit_validity(params: &mut CertificateParams) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |date: Date| date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs());
    params.not_before = day(today.saturating_sub(1.day()));
    params.not_after = day(today.saturating_add(VALID_DAYS.days()));
}

fn place(given: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), TlsError> {
    if let Some(path) = given {
        return Ok((path.to_owned(), None));
    }
    let made = tempfile::Builder::new().prefix("pagebridge-sandbox-").tempdir();
    let directory = made.map_err(|source| TlsError::Write { path: std::env::temp_dir(), source })?;
    Ok((directory.path().join("ca.pem"), Some(directory)))
}

fn read_certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|source| unreadable(what, path, source))?;
    if certificates.is_empty() {
        return Err(unreadable(what, path, rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn unreadable(what: &'static str, path: &Path, source: rustls::pki_types::pem::Error) -> TlsError {
    TlsError::Read { what, path: path.to_owned(), source }
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
