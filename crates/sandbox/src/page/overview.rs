//! The first page: everything at a glance.

use maud::{Markup, html};

use super::layout::{page, state, webhooks};
use crate::chat::MattermostPost;
use crate::clock::seconds;
use crate::opsgenie::AlertView;
use crate::pagerduty::{IncidentView, SubscriptionView};
use crate::snapshot::{ActiveFault, Snapshot};

/// Shows at most so many incidents and alerts, the newest first.
const ROWS_MAX: usize = 100;
/// Shows at most so many attempts to deliver webhooks.
const ATTEMPTS_MAX: usize = 20;

/// The faults that can be switched on with a click: what the form sends, and what it says.
pub(super) const PRESETS: [(&str, &str); 10] = [
    ("503", "calls: answer 503"),
    ("429", "calls: answer 429"),
    ("slow", "calls: answer after 2 s"),
    ("time_out", "calls: do it, never answer"),
    ("reset", "calls: reset the connection"),
    ("garble", "calls: answer something that is not JSON"),
    ("drop", "webhooks: never send"),
    ("duplicate", "webhooks: send twice"),
    ("delay", "webhooks: hold for 10 s"),
    ("reorder", "webhooks: let later ones overtake"),
];

/// The systems that a fault can be switched on for.
const SYSTEMS: [&str; 6] = ["PagerDuty", "Opsgenie", "NetBox", "Slack", "Mattermost", "Teams"];

pub(super) fn render(snapshot: &Snapshot) -> Markup {
    let held = &snapshot.pagerduty;
    page(
        "Overview",
        snapshot.now,
        &html! {
            (trigger(snapshot))
            section {
                h2 { "PagerDuty incidents" }
                div #incidents data-live { (incidents(&held.incidents)) }
            }
            section {
                h2 { "Opsgenie alerts" }
                div #alerts data-live { (alerts(&snapshot.opsgenie.alerts)) }
            }
            section {
                h2 { "Posts in chats" }
                div #chats data-live { (chats(snapshot)) }
            }
            div.columns {
                section {
                    h2 { "Faults" }
                    div #faults data-live { (faults(&snapshot.faults)) }
                    (new_fault())
                }
                section {
                    h2 { "PagerDuty webhook subscriptions" }
                    div #subscriptions data-live { (subscriptions(&held.subscriptions)) }
                }
            }
            section {
                h2 { "Webhooks sent" }
                div #webhooks data-live { (sent(snapshot)) }
            }
        },
    )
}

fn trigger(snapshot: &Snapshot) -> Markup {
    html! {
        section {
            h2 { "Trigger an incident " small { "as an event of the Events API" } }
            form.row method="post" action="/page/trigger" {
                label.wide { "What is wrong" input name="summary" required maxlength="1024"; }
                label {
                    "Service"
                    select name="service" {
                        @for service in &snapshot.pagerduty.services {
                            option value=(service.id) { (service.name) " (" (service.status) ")" }
                        }
                    }
                }
                label {
                    "Severity"
                    select name="severity" {
                        @for severity in ["critical", "error", "warning", "info"] { option { (severity) } }
                    }
                }
                label { "Dedup key" input name="dedup_key" maxlength="255" placeholder="drawn if empty"; }
                button.main { "Trigger" }
            }
        }
    }
}

fn incidents(incidents: &[IncidentView]) -> Markup {
    html! {
        @if incidents.is_empty() { p.soft { "None yet." } } @else {
            table {
                thead { tr { th { "#" } th { "Status" } th { "Title" } th { "Urgency" } th { "Assigned" } th { "Do" } } }
                tbody {
                    @for incident in incidents.iter().rev().take(ROWS_MAX) { (incident_row(incident)) }
                }
            }
            @if incidents.len() > ROWS_MAX { p.soft { "The newest " (ROWS_MAX) " of " (incidents.len()) "." } }
        }
    }
}

fn incident_row(incident: &IncidentView) -> Markup {
    let key = incident.incident_key.as_deref().or(incident.alerts.first().map(|alert| alert.key.as_str()));
    html! {
        tr {
            td data-label="Incident" { (incident.number) }
            td { (state(incident.status)) }
            td { a href={"/incidents/" (incident.id)} { (incident.title) } br; code.soft { (key.unwrap_or_default()) } }
            td data-label="Urgency" { (incident.urgency) }
            td data-label="Assigned" { (incident.assignees.join(", ")) }
            td {
                form method="post" action={"/page/incidents/" (incident.id)} {
                    input type="hidden" name="back" value="/";
                    @if incident.status == "triggered" { button name="act" value="acknowledge" { "Acknowledge" } }
                    @if incident.status != "resolved" { button name="act" value="resolve" { "Resolve" } }
                    @if incident.status == "resolved" { button name="act" value="reopen" { "Reopen" } }
                }
            }
        }
    }
}

