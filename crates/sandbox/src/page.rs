//! The page that shows people what a sandbox holds.

use std::fmt::Write;

use crate::snapshot::Snapshot;

/// Shows at most so many incidents and alerts, the newest first.
const ROWS_MAX: usize = 200;

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#1c1c1c}\
    table{border-collapse:collapse;width:100%;margin:.5em 0 2em}th,td{text-align:left;padding:.35em .6em;\
    border-bottom:1px solid #ddd;vertical-align:top}th{background:#f4f4f4}small{color:#666}\
    .triggered,.open{color:#b00020;font-weight:600}.acknowledged,.snoozed{color:#8a5a00;font-weight:600}\
    .resolved,.closed,.deleted{color:#2e6b2e}";

/// Renders the page.
pub(crate) fn render(snapshot: &Snapshot) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Pagebridge sandbox</title>\
         <meta http-equiv=\"refresh\" content=\"3\"><style>{STYLE}</style></head><body>\
         <h1>Pagebridge sandbox</h1><p>Unofficial look-alikes of PagerDuty and Opsgenie. It is {} here. \
         <a href=\"/state\">All of it as JSON</a>.</p>",
        snapshot.now
    );
    faults(&mut page, snapshot);
    incidents(&mut page, snapshot);
    alerts(&mut page, snapshot);
    page.push_str("</body></html>");
    page
}

fn faults(page: &mut String, snapshot: &Snapshot) {
    if snapshot.faults.is_empty() {
        return;
    }
    page.push_str("<h2>Faults in force</h2><ul>");
    for active in &snapshot.faults {
        let text = serde_json::to_string(active).unwrap_or_default();
        row(page, format_args!("<li><code>{}</code></li>", escape(&text)));
    }
    page.push_str("</ul>");
}

fn incidents(page: &mut String, snapshot: &Snapshot) {
    let held = &snapshot.pagerduty;
    row(page, format_args!("<h2>PagerDuty: {} incidents</h2>", held.incidents.len()));
    page.push_str(
        "<table><tr><th>#</th><th>Status</th><th>Title</th><th>Urgency</th><th>Assigned</th><th>Notes</th></tr>",
    );
    for incident in held.incidents.iter().rev().take(ROWS_MAX) {
        let notes = incident.notes.iter().map(|note| (note.user.as_str(), note.content.as_str()));
        row(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"{status}\">{status}</td><td>{}<br><small>{} {}</small></td>\
                 <td>{}</td><td>{}</td><td>{}</td></tr>",
                incident.number,
                escape(&incident.title),
                escape(&incident.id),
                escape(incident.incident_key.as_deref().unwrap_or_default()),
                incident.urgency,
                escape(&incident.assignees.join(", ")),
                note_list(notes),
                status = incident.status,
            ),
        );
    }
    page.push_str("</table>");
    let hooks = &held.webhooks;
    row(
        page,
        format_args!("<p>Webhooks: {} made, {} delivered, {} waiting.</p>", hooks.made, hooks.delivered, hooks.waiting),
    );
}

fn alerts(page: &mut String, snapshot: &Snapshot) {
    let held = &snapshot.opsgenie;
    row(page, format_args!("<h2>Opsgenie: {} alerts</h2>", held.alerts.len()));
    page.push_str(
        "<table><tr><th>#</th><th>State</th><th>Message</th><th>Priority</th><th>Owner</th><th>Notes</th></tr>",
    );
    for alert in held.alerts.iter().rev().take(ROWS_MAX) {
        let notes = alert.notes.iter().map(|note| (note.user.as_str(), note.text.as_str()));
        row(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"{state}\">{state}</td><td>{}<br><small>{}</small></td>\
                 <td>{}</td><td>{}</td><td>{}</td></tr>",
                alert.tiny_id,
                escape(&alert.message),
                escape(&alert.id),
                alert.priority,
                escape(&alert.owner),
                note_list(notes),
                state = alert.state,
            ),
        );
    }
    page.push_str("</table>");
    let hooks = &held.webhooks;
    row(
        page,
        format_args!("<p>Webhooks: {} made, {} delivered, {} waiting.</p>", hooks.made, hooks.delivered, hooks.waiting),
    );
}

fn note_list<'a>(notes: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    notes.map(|(by, text)| format!("<small>{}:</small> {}", escape(by), escape(text))).collect::<Vec<_>>().join("<br>")
}

fn row(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a string cannot fail");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
