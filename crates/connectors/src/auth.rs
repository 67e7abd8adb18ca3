//! Shared secrets in headers, for senders that cannot sign.

use ::pagerduty::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use pagebridge_ports::Refusal;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Checks that a request carries one of the secrets; with none configured, everybody may send.
///
/// Without a header of its own the secret is looked for in `Authorization`, as a bearer token, after the word
/// `token`, or as the password of basic authentication.
pub(crate) fn check(headers: &HeaderMap, header: Option<&HeaderName>, secrets: &[Secret]) -> Result<(), Refusal> {
    if secrets.is_empty() {
        return Ok(());
    }
    let name = header.unwrap_or(&AUTHORIZATION);
    let Some(value) = headers.get(name) else {
        return Err(Refusal::Unauthorized(format!(
            "the header `{name}` is missing; set it in the sender's webhook to the secret that is configured here"
        )));
    };
    let offered = offered(value, header.is_none());
    // Every pair is compared, so that the time says nothing about which one fits.
    let mut fits = subtle::Choice::from(0);
    for secret in secrets.iter().filter(|s| !s.expose().is_empty()) {
        for text in &offered {
            fits |= digest(text).ct_eq(&digest(secret.expose().as_bytes()));
        }
    }
    if bool::from(fits) {
        return Ok(());
    }
    Err(Refusal::Unauthorized(format!(
        "the header `{name}` does not hold the secret that is configured here; compare it with the sender's webhook"
    )))
}

/// Compared in place of the secret, since texts of different lengths cannot be compared in constant time.
fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// What a header may mean as a secret: as it is, as a bearer token or what RT calls a token, as a basic password.
fn offered(value: &HeaderValue, basic: bool) -> Vec<Vec<u8>> {
    let text = value.as_bytes().trim_ascii();
    let mut offered = vec![text.to_vec()];
    for scheme in [b"bearer".as_slice(), b"token"] {
        offered.extend(after_scheme(text, scheme).map(<[u8]>::to_vec));
    }
    if basic && let Some(pair) = after_scheme(text, b"basic").and_then(base64) {
        let colon = pair.iter().position(|b| *b == b':');
        offered.extend(colon.map(|at| pair[at + 1..].to_vec()));
    }
    offered
}

fn after_scheme<'a>(text: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (word, rest) = text.split_at_checked(scheme.len())?;
    (word.eq_ignore_ascii_case(scheme) && rest.first() == Some(&b' ')).then(|| rest.trim_ascii())
}

/// Decodes standard base64, padded or not; `None` if it is none.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().position(|b| *b == b'=').unwrap_or(text.len());
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(end * 3 / 4));
    for &byte in &text[..end] {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        [(HeaderName::from_static(name), HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn a_secret_is_found_where_senders_put_it() {
        let secrets = [Secret::new("old"), Secret::new("s3cret:x")];
        let own = HeaderName::from_static("x-bridge");
        let basic = "Basic dXNlcjpzM2NyZXQ6eA==";
        let cases: &[(&str, &str, Option<&HeaderName>, bool)] = &[
            ("authorization", "Bearer s3cret:x", None, true),
            ("authorization", "bearer  old ", None, true),
            ("authorization", "old", None, true),
            ("authorization", "token old", None, true),
            ("authorization", "token ol", None, false),
            ("authorization", basic, None, true),
            ("authorization", "Basic dXNlcjpvbGQ", None, true),
            ("x-bridge", "old", Some(&own), true),
            ("x-bridge", "Bearer old", Some(&own), true),
            ("x-bridge", basic, Some(&own), false),
            ("x-bridge", "old", None, false),
            ("authorization", "old", Some(&own), false),
            ("authorization", "Bearer ol", None, false),
            ("authorization", "Bearerold", None, false),
            ("authorization", "Basic !!", None, false),
            ("authorization", "", None, false),
        ];
        for &(name, value, header, fits) in cases {
            let name = HeaderName::from_static(name);
            let headers = [(name.clone(), HeaderValue::from_static(value))].into_iter().collect();
            assert_eq!(check(&headers, header, &secrets).is_ok(), fits, "{name}: {value}");
        }
        assert!(check(&HeaderMap::new(), None, &secrets).is_err());
        assert!(check(&HeaderMap::new(), None, &[]).is_ok());
    }

    #[test]
    fn an_empty_secret_lets_nobody_in_and_a_refusal_shows_nothing() {
        let refusal = check(&headers("authorization", ""), None, &[Secret::new("")]).expect_err("an empty secret");
        assert!(matches!(&refusal, Refusal::Unauthorized(text) if text.contains("authorization")));
        let refusal = check(&headers("authorization", "hush"), None, &[Secret::new("s3cret")]).expect_err("wrong");
        assert!(!refusal.to_string().contains("hush") && !refusal.to_string().contains("s3cret"));
    }
}
