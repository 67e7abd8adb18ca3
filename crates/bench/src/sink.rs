//! A PagerDuty that takes everything at once: `POST /incidents` is answered 201, reads say `triggered`.

use crate::load::content_length;
use crate::tally::{SharedTally, Tally};
use anyhow::Result;
use std::net::SocketAddr;
use std::sync::PoisonError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where to ask what arrived.
const TOLD: &str = "/told";

/// Takes incidents until standard input ends.
pub(crate) async fn run() -> Result<()> {
    crate::report::say(&start(Tally::shared()).await?);
    crate::child::until_told().await?;
    Ok(())
}

/// Starts to listen, and returns where.
pub(crate) async fn start(tally: SharedTally) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A connection that breaks is its sender's affair.
            tokio::spawn(connection(stream, tally.clone()));
        }
    });
    Ok(address)
}

async fn connection(mut stream: TcpStream, tally: SharedTally) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let head = loop {
            if let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break head;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let end = head + 4 + content_length(&text);
        while buffer.len() < end {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let answer = answer(&text, &buffer[head + 4..end], &tally);
        stream.write_all(answer.as_bytes()).await?;
        buffer.drain(..end);
    }
}

fn answer(head: &str, body: &[u8], tally: &SharedTally) -> String {
    let mut line = head.split(' ');
    let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    match (method, path) {
        ("GET", TOLD) => {
            let told = tally.told();
            whole(200, &serde_json::to_string(&told).expect("figures are plain data"))
        }
        ("DELETE", TOLD) => {
            *tally = Tally::default();
            whole(200, "{}")
        }
        ("POST", "/incidents") => {
            let key = key(body);
            tally.take(&key, body);
            whole(201, &incident(&format!("Q{key}"), &key))
        }
        ("GET", path) if path.starts_with("/incidents/") => {
            let id = path.trim_start_matches("/incidents/").split(['/', '?']).next().unwrap_or_default();
            whole(200, &incident(id, id.trim_start_matches('Q')))
        }
        _ => whole(404, r#"{"error":{"message":"Not Found","code":2100}}"#),
    }
}

fn incident(id: &str, key: &str) -> String {
    format!(
        r#"{{"incident":{{"id":"{id}","type":"incident","incident_number":1,"title":"Disk full","status":"triggered","urgency":"high","incident_key":"{key}","html_url":"https://example.test/incidents/{id}","created_at":"2026-11-20T10:00:00Z","last_status_change_at":"2026-11-20T10:00:00Z"}}}}"#
    )
}

fn key(body: &[u8]) -> String {
    const NAME: &str = r#""incident_key":""#;
    let text = String::from_utf8_lossy(body);
    let value = text.split_once(NAME).map_or("", |(_, rest)| rest);
    value.split('"').next().unwrap_or_default().to_owned()
}

fn whole(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
