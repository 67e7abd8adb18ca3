//! What a command is answered with, and how each chat writes it. All of it is data: nothing in it is markup.

use crate::request::Form;
use pagebridge_actions::ActionError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Longest text of an answer, in characters: what Slack shows as one message.
const CHARS_MAX: usize = 3_500;

/// Put after a sign that would mean something, so that it does not; it takes no room.
const NOTHING: char = '\u{200b}';

/// An answer, before it is written for a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// The lines of it.
    pub(crate) lines: Vec<String>,
    /// What follows them in a block of its own, such as an error.
    pub(crate) block: Option<String>,
    /// Whether it was done.
    pub(crate) is_ok: bool,
    /// Whether all in the channel may want to know: something has changed.
    pub(crate) is_public: bool,
}

impl Reply {
    /// What was asked for, for the one who asked.
    pub(crate) fn told(lines: Vec<String>) -> Self {
        Self { lines, block: None, is_ok: true, is_public: false }
    }

    /// What was changed.
    pub(crate) fn done(lines: Vec<String>) -> Self {
        Self { is_public: true, ..Self::told(lines) }
    }

    /// Why something was not done.
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self { is_ok: false, ..Self::told(vec![why.into()]) }
    }

    /// What went wrong on the way.
    pub(crate) fn failed(error: &ActionError) -> Self {
        let mut text = error.message.clone();
        for more in error.errors.iter().filter(|more| !error.message.contains(more.as_str())) {
            text = format!("{text}\n{more}");
        }
        Self { block: Some(text), is_ok: false, ..Self::told(Vec::new()) }
    }

    /// The same with a word in front.
    pub(crate) fn after(mut self, word: &str) -> Self {
        self.lines.insert(0, word.to_owned());
        self
    }

    /// As a text for this chat.
    pub(crate) fn text(&self, form: Form) -> String {
        let mut text = self.lines.iter().map(|line| escaped(form, line)).collect::<Vec<_>>().join(form.line_break());
        if let Some(block) = &self.block {
            if !text.is_empty() {
                text.push_str(form.line_break());
            }
            text.push_str(&fenced(form, &cut(block)));
        }
        text
    }

    /// The same, no longer than chats show.
    pub(crate) fn cut(mut self) -> Self {
        let mut left = CHARS_MAX;
        let count = self.lines.len();
        let mut kept = Vec::new();
        for line in self.lines {
            let chars = line.chars().count() + 1;
            if chars > left {
                break;
            }
            left -= chars;
            kept.push(line);
        }
        if kept.len() < count {
            kept.push(format!("… and {} more lines", count - kept.len()));
        }
        self.lines = kept;
        self
    }
}

impl Form {
    fn line_break(self) -> &'static str {
        if self == Self::Teams { "<br>" } else { "\n" }
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    pagerduty::text::cut(text, CHARS_MAX)
}

/// One line of data as this chat writes it.
fn escaped(form: Form, line: &str) -> String {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match form {
        Form::Plain => line,
        Form::Slack | Form::SlackButton => without_mentions(&html(&line, false)),
        Form::Teams => without_mentions(&html(&line, true)),
        Form::Mattermost | Form::MattermostButton => without_mentions(&markdown(&line)),
    }
}

/// A block of data as this chat writes it: nothing in it can end it.
fn fenced(form: Form, block: &str) -> String {
    let block: String = block.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let unfenced = || block.replace("```", "`\u{200b}`\u{200b}`");
    match form {
        Form::Teams => format!("<pre>{}</pre>", without_mentions(&html(&block, true))),
        Form::Slack | Form::SlackButton => format!("```\n{}\n```", without_mentions(&html(&unfenced(), false))),
        Form::Mattermost | Form::MattermostButton => format!("```\n{}\n```", without_mentions(&unfenced())),
        Form::Plain => format!("```\n{}\n```", unfenced()),
    }
}

fn html(text: &str, quotes: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if quotes { text.replace('"', "&quot;") } else { text }
}

/// The signs that Mattermost reads as markup.
const MARKS: &str = "\\`*_[]~<>|#";

fn markdown(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut is_first = true;
    for c in text.chars() {
        // Numbers of incidents begin with a `#`, which is a heading or a tag only where a word begins.
        if MARKS.contains(c) || (is_first && matches!(c, '-' | '+' | '=' | ':')) {
            written.push('\\');
        }
        is_first = is_first && c == ' ';
        written.push(c);
    }
    written
}

/// Takes from every `@name` what makes it call somebody; addresses stay as they are.
fn without_mentions(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut before = ' ';
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        written.push(c);
        if c == '@' && !before.is_alphanumeric() && signs.peek().is_some_and(|next| next.is_alphanumeric()) {
            written.push(NOTHING);
        }
        before = c;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: Form, line: &str) -> String {
        Reply::told(vec![line.to_owned()]).text(form)
    }

    #[test]
    fn what_people_and_monitors_write_is_no_markup() {
        for (form, line, wanted) in [
            (Form::Slack, "<!here> & <https://x|y>", "&lt;!here&gt; &amp; &lt;https://x|y&gt;"),
            (Form::Slack, "@channel ann@example.com", "@\u{200b}channel ann@example.com"),
            (Form::Slack, "two\nlines", "two lines"),
            (Form::Mattermost, "[x](http://y) **b** `c`", "\\[x\\](http://y) \\*\\*b\\*\\* \\`c\\`"),
            (Form::Mattermost, "@all (@here)", "@\u{200b}all (@\u{200b}here)"),
            (Form::Mattermost, "- a", "\\- a"),
            (Form::Teams, "<b>\"x\"</b>", "&lt;b&gt;&quot;x&quot;&lt;/b&gt;"),
            (Form::Plain, "<b> @all", "<b> @all"),
        ] {
            assert_eq!(text(form, line), wanted);
        }
    }

    #[test]
    fn nothing_ends_a_block_but_its_end() {
        let error = ActionError::new(pagebridge_actions::ErrorKind::Refused, "a ``` @here <b>");
        let reply = Reply::failed(&error).after("Failed");
        assert_eq!(reply.text(Form::Plain), "Failed\n```\na `\u{200b}`\u{200b}` @here <b>\n```");
        assert_eq!(reply.text(Form::Slack), "Failed\n```\na `\u{200b}`\u{200b}` @\u{200b}here &lt;b&gt;\n```");
        assert_eq!(reply.text(Form::Mattermost), "Failed\n```\na `\u{200b}`\u{200b}` @\u{200b}here <b>\n```");
        assert_eq!(reply.text(Form::Teams), "Failed<br><pre>a ``` @\u{200b}here &lt;b&gt;</pre>");
    }

    #[test]
    fn a_long_answer_is_cut_between_lines() {
        let reply = Reply::told(vec!["x".repeat(1_000); 9]).cut();
        assert_eq!(reply.lines.len(), 4);
        assert_eq!(reply.lines[3], "… and 6 more lines");
    }
}
