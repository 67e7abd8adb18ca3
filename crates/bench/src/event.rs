//! The events that are sent: Opsgenie's `Create` in the shape of real ones, 1 KB, each of another alert.

use pagebridge_core::{Content, Input, InputId, News, Opening, SystemName, Urgency};

/// Size of a body.
pub(crate) const BODY_SIZE_BYTES: usize = 1024;

/// The system that sends them.
pub(crate) const OPSGENIE: &str = "opsgenie";
/// The system to which they are carried.
pub(crate) const PAGERDUTY: &str = "pagerduty";
/// The integration that they come from.
pub(crate) const INTEGRATION: &str = "5f0c2f7e-8d0a-4a51-b0f4-7c7a3c0d9a01";

const ALERT: &str = "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA";
const NUMBER: &str = "NNNNNNNNNNNN";
const STAMP: &str = "SSSSSSSSSSSSSSSS";
/// Comes before the time of sending in the text, which the sink looks for.
pub(crate) const STAMP_NAME: &str = "sent_us=";

/// A request whose changing places are known, so that sending the next one costs next to nothing.
pub(crate) struct Request {
    bytes: Vec<u8>,
    alert: usize,
    number: usize,
    stamp: usize,
}

impl Request {
    pub(crate) fn new(host: &str) -> Self {
        let body = body();
        let head = format!(
            "POST /ops-webhook HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             User-Agent: Opsgenie\r\nAccept: */*\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let text = head + &body;
        let place = |what| text.find(what).expect("the template has it");
        Self { alert: place(ALERT), number: place(NUMBER), stamp: place(STAMP), bytes: text.into_bytes() }
    }

    /// The request for alert `n`, sent at a time in microseconds.
    pub(crate) fn bytes(&mut self, n: u64, stamp_us: u64) -> &[u8] {
        put(&mut self.bytes, self.alert, &alert_id(n));
        put(&mut self.bytes, self.number, &format!("{n:012}"));
        put(&mut self.bytes, self.stamp, &format!("{stamp_us:016}"));
        &self.bytes
    }
}

fn put(bytes: &mut [u8], at: usize, text: &str) {
    bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
}

/// Looks random, as real ones do: neighbours in time are no neighbours in an index.
fn alert_id(n: u64) -> String {
    let mixed = n.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(23).wrapping_mul(0x2545_f491_4f6c_dd1d);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        mixed >> 32,
        (mixed >> 16) & 0xffff,
        mixed & 0xffff,
        n >> 48,
        n & 0xffff_ffff_ffff
    )
}

fn body() -> String {
    let start = format!(
        r#"{{"action":"Create","alert":{{"alertId":"{ALERT}","message":"Disk full on db-{NUMBER}","tags":["storage","prod"],"tinyId":"{NUMBER}","source":"dana@example.test","entity":"db-07","alias":"db-07-disk","createdAt":1795183200123,"updatedAt":1795183201456,"username":"dana@example.test","userId":"0d1f9a6c-3a53-4b33-8d0b-2f5f1c7f4e10","details":{{"region":"eu-1","runbook":"https://runbooks.example.test/disk"}},"priority":"P2","teams":["6c7be998-fad9-4491-a9a7-d99a1b4c0ae5"],"responders":[{{"id":"6c7be998-fad9-4491-a9a7-d99a1b4c0ae5","type":"team","name":"ops"}}],"description":"{STAMP_NAME}{STAMP} "#
    );
    let end = format!(
        r#""}},"source":{{"name":"web","type":"API"}},"integrationId":"{INTEGRATION}","integrationName":"Bridge","integrationType":"Webhook"}}"#
    );
    let start = start.replacen(&format!(r#""tinyId":"{NUMBER}""#), r#""tinyId":"412""#, 1);
    let filler = "The volume is at 98 %. ".repeat(40);
    let room = BODY_SIZE_BYTES - start.len() - end.len();
    format!("{start}{}{end}", &filler[..room])
}

/// The same alert as the connector understands it, for filling a store without HTTP.
pub(crate) fn input(n: u64) -> Input {
    let alert = alert_id(n);
    let content = Content {
        title: format!("Disk full on db-{n:012}"),
        body: format!("{STAMP_NAME}{:016} {}", 0, "The volume is at 98 %. ".repeat(12)),
        urgency: Urgency::High,
        priority: Some("P2".to_owned()),
        ..Content::default()
    };
    let news = News::Opened(Opening { content, status: None });
    let mut input = Input::news(SystemName::new(OPSGENIE), &alert, news);
    input.id = InputId::from_parts(&[OPSGENIE, &alert, "Create"]);
    input.asks = true;
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_another_alert_of_one_kilobyte() {
        let mut request = Request::new("127.0.0.1:1");
        let one = String::from_utf8(request.bytes(1, 5).to_vec()).expect("text");
        let two = String::from_utf8(request.bytes(2, 6).to_vec()).expect("text");
        for (text, n) in [(&one, 1), (&two, 2)] {
            let body = text.split("\r\n\r\n").nth(1).expect("has a body");
            assert_eq!(body.len(), BODY_SIZE_BYTES);
            let body: serde_json::Value = serde_json::from_str(body).expect("is JSON");
            assert_eq!(body["alert"]["alertId"], alert_id(n));
            assert_eq!(body["alert"]["message"], format!("Disk full on db-{n:012}"));
        }
        assert!(one.contains("sent_us=0000000000000005 "), "{one}");
    }
}
