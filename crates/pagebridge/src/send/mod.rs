//! `send`: alerts to whatever speaks PagerDuty's Events API: the bridge, or PagerDuty itself.
//!
//! An event is on disk before it is sent, so that neither an outage of the receiver nor the end of this process loses it.

mod answer;
mod args;
mod drain;
mod event;
mod listing;
mod place;
pub(crate) mod post;
mod report;
pub(crate) mod spool;

pub(crate) use args::{PlaceArgs, SendArgs, detail, link};
pub(crate) use event::{details, hostname};
pub(crate) use place::Place;
pub(crate) use report::worst;

use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::rest::profile::{Profile, ProfileArgs};
use answer::Fate;
use drain::{Deadline, Drain, Drained};
use pagebridge_ports::{Clock, SystemClock};
use pagerduty::Secret;
use post::{Letter, Post, Way};
use spool::{Name, Spool};
use std::time::Duration;

/// Longest wait between two tries of `--wait`.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Runs the command.
pub(crate) async fn run(args: SendArgs, env: &Env, json: bool) -> Result<(), CliError> {
    let spool = if args.no_spool { None } else { Some(Spool::open(env)) };
    if args.spooled {
        return listing::run(&spool.expect("--spooled and --no-spool exclude each other")?, json);
    }
    if args.flush {
        return flush(&args, &spool.expect("--flush and --no-spool exclude each other")?, env, json).await;
    }
    let profile = profile(&args.place, env)?;
    let place = Place::find(&args.place, &profile, env)?;
    let key = args.place.key()?.or_else(|| profile.routing_key.clone());
    let events = event::all(&args, key.as_ref(), || profile.needed_routing_key().err())?;
    let letters: Vec<Letter> = events.into_iter().map(|body| Letter::new(Way::Alert, &place, body)).collect();
    let told = deliver(letters, spool, &place, args.timeout()).await;
    report::events(&told, &place, args.file.is_some(), json)
}

/// The account, with what the command line says of it.
pub(crate) fn profile(args: &PlaceArgs, env: &Env) -> Result<Profile, CliError> {
    let args = ProfileArgs { profile: args.profile.clone(), config: args.config.clone(), from: None, tries: 3 };
    Profile::find(&args, env)
}

/// What became of events that were to be sent, in their order, and of those that waited already.
pub(crate) struct Told {
    pub(crate) events: Vec<(Letter, Fate)>,
    pub(crate) others: Drained,
}

/// Puts letters into the spool and delivers them, those before them with the same dedup keys first; then what else waits.
pub(crate) async fn deliver(
    letters: Vec<Letter>,
    spool: Option<Result<Spool, CliError>>,
    place: &Place,
    limit: Duration,
) -> Told {
    let deadline = Deadline::after(limit);
    let post = Post::new(place.direct);
    let spool = match spool {
        Some(Ok(spool)) => spool,
        Some(Err(error)) => {
            output::complain(&format!("{}: {error}; sending without it", output::yellow("warning")));
            return straight(letters, &post, &deadline).await;
        }
        None => return straight(letters, &post, &deadline).await,
    };
    let mut kept: Vec<(Letter, Result<Name, CliError>)> = Vec::new();
    for letter in letters {
        let put = spool.put(&letter);
        kept.push((letter, put));
    }
    let names = kept.iter().filter_map(|(_, put)| put.as_ref().ok()).cloned().collect();
    let mut drain = Drain::new(&spool, &post, &deadline, None);
    let others = drain.deliver(names).await;
    let mut events = Vec::new();
    for (letter, put) in kept {
        let fate = match put {
            Ok(name) => drain.fate(&name),
            Err(error) => {
                output::complain(&format!("{}: {error}; sending without it", output::yellow("warning")));
                post.insist(&letter, &deadline).await.or_lost()
            }
        };
        events.push((letter, fate));
    }
    Told { events, others }
}

/// Sends without a spool.
async fn straight(letters: Vec<Letter>, post: &Post, deadline: &Deadline) -> Told {
    let mut events = Vec::new();
    for letter in letters {
        let fate = post.insist(&letter, deadline).await.or_lost();
        events.push((letter, fate));
    }
    Told { events, others: Drained::default() }
}

/// Delivers what waits, and nothing new.
async fn flush(args: &SendArgs, spool: &Spool, env: &Env, json: bool) -> Result<(), CliError> {
    let to = match &args.place.to {
        Some(_) => Some(Place::find(&args.place, &profile(&args.place, env)?, env)?),
        None => None,
    };
    let limit =
        args.timeout.map_or_else(|| if args.wait { Duration::MAX } else { args.timeout() }, Duration::from_secs);
    let deadline = Deadline::after(limit);
    let post = Post::new(to.as_ref().is_some_and(|place| place.direct));
    let mut drained = Drained::default();
    let mut pause = Duration::from_secs(1);
    loop {
        let round = Drain::new(spool, &post, &deadline, to.as_ref()).deliver(Vec::new()).await;
        let moved = round.delivered + round.refused.len();
        drained.add(round);
        drained.left = spool.list()?.len();
        if drained.left == 0 || !args.wait || deadline.is_over() {
            break;
        }
        pause = if moved > 0 { Duration::from_secs(1) } else { (pause * 2).min(WAIT_MAX) };
        tokio::time::sleep(pause.min(deadline.left())).await;
    }
    report::flushed(&drained, json)
}

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemClock.now().0
}

/// Now, as `2026-11-20T17:00:00Z`.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms()).unwrap_or_default();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a secret from a file.
fn secret_file(path: &std::path::Path) -> Result<Secret, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::new(Exit::Config, format!("{} cannot be read: {error}", path.display()), ""))?;
    Ok(Secret::new(text.trim()))
}
