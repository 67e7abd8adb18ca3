//! Holds one HTTP request as the look-alikes read it, and the reply they give.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// How JSON is labelled.
pub(crate) const JSON: &str = "application/json;charset=utf-8";

/// How a connection came in.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) scheme: &'static str,
    /// The host for clients that name none.
    pub(crate) host: String,
}

/// One request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path's parts, percent-decoded, without empty ones: a trailing slash makes no difference.
    pub(crate) segments: Vec<String>,
    /// Whether the path ends in a slash, for those who make a difference.
    pub(crate) ends_in_slash: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Scheme and host as the client wrote them, so that links lead back the way the client came.
    pub(crate) base: String,
}

impl Call {
    pub(crate) fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes, origin: &Origin) -> Call {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or(&origin.host);
        let base = format!("{}://{host}", origin.scheme);
        let segments = path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect();
        Call { method, segments, ends_in_slash: path.ends_with('/'), query: pairs(query), headers, body, base }
    }

    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the last value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value of a set parameter, written `name[]` or `name`.
    pub(crate) fn query_set(&self, name: &str) -> Vec<&str> {
        let bracketed = format!("{name}[]");
        let wanted = |key: &str| key == bracketed || key == name;
        self.query.iter().filter(|(key, _)| wanted(key)).map(|(_, value)| value.as_str()).collect()
    }

    /// Reads the body as the fields of an HTML form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    pub(crate) fn query_true(&self, name: &str) -> bool {
        matches!(self.query(name), Some("true" | "1"))
    }
}

/// One reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Reply {
        Reply::bytes(status, JSON, body.to_string().into())
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Reply {
        Reply::bytes(status, "text/plain", body.into().into())
    }

    pub(crate) fn html(status: u16, body: String) -> Reply {
        Reply::bytes(status, "text/html;charset=utf-8", body.into())
    }

    /// Makes a reply that is a file of our own.
    pub(crate) fn asset(content_type: &'static str, body: &'static str) -> Reply {
        Reply::bytes(200, content_type, Bytes::from_static(body.as_bytes()))
    }

    /// Makes a reply without a body, as a 204 must be.
    pub(crate) fn empty(status: u16) -> Reply {
        Reply::bytes(status, "", Bytes::new())
    }

    /// Sets a header, in place of one of the same name.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.retain(|(taken, _)| !taken.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets a header unless there is one of that name.
    pub(crate) fn with_default(self, name: &str, value: &str) -> Reply {
        if self.headers.iter().any(|(taken, _)| taken.eq_ignore_ascii_case(name)) {
            return self;
        }
        self.with(name, value)
    }

    pub(crate) fn bytes(status: u16, content_type: &'static str, body: Bytes) -> Reply {
        Reply { status, content_type, headers: Vec::new(), body }
    }
}

/// Reads a query, or a form.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let split = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key, true), decode(value, true))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(split).collect()
}

/// Percent-decodes text; in a query a plus is a space. What is not valid stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten().and_then(hex_pair);
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
                continue;
            }
            None if first == b'+' && plus_is_space => bytes.push(b' '),
            None => bytes.push(first),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    Some((digit(pair.first()?)? * 16 + digit(pair.get(1)?)?) as u8)
}

/// Percent-encodes text for use as one path segment or one query value.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_leniently() {
        let target = "/incidents//a%2Fb/?statuses%5B%5D=triggered&statuses[]=acknowledged&query=a+b%20c&x=%zz";
        let origin = Origin { scheme: "https", host: "127.0.0.1:1".to_owned() };
        let call = Call::new(Method::GET, target, HeaderMap::new(), Bytes::new(), &origin);
        assert_eq!(call.base, "https://127.0.0.1:1");
        assert_eq!(call.parts(), ["incidents", "a/b"]);
        assert_eq!(call.query_set("statuses"), ["triggered", "acknowledged"]);
        assert_eq!(call.query("query"), Some("a b c"));
        assert_eq!(call.query("x"), Some("%zz"));
        assert_eq!(encode("a/b é"), "a%2Fb%20%C3%A9");
    }
}
