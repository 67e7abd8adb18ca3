//! Reading an error answer in any of the shapes PagerDuty has been seen to use.

use serde_json::Value;

use crate::text::cut;

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Option<u32>,
    pub(crate) message: String,
    pub(crate) errors: Vec<String>,
}

const TEXT_CHARS_MAX: usize = 500;
const ERRORS_MAX: usize = 50;

impl Problem {
    /// Never fails: what is not JSON becomes the message.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut problem = match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self { message: plain_text(body), ..Self::default() },
        };
        problem.message = cut(&problem.message, TEXT_CHARS_MAX).into_owned();
        problem.errors.truncate(ERRORS_MAX);
        for error in &mut problem.errors {
            *error = cut(error, TEXT_CHARS_MAX).into_owned();
        }
        problem
    }

    fn from_value(value: &Value) -> Self {
        match value {
            Value::Object(root) => match root.get("error") {
                // REST: everything is inside `error`.
                Some(Value::Object(_)) => Self::from_fields(&value["error"]),
                // `/users/me` has a sentence here, change events a list.
                Some(error @ (Value::String(_) | Value::Array(_))) => {
                    Self { code: number(&value["code"]), ..Self::from_value(error) }
                }
                // Events API: the fields are at the top.
                _ => Self::from_fields(value),
            },
            Value::String(text) => Self { message: text.clone(), ..Self::default() },
            list @ Value::Array(_) => {
                let errors = flatten(list);
                Self { message: errors.join("; "), errors, code: None }
            }
            _ => Self::default(),
        }
    }

    fn from_fields(fields: &Value) -> Self {
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        Self {
            code: number(&fields["code"]),
            message: text("message").or_else(|| text("status")).unwrap_or_default(),
            errors: flatten(&fields["errors"]),
        }
    }
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Makes one list of sentences from a string, a list, or an object of lists.
fn flatten(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(flatten).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| flatten(value).into_iter().map(move |text| format!("{name}: {text}")))
            .collect(),
        other => vec![other.to_string()],
    }
}

fn plain_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut words = text.split_whitespace();
    // A proxy's page helps nobody in a log.
    if text.trim_start().starts_with('<') {
        return "an HTML page instead of JSON".to_owned();
    }
    let mut message = String::new();
    while message.len() < TEXT_CHARS_MAX * 4 {
        let Some(word) = words.next() else { break };
        if !message.is_empty() {
            message.push(' ');
        }
        message.push_str(word);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_known_shape() {
        let cases: &[(&str, Option<u32>, &str, &[&str])] = &[
            (
                r#"{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Email has already been taken"]}}"#,
                Some(2001),
                "Invalid Input Provided",
                &["Email has already been taken"],
            ),
            (r#"{"error":{"message":"Not Found","code":2100}}"#, Some(2100), "Not Found", &[]),
            (r#"{"error":{"message":"m","code":"2006","errors":[]}}"#, Some(2006), "m", &[]),
            (r#"{"error":{"message":"m","code":2001,"errors":"one"}}"#, Some(2001), "m", &["one"]),
            (
                r#"{"error":{"message":"m","code":2001,"errors":{"foo":["bar","baz"]}}}"#,
                Some(2001),
                "m",
                &["foo: bar", "foo: baz"],
            ),
            (r#"{"error":{"message":null,"code":null,"errors":null}}"#, None, "", &[]),
            (r#"{"error":"use a user-level token"}"#, None, "use a user-level token", &[]),
            (
                r#"{"error":["links should have at most 50 item(s)"]}"#,
                None,
                "links should have at most 50 item(s)",
                &["links should have at most 50 item(s)"],
            ),
            (
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}"#,
                None,
                "Event object is invalid",
                &["a", "b"],
            ),
            (r#"{"status":"throttle exceeded"}"#, None, "throttle exceeded", &[]),
            (r#""Invalid routing key""#, None, "Invalid routing key", &[]),
            ("Invalid\n routing key\n", None, "Invalid routing key", &[]),
            ("<html><body>502</body></html>", None, "an HTML page instead of JSON", &[]),
            ("", None, "", &[]),
            ("17", None, "", &[]),
            (r#"{"error":{"message":{"a":1},"code":-1,"errors":[1,null,["x"]]}}"#, None, "", &["1", "x"]),
        ];
        for &(body, code, message, errors) in cases {
            let expected = Problem {
                code,
                message: message.to_owned(),
                errors: errors.iter().map(|&error| error.to_owned()).collect(),
            };
            assert_eq!(Problem::parse(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn cuts_what_is_too_long() {
        let problem = Problem::parse("é ".repeat(10_000).as_bytes());
        assert_eq!(problem.message.chars().count(), TEXT_CHARS_MAX);
        assert!(Problem::parse(&[0xff, 0xfe]).message.contains('\u{fffd}'));
    }
}
