use super::*;
use http::{HeaderName, HeaderValue};

const SLACK_KEY: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK_TIME: &str = "1531420618";
const SLACK_SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F\
    hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
    803a0bc887a14d10d2c447fce8b6703c";
const TEAMS_KEY: &str = "c2VjcmV0IG9mIHRlYW1z";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut all = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().expect("a name");
        all.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    all
}

fn slack(pairs: &[(&str, &str)], body: &str, secrets: &[&str], now_s: i64) -> Result<(), Unproven> {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    check(&SLACK, &headers(pairs), body.as_bytes(), &secrets, now_s * 1_000)
}

/// What it is, the headers, the body, the secrets, the time, and what comes of it.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str, &'c [&'c str], i64, Result<(), Unproven>);

#[test]
fn slacks_own_example_is_taken_and_everything_near_it_is_not() {
    const SIGNED: &str = "x-slack-signature";
    const TIME: &str = "x-slack-request-timestamp";
    let right = [(SIGNED, SLACK_SIGNATURE), (TIME, SLACK_TIME)];
    let now = 1_531_420_618;
    let changed = SLACK_BODY.replacen("roadrunner", "roadrunneR", 1);
    let upper = SLACK_SIGNATURE.to_uppercase();
    let cases: &[Case<'_>] = &[
        ("right", &right, SLACK_BODY, &[SLACK_KEY], now, Ok(())),
        ("second secret", &right, SLACK_BODY, &["new", SLACK_KEY], now, Ok(())),
        ("wrong key", &right, SLACK_BODY, &["other"], now, Err(Unproven::Mismatch)),
        ("changed byte", &right, &changed, &[SLACK_KEY], now, Err(Unproven::Mismatch)),
        ("missing", &right[1..], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Missing(SIGNED))),
        ("no time", &right[..1], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Missing(TIME))),
        ("empty", &[(SIGNED, ""), right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Missing(SIGNED))),
        (
            "only the prefix",
            &[(SIGNED, "v0="), right[1]],
            SLACK_BODY,
            &[SLACK_KEY],
            now,
            Err(Unproven::Missing(SIGNED)),
        ),
        ("wrong case", &[(SIGNED, &upper), right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Missing(SIGNED))),
        ("no hex", &[(SIGNED, "v0=zz"), right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Mismatch)),
        ("cut", &[(SIGNED, "v0=a211"), right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Mismatch)),
        ("twice", &[right[0], right[0], right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Twice(SIGNED))),
        ("two times", &[right[0], right[1], right[1]], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Twice(TIME))),
        ("other time", &[right[0], (TIME, "1531420619")], SLACK_BODY, &[SLACK_KEY], now, Err(Unproven::Mismatch)),
        ("just in time", &right, SLACK_BODY, &[SLACK_KEY], now + 300, Ok(())),
        ("old", &right, SLACK_BODY, &[SLACK_KEY], now + 301, Err(Unproven::Stale)),
        ("a bit early", &right, SLACK_BODY, &[SLACK_KEY], now - 300, Ok(())),
        ("future", &right, SLACK_BODY, &[SLACK_KEY], now - 301, Err(Unproven::Stale)),
        ("no secret", &right, SLACK_BODY, &[], now, Err(Unproven::NoSecret)),
        ("empty secret", &right, SLACK_BODY, &[""], now, Err(Unproven::NoSecret)),
    ];
    for (what, pairs, body, secrets, now, wanted) in cases {
        assert_eq!(slack(pairs, body, secrets, *now), *wanted, "{what}");
    }
}

#[test]
fn what_is_signed_with_an_empty_secret_is_not_taken() {
    let signature = format!("v0={}", hex::encode(mac(b"", &[b"v0:1531420618:", SLACK_BODY.as_bytes()])));
    let pairs = [("x-slack-signature", signature.as_str()), ("x-slack-request-timestamp", SLACK_TIME)];
    assert_eq!(slack(&pairs, SLACK_BODY, &["", "other"], 1_531_420_618), Err(Unproven::Mismatch));
}

#[test]
fn teams_signs_with_a_key_that_is_base64() {
    let body = r#"{"type":"message","text":"<at>Bridge</at> incidents"}"#;
    let signed = |key: &[u8]| format!("HMAC {}", STANDARD.encode(mac(key, &[body.as_bytes()])));
    let check = |value: &str, body: &str, secrets: &[&str]| {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        super::check(&TEAMS, &headers(&[("authorization", value)]), body.as_bytes(), &secrets, 0)
    };
    let right = signed(b"secret of teams");
    assert_eq!(check(&right, body, &[TEAMS_KEY]), Ok(()));
    assert_eq!(check(&right, body, &["bm90IGl0", TEAMS_KEY]), Ok(()));
    assert_eq!(check(&right, &body.replace("incidents", "incidentS"), &[TEAMS_KEY]), Err(Unproven::Mismatch));
    assert_eq!(check(&signed(TEAMS_KEY.as_bytes()), body, &[TEAMS_KEY]), Err(Unproven::Mismatch), "the key is decoded");
    assert_eq!(check(&right, body, &["not base64!"]), Err(Unproven::Mismatch));
    assert_eq!(check(&right.replace("HMAC", "hmac"), body, &[TEAMS_KEY]), Err(Unproven::Missing("authorization")));
}

#[test]
fn mattermost_shows_a_token_and_its_buttons_a_mac() {
    let secrets = [Secret::new("old"), Secret::new("new")];
    let check = |value: &str| super::check(&MATTERMOST, &headers(&[("authorization", value)]), b"", &secrets, 0);
    assert_eq!((check("Token old"), check("Token new")), (Ok(()), Ok(())));
    assert_eq!(check("Token ne"), Err(Unproven::Mismatch));
    assert_eq!(check("Bearer new"), Err(Unproven::Missing("authorization")));
    assert_eq!(check("Token "), Err(Unproven::Missing("authorization")));
    // printf 'v1:pb_ack:Q1' | openssl dgst -sha256 -hmac button-secret; whoever posts the buttons has the same.
    let wanted = "c25c6fd1737b599d4cbd485ade72a1e943d4946a9d690853e8681fd74e722a78";
    assert_eq!(button_mac(&Secret::new("button-secret"), "pb_ack", "Q1"), wanted);
    let mac = button_mac(&secrets[1], "pb_ack", "Q123");
    assert!(is_our_button(&secrets, "pb_ack", "Q123", &mac));
    assert!(!is_our_button(&secrets, "pb_resolve", "Q123", &mac) && !is_our_button(&secrets, "pb_ack", "Q124", &mac));
    assert!(!is_our_button(&secrets, "pb_ack", "Q123", "") && !is_our_button(&[Secret::new("")], "a", "b", ""));
}
