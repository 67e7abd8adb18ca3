//! `token`: tokens of the API, made here and shown once.

use crate::cli::ConfigArgs;
use crate::config::{Config, is_token_name};
use crate::exit::{CliError, Exit};
use crate::output;
use clap::{Args, Subcommand, ValueEnum};
use pagebridge_access::Role;
use pagebridge_server::TokenHash;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token: prints it once, and the lines for the configuration, which hold only its hash
    New(NewArgs),
    /// List the configured tokens, without the tokens
    List(ConfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// How the log and the audit trail call it: 1 to 40 letters, digits, `.`, `_`, `-`
    name: String,
    /// What it may do
    #[arg(long, value_enum, default_value_t = Word::Viewer)]
    role: Word,
    /// E-mail address of the PagerDuty user in whose name it acts
    #[arg(long, value_name = "EMAIL")]
    from: Option<String>,
    /// The only actions that it may run, such as `incident.*`; may be repeated
    #[arg(long = "action", value_name = "NAME")]
    actions: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Viewer,
    Responder,
    Admin,
}

/// Makes one. Nothing is kept of it.
pub(crate) fn new(args: &NewArgs, as_json: bool) -> Result<(), CliError> {
    if !is_token_name(&args.name) {
        let hint = "take 1 to 40 letters, digits, `.`, `_` or `-`";
        return Err(CliError::new(Exit::Failed, "a token cannot be called this", hint));
    }
    let token = random();
    let hash = TokenHash::of(&token).to_string();
    let row = row(args, &hash);
    if as_json {
        output::say_json(&json!({"name": args.name, "token": token, "hash": hash, "configuration": row}));
        return Ok(());
    }
    output::complain("The token, shown this once; give it to whoever is to use it:");
    output::say(&token);
    output::complain("For the configuration; it takes effect when the server is started again:");
    output::say(&row);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a token is random by its nature, and nothing is to be repeated")]
fn random() -> String {
    format!("pb_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

fn row(args: &NewArgs, hash: &str) -> String {
    let role = match args.role {
        Word::Viewer => Role::Viewer,
        Word::Responder => Role::Responder,
        Word::Admin => Role::Admin,
    };
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let (name, hash, word) = (quoted(&args.name), quoted(hash), quoted(role.as_str()));
    let mut row = format!("[[server.tokens]]\nname = {name}\nhash = {hash}\nrole = {word}");
    if let Some(from) = &args.from {
        row = format!("{row}\nfrom = {}", quoted(from));
    }
    if !args.actions.is_empty() {
        row = format!("{row}\nactions = {}", toml::Value::from(args.actions.clone()));
    }
    row
}

/// Lists those of the configuration.
pub(crate) fn list(config: &Config, as_json: bool) {
    if as_json {
        let one = |p: &pagebridge_access::Principal| {
            json!({"name": p.name, "role": p.role.as_str(), "from": p.from, "actions": p.actions, "dry_run": p.dry_run,
                "per_hour": p.per_hour.iter().map(|(name, most)| (name.clone(), json!(most))).collect::<serde_json::Map<_, _>>()})
        };
        let tokens: Vec<Value> = config.tokens.iter().map(|token| one(&token.principal)).collect();
        output::say_json(&json!({"tokens": tokens, "api_token": config.api_token.is_some()}));
        return;
    }
    let mut table = output::table(&["name", "role", "from", "actions", "per hour", "dry run"]);
    if config.api_token.is_some() {
        table.add_row(["api", "admin", "-", "all", "-", "no"]);
    }
    for token in &config.tokens {
        let p = &token.principal;
        let caps: Vec<String> = p.per_hour.iter().map(|(name, most)| format!("{name}: {most}")).collect();
        table.add_row([
            p.name.clone(),
            p.role.as_str().to_owned(),
            p.from.clone().unwrap_or_else(|| "-".to_owned()),
            p.actions.as_ref().map_or_else(|| "all of the role".to_owned(), |all| all.join("\n")),
            if caps.is_empty() { "-".to_owned() } else { caps.join("\n") },
            if p.dry_run { "yes" } else { "no" }.to_owned(),
        ]);
    }
    output::say_table(&table, "no tokens are configured; `pagebridge token new NAME` makes one");
}
