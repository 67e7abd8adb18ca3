//! What a message about an incident says, before it is put into a chat's own form.

use ::pagerduty::text::cut;
use pagebridge_core::{Delivery, Status, Urgency};

/// The most of a title that is shown, in characters.
const TITLE_CHARS_MAX: usize = 250;

/// The most of the longer text that is shown, in characters.
const BODY_CHARS_MAX: usize = 1_000;

/// The most of a name or another short value that is shown, in characters.
const VALUE_CHARS_MAX: usize = 200;

/// People that are named; the others are counted.
const ASSIGNEES_MAX: usize = 5;

/// What a message says. All of it is text that strangers wrote: each chat escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) status: Status,
    /// One line.
    pub(crate) title: String,
    /// The incident's page in PagerDuty.
    pub(crate) url: Option<String>,
    /// Where it stands and who brought it there, such as `Acknowledged by Ann (PagerDuty)`.
    pub(crate) standing: String,
    /// Labels and values, in order.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The longer text; empty when there is none.
    pub(crate) body: String,
    /// PagerDuty's id of the incident while it can be worked on.
    pub(crate) incident: Option<String>,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    /// The name of the action, as it comes back with a click.
    pub(crate) action: &'static str,
    pub(crate) label: &'static str,
}

pub(crate) const ACKNOWLEDGE: Button = Button { action: "pb_ack", label: "Acknowledge" };
pub(crate) const RESOLVE: Button = Button { action: "pb_resolve", label: "Resolve" };
pub(crate) const ESCALATE: Button = Button { action: "pb_escalate", label: "Escalate" };

impl Card {
    /// What is to be said now.
    pub(crate) fn of(delivery: &Delivery) -> Self {
        let content = &delivery.content;
        let page = delivery.belongs_to.as_ref();
        let is_over = delivery.status == Status::Resolved;
        Self {
            status: delivery.status,
            title: one_line(&content.title, TITLE_CHARS_MAX),
            url: page
                .and_then(|page| page.url.clone())
                .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            standing: standing(delivery),
            facts: facts(delivery),
            body: cut(content.body.trim(), BODY_CHARS_MAX).into_owned(),
            incident: page.map(|page| page.id.0.clone()).filter(|_| !is_over),
        }
    }

    /// The buttons that make sense now.
    pub(crate) fn buttons(&self) -> Vec<Button> {
        match self.status {
            Status::Triggered => vec![ACKNOWLEDGE, RESOLVE, ESCALATE],
            Status::Acknowledged => vec![RESOLVE, ESCALATE],
            Status::Resolved => Vec::new(),
        }
    }

    /// The colour of the bar beside the message, as `#rrggbb`.
    pub(crate) fn color(&self) -> &'static str {
        match self.status {
            Status::Triggered => "#c9302c",
            Status::Acknowledged => "#e0a100",
            Status::Resolved => "#2e7d32",
        }
    }

    /// The whole message in one line, for notifications and for where nothing else is shown.
    pub(crate) fn summary(&self) -> String {
        format!("{}: {}", self.standing, self.title)
    }
}

fn standing(delivery: &Delivery) -> String {
    let by = delivery.by.as_deref().map(|by| one_line(by, VALUE_CHARS_MAX));
    match (delivery.status, by) {
        (Status::Triggered, None) => "Triggered".to_owned(),
        // Nobody triggers by name: somebody gave it back, or opened it again.
        (Status::Triggered, Some(by)) => format!("Triggered again by {by}"),
        (Status::Acknowledged, None) => "Acknowledged".to_owned(),
        (Status::Acknowledged, Some(by)) => format!("Acknowledged by {by}"),
        (Status::Resolved, None) => "Resolved".to_owned(),
        (Status::Resolved, Some(by)) => format!("Resolved by {by}"),
    }
}

fn facts(delivery: &Delivery) -> Vec<(&'static str, String)> {
    let content = &delivery.content;
    let urgency = match content.urgency {
        Urgency::High => "high",
        Urgency::Low => "low",
    };
    let service = content.service_name.as_deref().or(content.service.as_deref());
    let rows = [
        ("Service", service.map(|name| one_line(name, VALUE_CHARS_MAX))),
        ("Urgency", Some(urgency.to_owned())),
        ("Priority", content.priority.as_deref().map(|name| one_line(name, VALUE_CHARS_MAX))),
        ("Assigned to", people(&content.assignees).filter(|_| delivery.status != Status::Resolved)),
    ];
    rows.into_iter().filter_map(|(label, value)| Some((label, value.filter(|value| !value.is_empty())?))).collect()
}

fn people(names: &[String]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(ASSIGNEES_MAX).map(|name| one_line(name, VALUE_CHARS_MAX)).collect();
    let more = names.len().saturating_sub(ASSIGNEES_MAX);
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// A text without breaks, cut with a mark.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), chars_max).into_owned()
}

/// The characters that mean something in Markdown, made plain.
pub(crate) fn plain_markdown(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '#' | '<' | '>' | '|' | '!') {
            plain.push('\\');
        }
        plain.push(c);
        // What follows an @ might be the name of somebody, or of everybody, who would be called.
        if c == '@' {
            plain.push('\u{200b}');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write_is_plain_text() {
        assert_eq!(plain_markdown("a [b](c) *d* `e` #f"), "a \\[b\\](c) \\*d\\* \\`e\\` \\#f");
        assert_eq!(plain_markdown("@channel <b>"), "@\u{200b}channel \\<b\\>");
        assert_eq!(one_line("disk\nfull\t on  db", 100), "disk full on db");
        assert_eq!(one_line(&"x".repeat(20), 10), format!("{}…", "x".repeat(9)));
    }

    #[test]
    fn a_crowd_is_counted() {
        let names: Vec<String> = (1..=7).map(|n| format!("p{n}")).collect();
        assert_eq!(people(&names).as_deref(), Some("p1, p2, p3, p4, p5 and 2 more"));
        assert_eq!(people(&names[..2]).as_deref(), Some("p1, p2"));
        assert_eq!(people(&[]), None);
    }
}
