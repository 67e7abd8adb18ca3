//! Reads what came of one attempt to deliver a webhook.

use std::error::Error;

use rustls::CertificateError;

/// How one attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Delivered,
    /// It is tried again later.
    Again(String),
    /// It is dropped at once.
    Refused(String),
}

impl Attempt {
    pub(super) fn answered(status: u16) -> Attempt {
        match status {
            200..=299 => Attempt::Delivered,
            429 | 500.. => Attempt::Again(format!("status {status}")),
            _ => Attempt::Refused(format!("status {status}")),
        }
    }

    /// Reads a failure to get an answer: everything is tried again, except what is wrong with TLS other than an
    /// expired certificate.
    pub(super) fn failed(error: reqwest::Error) -> Attempt {
        if error.is_builder() {
            return Attempt::Refused(error.to_string());
        }
        let tls = tls_error(&error).map(|tls| (matches_expiry(tls), tls.to_string()));
        match tls {
            Some((true, why)) => Attempt::Again(why),
            Some((false, why)) => Attempt::Refused(why),
            None => Attempt::Again(innermost(&error)),
        }
    }
}

/// Finds the TLS error among the causes of a failure.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error shows its content's source as its own, and so would hide the content.
        let content = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = content.map(|content| content as &(dyn Error + 'static)).or_else(|| current.source());
    }
    None
}

fn matches_expiry(error: &rustls::Error) -> bool {
    let expired =
        |cause: &CertificateError| matches!(cause, CertificateError::Expired | CertificateError::ExpiredContext { .. });
    matches!(error, rustls::Error::InvalidCertificate(cause) if expired(cause))
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn only_429_and_server_errors_are_tried_again() {
        assert_eq!(Attempt::answered(202), Attempt::Delivered);
        for status in [429, 500, 503, 599] {
            assert!(matches!(Attempt::answered(status), Attempt::Again(_)), "{status}");
        }
        for status in [301, 400, 401, 404, 410] {
            assert!(matches!(Attempt::answered(status), Attempt::Refused(_)), "{status}");
        }
    }

    #[test]
    fn a_tls_error_is_found_inside_an_io_error_and_only_expiry_passes() {
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        for (error, passes) in [(expired, true), (unknown, false)] {
            let wrapped = io::Error::other(io::Error::other(error));
            assert_eq!(tls_error(&wrapped).map(matches_expiry), Some(passes));
        }
        assert!(tls_error(&io::Error::other("reset")).is_none());
    }
}
