//! `action`: the catalogue under its own names.

use super::grammar::ShowArgs;
use super::input::Elsewhere;
use super::profile::ProfileArgs;
use super::{How, carry, names};
use crate::config::nearest;
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output::{self, bold};
use clap::{Args, Subcommand};
use pagebridge_actions::{Action, Catalogue, Effect, Identity, Kind, Param, Preset, Surface};
use serde_json::{Value, json};

#[derive(Clone, Debug, Args)]
pub(crate) struct ActionArgs {
    #[command(subcommand)]
    command: ActionCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ActionCommand {
    /// List them
    List {
        /// Only those of this kind of object, such as incident
        noun: Option<String>,
    },
    /// Show one: what it does, what it takes, the command for it
    Show {
        /// Its name
        name: String,
    },
    /// Carry one out
    Run(Box<RunArgs>),
}

#[derive(Clone, Debug, Args)]
struct RunArgs {
    /// Its name, such as incident.acknowledge
    name: String,
    /// Its input as JSON; `@FILE` and `-` read it from a file or from standard input
    #[arg(long, short, value_name = "JSON", default_value = "{}")]
    input: String,
    /// Show the requests instead of sending them; what they need is still read
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before something is lost; without a terminal nobody is asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    account: ProfileArgs,
}

pub(super) async fn run(args: &ActionArgs, env: &Env, json: bool) -> Result<(), CliError> {
    let catalogue = Catalogue::new();
    match &args.command {
        ActionCommand::List { noun } => list(&catalogue, noun.as_deref(), json),
        ActionCommand::Show { name } => {
            show(&catalogue, named(&catalogue, name)?, json);
            Ok(())
        }
        ActionCommand::Run(run) => {
            let action = named(&catalogue, &run.name)?;
            let input = Elsewhere::default().json("--input", &run.input)?;
            let how = How { account: run.account.clone(), show: run.show.clone(), dry_run: run.dry_run, yes: run.yes };
            carry::out(action, input, &how, env, json).await
        }
    }
}

fn named(catalogue: &Catalogue, name: &str) -> Result<&'static Action, CliError> {
    catalogue.get(name).ok_or_else(|| {
        let names: Vec<&str> = catalogue.actions().map(|action| action.name).collect();
        let hint = match nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`pagebridge action list` has all".to_owned(),
        };
        CliError::new(Exit::Usage, format!("there is no action `{name}`"), hint)
    })
}

fn list(catalogue: &Catalogue, noun: Option<&str>, json: bool) -> Result<(), CliError> {
    let wanted = noun.map(|noun| noun.replace('-', "_"));
    let of_noun = |action: &&Action| wanted.as_deref().is_none_or(|noun| action.name.split('.').next() == Some(noun));
    let actions: Vec<&'static Action> = catalogue.actions().filter(of_noun).collect();
    if actions.is_empty() {
        let message = format!("there are no actions on `{}`", noun.unwrap_or_default());
        return Err(CliError::new(Exit::Failed, message, "`pagebridge action list` has all"));
    }
    if json {
        let rows: Vec<Value> = actions.iter().map(|action| described(catalogue, action)).collect();
        output::say_json(&json!({"actions": rows}));
        return Ok(());
    }
    let mut table = output::table(&["name", "changes", "title"]);
    for action in actions {
        table.add_row([action.name, effect(action.effect), action.title]);
    }
    output::say_table(&table, "no actions");
    Ok(())
}

fn show(catalogue: &Catalogue, action: &'static Action, json: bool) {
    if json {
        output::say_json(&described(catalogue, action));
        return;
    }
    output::say(&format!("{}: {}. {}", bold(action.name), action.title, action.description));
    output::say(&format!("changes: {}; call: {}", effect(action.effect), action.call()));
    if let Some(command) = command(catalogue, action) {
        output::say(&format!("command: {command}"));
    }
    let mut table = output::table(&["input", "", "preset", "meaning"]);
    for field in action.fields() {
        let needed = if field.required && field.preset.is_none() { "needed" } else { "" };
        table.add_row([field.name, needed, &preset(&field), &meaning(&field)]);
    }
    output::say_table(&table, "it takes no input");
}

fn described(catalogue: &Catalogue, action: &'static Action) -> Value {
    json!({
        "name": action.name, "title": action.title, "description": action.description, "changes": effect(action.effect),
        "call": action.call(), "command": command(catalogue, action), "needs_user": action.identity == Identity::Needed,
        "input": action.input(), "output": action.output(),
    })
}

fn command(catalogue: &Catalogue, action: &'static Action) -> Option<String> {
    action.surfaces.contains(&Surface::Cli).then(|| {
        let (noun, verb) = names::command(catalogue, action);
        format!("pagebridge {noun} {}", verb.name)
    })
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::ReadOnly => "nothing",
        Effect::Writes => "writes",
        Effect::Destructive => "destroys",
    }
}

fn preset(field: &Param) -> String {
    match field.preset {
        Some(Preset::Text(text)) => text.to_owned(),
        Some(Preset::Integer(number)) => number.to_string(),
        Some(Preset::Boolean(flag)) => flag.to_string(),
        Some(Preset::Texts(texts)) => texts.join(","),
        None => String::new(),
    }
}

fn meaning(field: &Param) -> String {
    let words = match field.kind {
        Kind::Choice(words) | Kind::Choices(words) => format!(": {}", words.join(", ")),
        Kind::Integer(least, most) => format!(" ({least} to {most})"),
        Kind::Object | Kind::Json(_) => " (JSON)".to_owned(),
        _ => String::new(),
    };
    format!("{}{words}", field.description)
}
