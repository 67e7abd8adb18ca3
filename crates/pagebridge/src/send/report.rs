//! What `send` says, and how it ends.

use super::Told;
use super::answer::Fate;
use super::drain::Drained;
use super::place::Place;
use super::post::Letter;
use crate::exit::{CliError, Exit};
use crate::output;
use serde_json::{Value, json};

/// Tells what became of new events. Standard output has the dedup keys alone, so that scripts can take them.
pub(crate) fn events(told: &Told, place: &Place, is_file: bool, as_json: bool) -> Result<(), CliError> {
    let list: Vec<Value> = told.events.iter().map(|(letter, fate)| shown(letter, fate)).collect();
    if as_json {
        let mut all = match list.as_slice() {
            [one] if !is_file => one.clone(),
            _ => json!({"events": list}),
        };
        all["spool"] = others(&told.others);
        output::say_json(&all);
    } else {
        let taken = |fate: &Fate| matches!(fate, Fate::Delivered | Fate::Spooled(_));
        for (letter, _) in told.events.iter().filter(|(_, fate)| taken(fate)) {
            output::say(letter.text("dedup_key"));
        }
        let delivered = told.events.iter().filter(|(_, fate)| *fate == Fate::Delivered).count();
        if delivered > 0 {
            let many = if told.events.len() > 1 { format!("{delivered} events ") } else { String::new() };
            output::complain(&format!("{many}delivered to {} ({})", place.url, place.because));
        }
        complain_of(&told.others);
    }
    match worst(&told.events) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Tells what became of the spool.
pub(crate) fn flushed(drained: &Drained, as_json: bool) -> Result<(), CliError> {
    if as_json {
        output::say_json(&others(drained));
    } else {
        output::say(&format!(
            "{} delivered, {} refused, {} left",
            drained.delivered,
            drained.refused.len(),
            drained.left
        ));
        complain_of(&Drained { delivered: 0, left: 0, refused: drained.refused.clone(), why_left: None });
    }
    if drained.left > 0 {
        let why = drained.why_left.as_deref().unwrap_or("another program delivers, or time is over");
        return Err(CliError::new(Exit::Spooled, format!("{} events are left in the spool: {why}", drained.left), ""));
    }
    if drained.refused.is_empty() {
        return Ok(());
    }
    let message = format!("{} events were refused for good", drained.refused.len());
    Err(CliError::new(Exit::Failed, message, "`pagebridge send --spooled` tells why"))
}

fn shown(letter: &Letter, fate: &Fate) -> Value {
    let (status, why) = match fate {
        Fate::Delivered => ("delivered", None),
        Fate::Spooled(why) => ("spooled", Some(why)),
        Fate::Refused(why) => ("refused", Some(why)),
        Fate::Lost(why) => ("lost", Some(why)),
    };
    let mut shown = json!({"status": status, "to": letter.to, "dedup_key": letter.text("dedup_key")});
    if let Some(why) = why {
        shown["reason"] = json!(why);
    }
    shown
}

fn others(drained: &Drained) -> Value {
    let refused: Vec<Value> = drained.refused.iter().map(|(name, why)| json!({"event": name, "reason": why})).collect();
    json!({"delivered": drained.delivered, "refused": refused, "left": drained.left})
}

fn complain_of(others: &Drained) {
    if others.delivered > 0 {
        output::complain(&format!("{} events from the spool delivered", others.delivered));
    }
    for (name, why) in &others.refused {
        let told = format!("refused for good, and put aside: {name}: {why}");
        output::complain(&format!("{}: {told}", output::yellow("warning")));
    }
    if others.left > 0 {
        output::complain(&format!("{} other events are left in the spool", others.left));
    }
}

/// The worst end of all decides the exit code.
pub(crate) fn worst(events: &[(Letter, Fate)]) -> Option<CliError> {
    let find = |wanted: fn(&Fate) -> Option<&String>| {
        let mut found = events.iter().filter_map(|(_, fate)| wanted(fate));
        let first = found.next()?.clone();
        Some((first, found.count() + 1))
    };
    let of = |count: usize| {
        if events.len() > 1 { format!("{count} of {} events were", events.len()) } else { "the event was".to_owned() }
    };
    if let Some((why, count)) = find(|fate| if let Fate::Lost(why) = fate { Some(why) } else { None }) {
        let message = format!("{} not delivered, and is not kept: {why}", of(count));
        return Some(CliError::new(Exit::Unreachable, message, ""));
    }
    if let Some((why, count)) = find(|fate| if let Fate::Refused(why) = fate { Some(why) } else { None }) {
        return Some(CliError::new(Exit::Failed, format!("{} refused for good: {why}", of(count)), ""));
    }
    let (why, count) = find(|fate| if let Fate::Spooled(why) = fate { Some(why) } else { None })?;
    let hint = "it is kept on disk, and the next `pagebridge send` delivers it; `pagebridge send --flush --wait` waits for that";
    Some(CliError::new(Exit::Spooled, format!("{} not delivered yet: {why}", of(count)), hint))
}
