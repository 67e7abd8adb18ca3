//! The command line of an action, made from its row.

use super::names::{Noun, Verb, nouns};
use super::profile::ProfileArgs;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Args, Command, value_parser};
use pagebridge_actions::{Action, Catalogue, Effect, Identity, Kind, Param, Preset};

/// More words than these are not listed in a help text.
const WORDS_SHOWN_MAX: usize = 12;

pub(super) const DRY_RUN: &str = "dry_run";
pub(super) const YES: &str = "yes";
pub(super) const ALL: &str = "all";

/// How the answer is shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ShowArgs {
    /// Show these columns, such as id,title,service.summary
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Output")]
    pub(crate) columns: Vec<String>,
    /// Show times in UTC instead of this machine's zone
    #[arg(long, help_heading = "Output")]
    pub(crate) utc: bool,
}

/// Makes the commands of all nouns.
pub(super) fn commands(catalogue: &Catalogue) -> impl Iterator<Item = Command> {
    nouns(catalogue).into_iter().map(|noun| of_noun(&noun))
}

fn of_noun(noun: &Noun) -> Command {
    Command::new(noun.name.clone())
        .about(noun.about)
        .visible_aliases(noun.aliases)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(noun.verbs.iter().map(of_verb))
}

fn of_verb(verb: &Verb) -> Command {
    let action = verb.action;
    let mut command = Command::new(verb.name.clone()).visible_aliases(verb.aliases.iter().cloned());
    let fields = action.fields();
    let subject = subject(action);
    for field in fields.iter().filter(|field| field.name != "from_email") {
        let is_subject = subject.as_ref().is_some_and(|subject| subject.name == field.name);
        command = command.arg(if is_subject { positional(field) } else { flag(field, &fields) });
    }
    if fields.iter().any(is_listing) {
        let all = Arg::new(ALL).long("all").action(ArgAction::SetTrue).conflicts_with("maximum");
        command = command.arg(all.help("Give as many as there are, up to the most that `--maximum` takes"));
    }
    command = changing(command, action.effect);
    let command = ProfileArgs::augment_args(ShowArgs::augment_args(command));
    // The texts come last: each group of arguments brings its own.
    command
        .about(action.title)
        .long_about(long_about(action))
        .mut_arg("from", |from| if action.identity == Identity::Unneeded { from.hide(true) } else { from })
}

/// Adds what only commands have that change something.
pub(super) fn changing(command: Command, effect: Effect) -> Command {
    let dry_run = Arg::new(DRY_RUN).long("dry-run").action(ArgAction::SetTrue);
    let yes = Arg::new(YES).long("yes").short('y').action(ArgAction::SetTrue);
    let dry_run = dry_run.help("Show the requests instead of sending them; what they need is still read");
    let yes = yes.help("Do not ask before something is lost; without a terminal nobody is asked");
    match effect {
        Effect::ReadOnly => command,
        Effect::Writes => command.arg(dry_run),
        Effect::Destructive => command.arg(dry_run).arg(yes),
    }
}

/// What the command is about, which stands without a flag.
pub(super) fn subject(action: &Action) -> Option<Param> {
    let fields = action.fields();
    fields.iter().find(|field| field.name == "entity_id").or_else(|| fields.iter().find(|field| field.several)).copied()
}

pub(super) fn is_listing(field: &Param) -> bool {
    field.name == "maximum"
}

fn long_about(action: &Action) -> String {
    let about = if action.description.is_empty() { String::new() } else { format!("\n\n{}", action.description) };
    format!("{}.{about}\n\nThis is the action `{}` (docs/actions.md): {}.", action.title, action.name, action.call())
}

fn positional(field: &Param) -> Arg {
    let arg = Arg::new(field.name).value_name(subject_name(field)).required(field.required);
    let or_list = ", or a list of them";
    let about =
        field.description.replace(or_list, "").replace(", or a list of ids", "").replace(", or a list of keys", "");
    if field.several {
        arg.num_args(1..)
            .action(ArgAction::Append)
            .help(format!("{about}; several are done one by one, `-` reads them from standard input"))
    } else {
        arg.help(about)
    }
}

fn subject_name(field: &Param) -> &'static str {
    match (field.kind, field.name) {
        (Kind::Incident, _) => "INCIDENT",
        (_, "dedup_key") => "KEY",
        _ => "ID",
    }
}

fn flag(field: &Param, others: &[Param]) -> Arg {
    let long = field.name.replace('_', "-");
    let mut arg = Arg::new(field.name).required(field.required && field.preset.is_none());
    // `--status` for `--statuses`: one is what people mean most of the time.
    if let Some(one) = singular(&long).filter(|one| others.iter().all(|other| other.name.replace('_', "-") != *one)) {
        arg = arg.alias(one);
    }
    arg = match field.kind {
        Kind::Choice(words) => arg
            .value_parser(PossibleValuesParser::new(words))
            .hide_possible_values(words.len() > WORDS_SHOWN_MAX)
            .value_name("WORD"),
        Kind::Choices(words) => listed(arg).value_parser(PossibleValuesParser::new(words)).value_name("WORDS"),
        Kind::Texts | Kind::Incidents => listed(arg).value_name(if long.ends_with("ids") { "IDS" } else { "LIST" }),
        Kind::Integer(least, most) => arg.value_parser(value_parser!(i64).range(least..=most)).value_name("N"),
        Kind::Boolean => arg
            .value_parser(value_parser!(bool))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("true|false"),
        Kind::Object | Kind::Json(_) => arg.value_name("JSON"),
        Kind::Id | Kind::Incident => arg.value_name("ID"),
        Kind::Text if field.name.ends_with("_id") => arg.value_name("ID"),
        Kind::Text => arg.value_name("TEXT"),
    };
    arg.long(long).help(about(field))
}

fn listed(arg: Arg) -> Arg {
    arg.action(ArgAction::Append).value_delimiter(',')
}

fn about(field: &Param) -> String {
    let mut about = field.description.to_owned();
    match field.kind {
        Kind::Object | Kind::Json(_) => about += "; `@FILE` and `-` read it from a file or from standard input",
        Kind::Integer(least, most) => about += &format!(" ({least} to {most})"),
        Kind::Choice(words) if words.len() > WORDS_SHOWN_MAX => about += &format!("; one of {}", words.join(", ")),
        _ if field.secret => {
            about += "; better `@FILE` or `-` than the secret itself, which others can see in the list of processes";
        }
        _ => {}
    }
    match field.preset {
        Some(Preset::Text(text)) => about + &format!(" [default: {text}]"),
        Some(Preset::Integer(number)) => about + &format!(" [default: {number}]"),
        Some(Preset::Boolean(flag)) => about + &format!(" [default: {flag}]"),
        Some(Preset::Texts(texts)) => about + &format!(" [default: {}]", texts.join(",")),
        None => about,
    }
}

fn singular(word: &str) -> Option<String> {
    let rest = word.strip_suffix('s')?;
    if rest.ends_with('s') || rest == "clas" {
        return None;
    }
    let one = match (rest.strip_suffix("ie"), rest.strip_suffix("se")) {
        (Some(stem), _) => format!("{stem}y"),
        (_, Some(stem)) if stem.ends_with('u') => format!("{stem}s"),
        _ => rest.to_owned(),
    };
    Some(one)
}
