//! The help of the program as a whole: its commands in groups.

use crate::{output, rest};
use clap::Command;
use std::fmt::Write;

/// Lists what talks to PagerDuty directly apart from what runs and looks at the bridge.
pub(crate) fn grouped(command: Command) -> Command {
    let (direct, own): (Vec<&Command>, Vec<&Command>) = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .partition(|command| rest::is_command(command.get_name()));
    let width = command.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or_default();
    let own =
        list("Commands", &own, width) + &format!("  {:width$}  Print this message or the help of a command\n", "help");
    let direct = list("PagerDuty, directly (`pagebridge help incident` lists what can be done)", &direct, width);
    let head = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n";
    let template = format!("{head}{own}\n{direct}\n{}Options:{}\n{{options}}{{after-help}}", BOLD.0, BOLD.1);
    command.help_template(template)
}

/// What clap has around heads; taken out again where the output is no terminal.
const BOLD: (&str, &str) = ("\u{1b}[1m\u{1b}[4m", "\u{1b}[0m");

/// Longest line, where the terminal is not narrower.
const WIDTH_MAX: usize = 100;

fn list(head: &str, commands: &[&Command], width: usize) -> String {
    let room = output::width().unwrap_or(WIDTH_MAX).min(WIDTH_MAX);
    let mut text = format!("{}{head}:{}\n", BOLD.0, BOLD.1);
    for command in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let about = wrapped(&about, room.saturating_sub(width + 4).max(20), width + 4);
        let _ = writeln!(text, "  \u{1b}[1m{:width$}\u{1b}[0m  {about}", command.get_name());
    }
    text
}

/// Breaks a text between words into lines of `room` characters; all but the first are indented.
fn wrapped(text: &str, room: usize, indent: usize) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > room {
            let _ = write!(lines, "\n{:indent$}", "");
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines += word;
        length += more;
    }
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_texts_are_broken_between_words() {
        for (text, wanted) in [
            ("one two three", "one two\n  three"),
            ("one two", "one two"),
            ("wonderfully one", "wonderfully\n  one"),
            ("", ""),
        ] {
            assert_eq!(super::wrapped(text, 8, 2), wanted);
        }
    }
}
