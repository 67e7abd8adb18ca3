//! What all pages have around them, and the pieces that several use.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use crate::clock::seconds;
use crate::outgoing::WebhookRecord;

/// Puts a page into its frame.
pub(super) fn page(title: &str, now: Timestamp, content: &Markup) -> Markup {
    frame(
        title,
        &html! {
            (clock(now))
            (content)
        },
    )
}

/// Says why something was not done.
pub(super) fn refused(why: &str) -> Markup {
    frame(
        "Not done",
        &html! {
            section.notice role="alert" { h2 { "Not done" } p { (why) } p { a href="/" { "Back to the overview" } } }
        },
    )
}

fn frame(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Pagebridge sandbox" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                header {
                    h1 { a href="/" { "Pagebridge sandbox" } }
                    p.unofficial {
                        strong { "Unofficial." }
                        " Look-alikes of PagerDuty and Opsgenie for tests. Not made, endorsed or checked by PagerDuty or "
                        "Atlassian; nobody is paged from here."
                    }
                }
                main { (content) }
                footer { a href="/state" { "Everything as JSON" } }
            }
        }
    }
}

fn clock(now: Timestamp) -> Markup {
    html! {
        section #clock-card {
            form.row method="post" action="/page/clock" {
                div.wide {
                    h2 #clock data-live { "It is " (seconds(now)) " here" }
                }
                @for (text, minutes) in [("+1 min", 1), ("+5 min", 5), ("+30 min", 30), ("+1 h", 60), ("+1 day", 1_440)] {
                    button name="minutes" value=(minutes) { (text) }
                }
            }
        }
    }
}

/// Shows a status as a coloured word.
pub(super) fn state(word: &str) -> Markup {
    html! { span.state.(word) { (word) } }
}

/// Lists attempts to deliver webhooks.
pub(super) fn webhooks<'a>(records: impl Iterator<Item = &'a WebhookRecord>) -> Markup {
    html! {
        table {
            thead { tr { th { "Time" } th { "Event" } th { "To" } th { "Attempt" } th { "Result" } } }
            tbody {
                @for record in records {
                    tr {
                        td { (seconds(record.at)) }
                        td { (record.event) }
                        td data-label="To" { code { (record.target) } }
                        td data-label="Attempt" { (record.attempt) }
                        td { span.state.(outcome_class(&record.outcome)) { (record.outcome) } }
                    }
                }
            }
        }
    }
}

fn outcome_class(outcome: &str) -> &'static str {
    match outcome {
        "delivered" => "delivered",
        retry if retry.starts_with("retry") => "waiting",
        _ => "failed",
    }
}
