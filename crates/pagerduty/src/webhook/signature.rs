//! Signing and verifying deliveries.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// Checks `header` (the value of `X-PagerDuty-Signature`) against the body exactly as it was received.
///
/// One matching `v1` entry of one secret is enough, since there are several while a secret is being replaced. Entries of other
/// versions are skipped. Compares in constant time.
///
/// # Errors
/// [`SignatureError`] if the delivery must not be trusted.
pub fn verify(secrets: &[Secret], header: &str, raw_body: &[u8]) -> Result<(), SignatureError> {
    if secrets.iter().all(|secret| secret.expose().is_empty()) {
        return Err(SignatureError::NoSecret);
    }
    if raw_body.is_empty() {
        return Err(SignatureError::EmptyBody);
    }
    let signatures: Vec<[u8; 32]> = header.split(',').filter_map(v1_entry).collect();
    if signatures.is_empty() {
        return Err(SignatureError::NoSignature);
    }
    // An empty secret would let anybody sign.
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        let mac = mac(secret, raw_body);
        if signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
            return Ok(());
        }
    }
    Err(SignatureError::Mismatch)
}

/// Gives the header value with which PagerDuty would sign `raw_body`.
pub fn sign(secret: &Secret, raw_body: &[u8]) -> String {
    format!("v1={}", hex::encode(mac(secret, raw_body).finalize().into_bytes()))
}

/// The secret looks like base64, but its text is the key.
fn mac(secret: &Secret, raw_body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(raw_body);
    mac
}

fn v1_entry(entry: &str) -> Option<[u8; 32]> {
    let mut signature = [0; 32];
    hex::decode_to_slice(entry.trim().strip_prefix("v1=")?, &mut signature).ok()?;
    Some(signature)
}

/// Why a delivery must not be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is nothing to check against.
    #[error("no webhook secret is known, set the one that PagerDuty gave for the subscription")]
    NoSecret,
    /// PagerDuty sends none.
    #[error("the webhook has an empty body")]
    EmptyBody,
    /// The header has no well-formed `v1` entry.
    #[error("the webhook has no v1 signature, check that the sender is PagerDuty")]
    NoSignature,
    /// Signed with another secret, or changed on the way.
    #[error("no signature of the webhook matches, check the secret and that no proxy changes the body")]
    Mismatch,
}
