//! The help of the program as a whole: its commands in groups.

use crate::rest;
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

fn list(head: &str, commands: &[&Command], width: usize) -> String {
    let mut text = format!("{}{head}:{}\n", BOLD.0, BOLD.1);
    for command in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "  \u{1b}[1m{:width$}\u{1b}[0m  {about}", command.get_name());
    }
    text
}
