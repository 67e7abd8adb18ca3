//! One PagerDuty incident.

use maud::{Markup, html};

use super::layout::{page, state, webhooks};
use crate::clock::seconds;
use crate::pagerduty::IncidentView;
use crate::snapshot::Snapshot;

pub(super) fn render(snapshot: &Snapshot, incident: &IncidentView) -> Markup {
    let about = |id: &str| id == incident.id;
    page(
        &incident.title,
        snapshot.now,
        &html! {
            section {
                h2 { "#" (incident.number) " " (incident.title) }
                div #incident data-live { (facts(incident)) }
            }
            (acts(snapshot, incident))
            div.columns {
                section {
                    h2 { "Alerts" }
                    ul.plain #incident-alerts data-live {
                        @for alert in &incident.alerts {
                            li {
                                (state(if alert.open { "triggered" } else { "resolved" })) " " (alert.summary) " "
                                span.soft { (alert.severity) ", triggered " (alert.triggers) " times" }
                                br; code { (alert.key) }
                            }
                        }
                    }
                }
                section {
                    h2 { "Notes" }
                    ul.plain #incident-notes data-live {
                        @for note in &incident.notes {
                            li { span.soft { (seconds(note.created_at)) " " (note.user) } br; span.pre { (note.content) } }
                        }
                    }
                }
            }
            section {
                h2 { "Log" }
                ul.plain #incident-log data-live {
                    @for line in &incident.log {
                        li { span.soft { (seconds(line.at)) } " " (line.kind) span.soft { " by " (line.by) } }
                    }
                }
            }
            section {
                h2 { "Webhooks about it" }
                div #incident-webhooks data-live {
                    (webhooks(snapshot.pagerduty.webhook_log.iter().rev().filter(|record| about(&record.about))))
                }
            }
        },
    )
}

fn facts(incident: &IncidentView) -> Markup {
    let or_nobody = |names: &[String]| if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    html! {
        dl {
            dt { "Status" } dd { (state(incident.status)) " since " (seconds(incident.status_at)) }
            dt { "Urgency" } dd { (incident.urgency) }
            @if let Some(priority) = &incident.priority { dt { "Priority" } dd { (priority) } }
            dt { "Assigned to" } dd { (or_nobody(&incident.assignees)) }
            @if !incident.acknowledged_by.is_empty() {
                dt { "Acknowledged by" } dd { (or_nobody(&incident.acknowledged_by)) }
            }
            @if let Some(target) = &incident.merged_into {
                dt { "Merged into" } dd { a href={"/incidents/" (target)} { (target) } }
            }
            @if let Some(key) = &incident.incident_key { dt { "Key" } dd { code { (key) } } }
            dt { "Id" } dd { code { (incident.id) } }
            dt { "Opened" } dd { (seconds(incident.created_at)) }
            @if let Some(details) = incident.details.as_ref().filter(|details| !details.is_empty()) {
                dt { "Details" } dd.pre { (details) }
            }
        }
    }
}

/// The form stays as it is while the page refreshes, so it offers everything that can ever be done.
fn acts(snapshot: &Snapshot, incident: &IncidentView) -> Markup {
    html! {
        section {
            h2 { "Do something" }
            form method="post" action={"/page/incidents/" (incident.id)} {
                input type="hidden" name="back" value={"/incidents/" (incident.id)};
                div {
                    label {
                        "As"
                        select name="user" {
                            @for user in &snapshot.pagerduty.users {
                                option selected[incident.assignees.first() == Some(user)] { (user) }
                            }
                        }
                    }
                }
                p {
                    @for (act, text) in [
                        ("acknowledge", "Acknowledge"), ("unacknowledge", "Unacknowledge"), ("resolve", "Resolve"),
                        ("reopen", "Reopen"), ("escalate", "Escalate"), ("snooze", "Snooze for an hour"),
                    ] {
                        button name="act" value=(act) { (text) } " "
                    }
                }
                label { "Note, or how it was resolved" textarea name="note" {} }
                p { button name="act" value="note" { "Write the note" } }
            }
        }
    }
}
