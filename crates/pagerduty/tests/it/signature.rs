//! Signatures: the shared vectors, and properties.

use pagerduty::Secret;
use pagerduty::webhook::{SignatureError, sign, verify};
use proptest::prelude::*;
use serde::Deserialize;

use crate::support::fixture;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    body: String,
    secrets_held: Vec<Secret>,
    x_pagerduty_signature: String,
    accept: Option<bool>,
}

#[test]
fn agrees_with_the_vectors() {
    let vectors: Vectors = serde_json::from_str(fixture!("webhook-signature-vectors.json")).expect("vectors");
    assert_eq!(vectors.cases.len(), 16);
    for case in vectors.cases {
        let result = verify(&case.secrets_held, &case.x_pagerduty_signature, case.body.as_bytes());
        // `null`: either answer is right, as long as there is one.
        if let Some(accept) = case.accept {
            assert_eq!(result.is_ok(), accept, "{}: {result:?}", case.name);
        }
    }
}

#[test]
fn says_what_is_wrong() {
    let secrets = [Secret::new("a")];
    let header = sign(&secrets[0], b"x");
    let cases: [(&[Secret], &str, &[u8], SignatureError); 6] = [
        (&secrets, &header, b"", SignatureError::EmptyBody),
        (&secrets, "", b"x", SignatureError::NoSignature),
        (&secrets, "v2=00", b"x", SignatureError::NoSignature),
        (&secrets, &header, b"y", SignatureError::Mismatch),
        (&[], &header, b"x", SignatureError::NoSecret),
        (&[Secret::new("")], &sign(&Secret::new(""), b"x"), b"x", SignatureError::NoSecret),
    ];
    for (secrets, header, body, expected) in cases {
        assert_eq!(verify(secrets, header, body), Err(expected), "{header}");
    }
    let padded = format!(" v2=0 , {header} ");
    assert_eq!(verify(&secrets, &padded, b"x"), Ok(()));
}

#[test]
fn an_empty_secret_beside_a_real_one_does_not_count() {
    let secrets = [Secret::new(""), Secret::new("real")];
    assert_eq!(verify(&secrets, &sign(&secrets[0], b"x"), b"x"), Err(SignatureError::Mismatch));
    assert_eq!(verify(&secrets, &sign(&secrets[1], b"x"), b"x"), Ok(()));
}

proptest! {
    #[test]
    fn signed_is_accepted_and_one_flipped_bit_is_not(
        secret in "\\PC{1,40}",
        body in prop::collection::vec(any::<u8>(), 1..400),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let secret = Secret::new(secret);
        let header = sign(&secret, &body);
        let other = Secret::new("another");
        prop_assert_eq!(verify(&[other, secret.clone()], &header, &body), Ok(()));

        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(verify(std::slice::from_ref(&secret), &header, &changed), Err(SignatureError::Mismatch));

        let mut signature = hex::decode(&header[3..]).expect("hex");
        let byte = at.index(signature.len());
        signature[byte] ^= 1 << bit;
        let changed = format!("v1={}", hex::encode(signature));
        prop_assert_eq!(verify(std::slice::from_ref(&secret), &changed, &body), Err(SignatureError::Mismatch));

        // One bit of the secret: of its letters only, since a secret is text.
        let mut other = secret.expose().to_owned();
        other.push('a');
        let long = Secret::new(other.clone());
        let header = sign(&long, &body);
        other.pop();
        other.push(char::from(b'a' ^ (1 << (bit % 5))));
        prop_assert_eq!(verify(&[Secret::new(other)], &header, &body), Err(SignatureError::Mismatch));
    }

    #[test]
    fn no_header_makes_it_panic(header in "\\PC{0,200}") {
        let _ = verify(&[Secret::new("a")], &header, b"x");
    }
}
