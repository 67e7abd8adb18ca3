//! Commands that talk to PagerDuty directly, made from the catalogue of actions: `incident acknowledge 42`, `on-call list`, and
//! `action run NAME` for all of them under their own names.
//!
//! [`names`] says how an action is called, [`grammar`] what can be typed, [`input`] what it means; [`carry`] has it done, and [`show`] tells
//! people what came of it.

mod action;
mod carry;
mod grammar;
mod input;
mod names;
pub(crate) mod profile;
mod show;

use crate::account::audit::AuditArgs;
use crate::env::Env;
use crate::exit::CliError;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use grammar::{DRY_RUN, ShowArgs, YES};
use pagebridge_actions::{Action, Catalogue};
use profile::ProfileArgs;

/// The commands of this room, as a part of the program's.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// `NOUN VERB`
    Verb(Box<VerbAsked>),
    /// `on-call audit`, which is no action
    Audit(Box<AuditArgs>),
    /// `action ...`
    Catalogue(Box<action::ActionArgs>),
}

/// One action, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct VerbAsked {
    action: &'static Action,
    matches: ArgMatches,
    how: How,
}

/// How an action is to be carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct How {
    account: ProfileArgs,
    show: ShowArgs,
    dry_run: bool,
    yes: bool,
}

impl How {
    fn read(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flag = |name| matches.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or_default();
        Ok(Self {
            account: ProfileArgs::from_arg_matches(matches)?,
            show: ShowArgs::from_arg_matches(matches)?,
            dry_run: flag(DRY_RUN),
            yes: flag(YES),
        })
    }
}

const CATALOGUE: &str = "action";
/// A verb that judges many objects instead of running one action.
const AUDIT: (&str, &str) = ("on-call", "audit");

impl Subcommand for Asked {
    fn augment_subcommands(command: Command) -> Command {
        let catalogue = Catalogue::new();
        let action = action::ActionArgs::augment_args(Command::new(CATALOGUE))
            .about("All operations at PagerDuty under their own names, such as incident.create_note");
        let audit = AuditArgs::augment_args(Command::new(AUDIT.1))
            .about("Whether schedules and policies are fit for the weeks to come, and people on them can be reached");
        let with_audit = |noun: Command| if noun.get_name() == AUDIT.0 { noun.subcommand(audit.clone()) } else { noun };
        command.subcommands(grammar::commands(&catalogue).map(with_audit)).subcommand(action)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        name == CATALOGUE || names::nouns(&Catalogue::new()).iter().any(|noun| noun.name == name)
    }
}

impl FromArgMatches for Asked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (noun, matches) = matches.subcommand().ok_or_else(missing)?;
        if noun == CATALOGUE {
            return Ok(Self::Catalogue(Box::new(action::ActionArgs::from_arg_matches(matches)?)));
        }
        let (verb, matches) = matches.subcommand().ok_or_else(missing)?;
        if (noun, verb) == AUDIT {
            return Ok(Self::Audit(Box::new(AuditArgs::from_arg_matches(matches)?)));
        }
        let nouns = names::nouns(&Catalogue::new());
        let known =
            nouns.iter().find(|known| known.name == noun).map(|known| known.verbs.as_slice()).unwrap_or_default();
        let found = known.iter().find(|known| known.name == verb).ok_or_else(missing)?;
        Ok(Self::Verb(Box::new(VerbAsked { action: found.action, matches: matches.clone(), how: How::read(matches)? })))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Whether a command is one of this room.
pub(crate) fn is_command(name: &str) -> bool {
    Asked::has_subcommand(name)
}

/// Does what was asked for.
pub(crate) async fn run(asked: &Asked, env: &Env, json: bool) -> Result<(), CliError> {
    match asked {
        Asked::Catalogue(args) => action::run(args, env, json).await,
        Asked::Audit(args) => crate::account::audit::run(args, env, json).await,
        Asked::Verb(asked) => {
            let input = input::input(asked.action, &asked.matches, &mut input::Elsewhere::default())?;
            carry::out(asked.action, input, &asked.how, env, json).await
        }
    }
}

#[cfg(test)]
mod tests;