fn alerts(alerts: &[AlertView]) -> Markup {
    html! {
        @if alerts.is_empty() { p.soft { "None yet." } } @else {
            table {
                thead { tr { th { "#" } th { "State" } th { "Message" } th { "Priority" } th { "Owner" } th { "Do" } } }
                tbody {
                    @for alert in alerts.iter().rev().take(ROWS_MAX) {
                        tr {
                            td data-label="Alert" { (alert.tiny_id) }
                            td { (state(alert.state)) }
                            td { a href={"/alerts/" (alert.id)} { (alert.message) } br; code.soft { (alert.alias) } }
                            td data-label="Priority" { (alert.priority) }
                            td data-label="Owner" { (alert.owner) }
                            td {
                                form method="post" action={"/page/alerts/" (alert.id)} {
                                    input type="hidden" name="back" value="/";
                                    @if alert.state == "open" { button name="act" value="acknowledge" { "Acknowledge" } }
                                    @if !matches!(alert.state, "closed" | "deleted") {
                                        button name="act" value="close" { "Close" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn chats(snapshot: &Snapshot) -> Markup {
    let slack =
        snapshot.slack.messages.iter().map(|one| ("Slack", one.thread_ts.is_some(), one.text.clone(), one.edits));
    let mattermost = snapshot.mattermost.posts.iter().filter(|post| post.delete_at == 0);
    let mattermost = mattermost.map(|one| ("Mattermost", !one.root_id.is_empty(), post_text(one), one.edits));
    let teams = snapshot.teams.cards.iter().map(|one| ("Teams", false, first_text(&one.content), 0));
    let all: Vec<_> = slack.chain(mattermost).chain(teams).collect();
    html! {
        @if all.is_empty() { p.soft { "None yet." } } @else {
            ul.plain {
                @for (chat, is_reply, text, edits) in all.iter().rev().take(ROWS_MAX) {
                    li {
                        span.soft { (chat) @if *is_reply { ", reply" } @if *edits > 0 { ", updated " (edits) " times" } }
                        br;
                        span.pre { (text) }
                    }
                }
            }
        }
    }
}

/// A post's text, or that of its first attachment.
fn post_text(post: &MattermostPost) -> String {
    let attached = post.props["attachments"][0]["fallback"].as_str().unwrap_or_default();
    if post.message.is_empty() { attached.to_owned() } else { post.message.clone() }
}

/// A card's first text.
fn first_text(card: &serde_json::Value) -> String {
    card["body"][0]["text"].as_str().unwrap_or_default().to_owned()
}

fn faults(faults: &[ActiveFault]) -> Markup {
    html! {
        @if faults.is_empty() { p.soft { "None in force." } } @else {
            ul.plain {
                @for active in faults {
                    li {
                        code { (serde_json::to_string(&active.fault).unwrap_or_default()) }
                        " hit " (active.hits) " times "
                        form method="post" action={"/page/faults/" (active.id.0) "/off"} {
                            button { "Switch off" }
                        }
                    }
                }
            }
            form method="post" action="/page/faults/off" { button { "Switch all off" } }
        }
    }
}

fn new_fault() -> Markup {
    html! {
        form.row method="post" action="/page/faults" {
            label {
                "Of"
                select name="system" {
                    @for (place, name) in SYSTEMS.into_iter().enumerate() {
                        option value=(name.to_lowercase()) selected[place == 0] { (name) }
                    }
                }
            }
            label { "Fault" select name="preset" { @for (value, text) in PRESETS { option value=(value) { (text) } } } }
            label {
                "Hits"
                select name="share" {
                    @for (value, text) in [("1", "all"), ("0.5", "half"), ("0.1", "1 in 10")] {
                        option value=(value) { (text) }
                    }
                }
            }
            button { "Switch on" }
        }
    }
}

fn subscriptions(subscriptions: &[SubscriptionView]) -> Markup {
    html! {
        @if subscriptions.is_empty() { p.soft { "None; nothing is sent anywhere." } } @else {
            ul.plain {
                @for one in subscriptions {
                    li {
                        code { (one.id) } " " (one.url) " "
                        @if one.temporarily_disabled { span.state.failed { "switched off after three drops" } }
                        @else if !one.active { span.state.waiting { "inactive" } }
                        br;
                        span.soft { @if one.events.is_empty() { "every event" } @else { (one.events.join(", ")) } }
                    }
                }
            }
        }
    }
}

fn sent(snapshot: &Snapshot) -> Markup {
    let both = [("PagerDuty", &snapshot.pagerduty.webhooks), ("Opsgenie", &snapshot.opsgenie.webhooks)];
    let mut records: Vec<_> = snapshot.pagerduty.webhook_log.iter().chain(&snapshot.opsgenie.webhook_log).collect();
    records.sort_by_key(|record| record.at);
    html! {
        @for (name, counts) in both {
            p {
                (name) ": " (counts.made) " made, " (counts.delivered) " delivered, " (counts.waiting) " waiting, "
                (counts.given_up) " given up, " (counts.dropped) " dropped."
            }
        }
        @if let Some(last) = records.last() {
            p.soft { "The last at " (seconds(last.at)) "; newest first." }
            (webhooks(records.iter().rev().take(ATTEMPTS_MAX).copied()))
        }
    }
}
