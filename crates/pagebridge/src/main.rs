//! The program `pagebridge`: command line, configuration, and which parts are put together.

mod account;
mod api;
mod change;
mod chat;
mod check;
mod cli;
mod config;
mod demo;
mod doctor;
mod drill;
mod env;
mod exit;
mod export;
mod gate;
mod help;
mod logs;
mod mcp;
mod netbox;
mod operator;
mod output;
mod pagerduty;
mod posts;
mod reading;
mod rest;
mod rt;
mod sandbox;
mod send;
mod senders;
mod serve;
mod token;
mod wiring;

use api::Api;
use clap::{CommandFactory, FromArgMatches};
use cli::{Cli, Command, ConfigArgs, DeadLettersCommand, IncidentsCommand, OperatorCommand, ServerArgs};
use config::{Loaded, Overrides};
use env::Env;
use exit::{CliError, Exit};
use std::process::ExitCode;
use std::time::Duration;

/// How long what still runs after a command has ended may take; a stop has been graceful before.
const LAST_MOMENT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    // One provider for every client, before the first is made. It fails only when it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::from_arg_matches(&help::grouped(Cli::command()).get_matches()).unwrap_or_else(|error| error.exit());
    let json = cli.json;
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report(json);
            error.exit.into()
        }
    }
}

fn start(cli: Cli) -> Result<(), CliError> {
    let env = Env::load();
    let is_server = matches!(cli.command, Command::Serve(_) | Command::Sandbox(_));
    logs::start(cli.log.as_deref(), cli.log_format, if is_server { "info" } else { "warn" }, &env);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Failed, format!("cannot start the runtime: {error}"), ""))?;
    let ended = runtime.block_on(run(cli, &env));
    runtime.shutdown_timeout(LAST_MOMENT);
    ended
}

async fn run(cli: Cli, env: &Env) -> Result<(), CliError> {
    let json = cli.json;
    match cli.command {
        Command::Serve(args) => serve::run(&check::accept(load(args, env), json)?, json).await,
        Command::Demo(args) => demo::run(&args, json).await,
        Command::Drill(args) => drill::run(&args, json).await,
        Command::Sandbox(args) => sandbox::run(&args, json).await,
        Command::Check(args) => check::run(load(args, env), json),
        Command::Analytics(args) => account::analytics::run(&args, env, json).await,
        Command::Lint(args) => account::lint::run(&args, json),
        Command::Doctor(args) => doctor::run(args, env, json).await,
        Command::Operator(args) => {
            let OperatorCommand::Test(args) = args.command;
            operator::test(&check::accept(load(args, env), json)?, json).await
        }
        Command::Token(args) => match args.command {
            token::TokenCommand::New(args) => token::new(&args, json),
            token::TokenCommand::List(args) => {
                token::list(&check::accept(load(args, env), json)?, json);
                Ok(())
            }
        },
        Command::Export(args) => export::run(&args.command, json),
        Command::PagerDuty(asked) => rest::run(&asked, env, json).await,
        Command::Change(args) => change::run(*args, env, json).await,
        Command::Send(args) => send::run(*args, env, json).await,
        Command::Mcp(from) => mcp::run(Api::find(&from, env).await?).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "pagebridge", &mut std::io::stdout());
            Ok(())
        }
        Command::Man { dir } => manual(dir.as_deref()),
        reading => {
            let api = Api::find(server(&reading), env).await?;
            let ended = read(&api, &reading, json).await;
            api.close().await;
            ended
        }
    }
}

fn load(args: ConfigArgs, env: &Env) -> Loaded {
    config::load(&Overrides { config: args.config, listen: args.listen, store: args.store }, env)
}

/// Where a reading command reads from.
fn server(command: &Command) -> &ServerArgs {
    match command {
        Command::Incidents(args) => match &args.command {
            Some(IncidentsCommand::Show { from, .. }) => from,
            Some(IncidentsCommand::List(list)) => &list.from,
            None => &args.list.from,
        },
        Command::DeadLetters(args) => match &args.command {
            Some(DeadLettersCommand::Show { from, .. } | DeadLettersCommand::Release { from, .. }) => from,
            Some(DeadLettersCommand::List(list)) => &list.from,
            None => &args.list.from,
        },
        Command::Journal(args) => &args.from,
        Command::Audit(args) => &args.from,
        Command::Deliveries(args) => &args.from,
        _ => unreachable!("the other commands read nothing"),
    }
}

async fn read(api: &Api, command: &Command, json: bool) -> Result<(), CliError> {
    match command {
        Command::Incidents(args) => reading::incidents(api, args, json).await,
        Command::Audit(args) => reading::audit(api, args, json).await,
        Command::Journal(args) => reading::journal(api, args, json).await,
        Command::Deliveries(args) => reading::deliveries(api, args, json).await,
        Command::DeadLetters(args) => reading::dead_letters(api, args, json).await,
        _ => unreachable!("the other commands read nothing"),
    }
}

fn manual(dir: Option<&std::path::Path>) -> Result<(), CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(
            Exit::Failed,
            format!("cannot write the manual: {error}"),
            "give --dir a directory that can be written",
        )
    };
    match dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir)).map_err(failed)
        }
        None => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout()).map_err(failed),
    }
}
