//! One Opsgenie alert.

use maud::{Markup, html};

use super::layout::{page, state, webhooks};
use crate::clock::seconds;
use crate::opsgenie::AlertView;
use crate::snapshot::Snapshot;

pub(super) fn render(snapshot: &Snapshot, alert: &AlertView) -> Markup {
    page(
        &alert.message,
        snapshot.now,
        &html! {
            section {
                h2 { "#" (alert.tiny_id) " " (alert.message) }
                dl #alert data-live {
                    dt { "State" } dd { (state(alert.state)) }
                    dt { "Priority" } dd { (alert.priority) }
                    dt { "Owner" } dd { @if alert.owner.is_empty() { "nobody" } @else { (alert.owner) } }
                    dt { "Alias" } dd { code { (alert.alias) } }
                    dt { "Id" } dd { code { (alert.id) } }
                }
            }
            section {
                h2 { "Do something" }
                form method="post" action={"/page/alerts/" (alert.id)} {
                    input type="hidden" name="back" value={"/alerts/" (alert.id)};
                    p {
                        @for (act, text) in
                            [("acknowledge", "Acknowledge"), ("unacknowledge", "Unacknowledge"), ("close", "Close")]
                        {
                            button name="act" value=(act) { (text) } " "
                        }
                    }
                    label { "Note" textarea name="note" {} }
                    p { button name="act" value="note" { "Write the note" } }
                }
            }
            div.columns {
                section {
                    h2 { "Notes" }
                    ul.plain #alert-notes data-live {
                        @for note in &alert.notes { li { span.soft { (note.user) } br; span.pre { (note.text) } } }
                    }
                }
                section {
                    h2 { "Log" }
                    ul.plain #alert-log data-live {
                        @for line in &alert.log {
                            li { span.soft { (seconds(line.at)) } " " (line.action) span.soft { " by " (line.by) } }
                        }
                    }
                }
            }
            section {
                h2 { "Webhooks about it" }
                div #alert-webhooks data-live {
                    (webhooks(snapshot.opsgenie.webhook_log.iter().rev().filter(|record| record.about == alert.id)))
                }
            }
        },
    )
}
