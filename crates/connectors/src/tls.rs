//! TLS: rustls on ring, everywhere.

/// Without a provider reqwest panics, even when only plain HTTP is spoken.
pub(crate) fn install_provider_if_none() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Err means that another thread was quicker, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
