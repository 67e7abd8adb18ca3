//! As much of HTTP as the drills need: one request on one connection to this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// As long as PagerDuty waits for an answer to a webhook.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends a request; gives the status and the body. An answer that breaks off is an error.
pub(crate) fn send(port: u16, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
    send_as(port, method, path, "", body)
}

/// The same with lines of its own in the head, each with its line end.
pub(crate) fn send_as(port: u16, method: &str, path: &str, lines: &str, body: &str) -> Result<(u16, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).context("could not connect")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{lines}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).context("could not send")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("could not read the answer")?;
    parse(&String::from_utf8_lossy(&answer))
}

fn parse(answer: &str) -> Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no head")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("the answer has no status")?;
    let status = status.parse().context("the status is no number")?;
    let length =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if let Some((_, length)) = length {
        let length: usize = length.trim().parse().context("the length is no number")?;
        ensure!(body.len() == length, "the answer broke off");
    } else if status != 204 {
        bail!("the answer does not tell its length");
    }
    Ok((status, body.to_owned()))
}

/// Reads JSON.
pub(crate) fn get(port: u16, path: &str) -> Result<Value> {
    let (status, body) = send(port, "GET", path, "").with_context(|| format!("GET {path}"))?;
    ensure!(status == 200, "GET {path}: {status} {body}");
    serde_json::from_str(&body).with_context(|| format!("GET {path} is not JSON"))
}

/// Asks a control API for something that must succeed.
pub(crate) fn control(port: u16, method: &str, path: &str, body: &Value) -> Result<Value> {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = send(port, method, path, &text).with_context(|| format!("{method} {path}"))?;
    ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    Ok(serde_json::from_str(&answer).unwrap_or_default())
}

/// Reads the port of an address such as `http://127.0.0.1:8080`.
pub(crate) fn port_of(url: &str) -> Result<u16> {
    let port = url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
    port.with_context(|| format!("`{url}` has no port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_only_when_it_is_whole() {
        let whole = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(whole).expect("it is whole"), (202, "{}".to_owned()));
        for broken in ["", "HTTP/1.1 202 Acc", "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
