//! Project tasks: `cargo xtask test`, `tidy`, `postgres`, `rt`, `bench`, `kill`, `peers`.
//!
//! Nothing here is shipped. The crate uses none of ours, so that it builds in seconds on a clean
//! machine and can say what is missing before anything else is compiled.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod groups;
mod http;
mod install;
mod kept;
mod kill;
mod own;
mod peers;
mod postgres;
mod process;
mod rt;
mod tally;
mod test;
mod tidy;
mod time;
mod workspace;

/// What the command line asks for.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "Project tasks")]
enum Task {
    /// Runs the checks and every test group; ends with a line `N passed, N failed`.
    Test(test::Options),
    /// Checks the rules of the project that the compiler does not know.
    Tidy(tidy::Options),
    /// Runs a command with a private PostgreSQL server, named in PAGEBRIDGE_TEST_POSTGRES.
    Postgres(postgres::Options),
    /// Runs a command with a private Request Tracker 5, named in RT_URL, RT_TOKEN and RT_QUEUE.
    Rt(rt::Options),
    /// Measures the release binary against ceilings taken in the same run.
    Bench(bench::Options),
    /// Kills the bridge at random moments under load, and looks for what was lost or done twice.
    Kill(kill::Options),
    /// Runs real clients of PagerDuty against the sandbox and against the bridge.
    Peers(peers::Options),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test(options) => test::run(&options),
        Task::Tidy(options) => tidy::run(&options),
        Task::Postgres(options) => postgres::run(&options),
        Task::Rt(options) => rt::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Kill(options) => kill::run(&options),
        Task::Peers(options) => peers::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
