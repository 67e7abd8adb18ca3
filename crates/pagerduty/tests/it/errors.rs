//! What an error answer means, as a table.

use pagerduty::rest::incidents::{self, IncidentUpdate, NewIncident};
use pagerduty::rest::{abilities, notes};
use pagerduty::{Class, Effect, IncidentId, RateLimit, ResponseError, Wait};

fn answer(status: u16, code: Option<u32>, effect: Effect) -> ResponseError {
    ResponseError {
        status,
        code,
        message: "Some Message".to_owned(),
        errors: Vec::new(),
        retry_after: None,
        rate_limit: RateLimit::default(),
        request_id: None,
        effect,
        throttled: status == 429,
    }
}

#[test]
fn classes_by_status_and_code() {
    let retry = Class::Retry { wait: None };
    let limited = Class::RateLimited { wait: None };
    let table = [
        (400, Some(1001), Effect::Once, Class::AlreadyResolved),
        (400, Some(1002), Effect::Once, Class::AlreadyAcknowledged),
        (400, Some(1008), Effect::Once, Class::UnknownRequester),
        (400, Some(2001), Effect::Once, Class::Permanent),
        (400, Some(2002), Effect::Once, Class::Permanent),
        (401, None, Effect::Once, Class::Unauthorized),
        (401, Some(2006), Effect::Once, Class::Unauthorized),
        (402, None, Effect::Once, Class::Forbidden),
        (403, Some(2010), Effect::Once, Class::Forbidden),
        (404, None, Effect::Read, Class::NotFound),
        (404, Some(2100), Effect::Read, Class::NotFound),
        (400, Some(5002), Effect::Once, Class::NotFound),
        (302, None, Effect::Once, Class::Permanent),
        (413, None, Effect::Once, Class::Permanent),
        (422, None, Effect::Once, Class::Permanent),
        (429, None, Effect::Once, limited),
        (400, Some(2020), Effect::Once, limited),
        (408, None, Effect::Read, retry),
        (408, None, Effect::Once, Class::ReadBack),
        (500, None, Effect::Read, retry),
        (502, None, Effect::Repeatable, retry),
        (503, None, Effect::Once, Class::ReadBack),
        (599, Some(2000), Effect::Once, Class::ReadBack),
    ];
    for (status, code, effect, expected) in table {
        assert_eq!(answer(status, code, effect).class(), expected, "{status} {code:?} {effect:?}");
    }
}

#[test]
fn classes_by_words() {
    let table = [
        ("Open incident with matching dedup key already exists on this service", Class::Duplicate),
        ("Offset+limit exceeds maximum allowed value of 10000.", Class::Permanent),
        (
            "You must specify a user's email address in the \"From\" header to perform this action",
            Class::UnknownRequester,
        ),
        ("Invalid routing key", Class::Unauthorized),
        ("Length of 'routing_key' is incorrect (should be 32 characters)", Class::Unauthorized),
        ("'payload.severity' is missing or blank", Class::Permanent),
    ];
    for (words, expected) in table {
        let in_errors = ResponseError { errors: vec![words.to_owned()], ..answer(400, Some(2002), Effect::Once) };
        let in_message = ResponseError { message: words.to_owned(), ..answer(400, None, Effect::Once) };
        assert_eq!((in_errors.class(), in_message.class()), (expected, expected), "{words}");
    }
}

#[test]
fn the_wait_comes_with_the_class() {
    let wait = Some(Wait::For { ms: 30_000 });
    let limited = ResponseError { retry_after: wait, ..answer(429, None, Effect::Once) };
    assert_eq!(limited.class(), Class::RateLimited { wait });
    let busy = ResponseError { retry_after: wait, ..answer(503, None, Effect::Read) };
    assert_eq!(busy.class(), Class::Retry { wait });
}

#[test]
fn the_text_names_status_code_and_every_sentence_once() {
    let error = ResponseError {
        errors: vec!["one".to_owned(), "Some Message".to_owned(), "two".to_owned()],
        ..answer(400, Some(2002), Effect::Once)
    };
    assert_eq!(error.to_string(), "PagerDuty answered 400 (code 2002): Some Message: one: two");
}

#[test]
fn calls_say_what_a_repeat_does() {
    let id = IncidentId::new("Q1");
    assert_eq!(abilities::list().effect(), Effect::Read);
    assert_eq!(incidents::create(&NewIncident::new("t", "P")).effect(), Effect::Once);
    assert_eq!(incidents::update(&id, &IncidentUpdate::resolve()).effect(), Effect::Once);
    assert_eq!(notes::create(&id, "n").effect(), Effect::Once);
}
