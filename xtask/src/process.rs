//! Running a child so that its output is seen at once and read at the same time.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// Runs `command`, passes its standard output on line by line, and shows each line to `on_line`.
///
/// Standard error goes straight through.
pub(crate) fn stream(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
    let what = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {what}"))?;
    let stdout = child.stdout.take().expect("standard output was asked to be a pipe");
    let mut reader = BufReader::new(stdout);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).with_context(|| format!("could not read from {what}"))? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&bytes);
        print!("{line}");
        on_line(line.trim_end());
    }
    child.wait().with_context(|| format!("could not wait for {what}"))
}

/// Returns the exit code to hand on for a child that ended with `status`.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        // Ended by a signal.
        None => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_seen_even_without_a_last_newline() {
        let mut lines = Vec::new();
        let status =
            stream(Command::new("printf").arg("one\\ntwo"), |line| lines.push(line.to_owned())).expect("printf starts");
        assert!(status.success());
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = stream(&mut Command::new("no-such-program-here"), |_| {}).expect_err("there is none");
        assert_eq!(error.to_string(), "could not start no-such-program-here");
    }
}
