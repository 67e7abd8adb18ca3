//! What must hold: the lines of ARCHITECTURE.md's invariants that a simulation can see.

use crate::remote::{Kind, RemoteRecord, marked};
use crate::run::{Driver, Failure, ready};
use pagebridge_core::{
    Change, ChangeKind, Class, Incident, Lane, LaneState, Link, Record, Role, Status, SystemName, plan,
};
use pagebridge_ports::{EntryFilter, JournalRow, LaneFilter, Leased, Store};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// More notes than people can write in one simulation, their mirror images included.
const NOTES_MAX: usize = 150;

/// No page waits behind anything less urgent.
pub(crate) fn order(driver: &Driver<'_>, system: &SystemName, leased: &[Leased]) -> Result<(), Failure> {
    let Some(least) = leased.iter().map(|l| l.class).max().filter(|least| *least > Class::Urgent) else {
        return Ok(());
    };
    let filter =
        LaneFilter { system: Some(system.clone()), class: Some(Class::Urgent), limit: 99, ..LaneFilter::default() };
    let urgent = ready(driver.store.inner_lanes(filter)).map_err(|e| e.to_string())?;
    let now = driver.world.lock().now;
    let waits = urgent.iter().any(|l| l.state == LaneState::Waiting && l.due <= now);
    if waits { Err(format!("an urgent lane of {system} waits behind {least:?} ones")) } else { Ok(()) }
}

/// Holds at any moment between two steps.
pub(crate) fn consistent(driver: &Driver<'_>) -> Result<(), Failure> {
    let journal = journal(driver)?;
    for incident in driver.incidents() {
        let own: Vec<&JournalRow> = journal.iter().filter(|r| r.incident == incident.id).collect();
        let replayed = Incident::replay(incident.id, own.iter().map(|r| &r.entry));
        if replayed != incident {
            return Err(format!(
                "incident {}: the same history gives another state\n{replayed:#?}\n{incident:#?}",
                incident.id
            ));
        }
        ends_of_steps(&incident, &own)?;
        lanes_fit(driver, &incident)?;
    }
    answered_is_committed(driver, &journal)?;
    paged_once(driver)
}

/// Holds when everything has been quiet for a while.
pub(crate) fn converged(driver: &Driver<'_>) -> Result<(), Failure> {
    // What was given up before it was told is not watched: news of it makes us ask again, silence does not.
    for incident in driver.incidents().iter().filter(|i| i.discarded.is_none()) {
        for link in &incident.links {
            in_step(driver, incident, link)?;
        }
        people_are_heard(driver, incident)?;
        shown_right(driver, incident)?;
    }
    nothing_is_overlooked(driver)
}

/// A message shows where the incident stands that it is about.
fn shown_right(driver: &Driver<'_>, incident: &Incident) -> Result<(), Failure> {
    let Some(posted) = driver.bridges.get(&incident.bridge).and_then(|b| b.posted.as_ref()) else { return Ok(()) };
    let Some(page) = incident.link(posted.as_str()).and_then(|link| record_of(driver, link)) else { return Ok(()) };
    for link in incident.links.iter().filter(|l| l.role == Role::Post) {
        match record_of(driver, link) {
            Some(message) if message.mark.as_deref() != Some(&page.id) => {
                return Err(format!(
                    "incident {}: {} shows {:?}, not {}",
                    incident.id, link.system, message.mark, page.id
                ));
            }
            None if page.status != Status::Resolved && incident.content.is_some() => {
                return Err(format!("incident {}: it is not shown in {}", incident.id, link.system));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What is listed and open has an incident, even when not one webhook about it arrived.
fn nothing_is_overlooked(driver: &Driver<'_>) -> Result<(), Failure> {
    let incidents = driver.incidents();
    let world = driver.world.lock();
    for remote in world.remotes.iter().filter(|r| r.listed) {
        let known = |r: &RemoteRecord| {
            let has =
                |i: &Incident| i.link(remote.name.as_str()).and_then(Link::record_id).is_some_and(|id| id.0 == r.id);
            incidents.iter().any(has)
        };
        if let Some(record) = remote.records.iter().find(|r| r.status != Status::Resolved && !known(r)) {
            return Err(format!("{} {} is open, and no incident has it", remote.name, record.id));
        }
    }
    Ok(())
}

fn journal(driver: &Driver<'_>) -> Result<Vec<JournalRow>, Failure> {
    let filter = EntryFilter { after: Some(0), limit: 1_000_000, ..EntryFilter::default() };
    ready(driver.store.entries(filter)).map_err(|e| e.to_string())
}

/// A delivery never just vanishes: every step before the current one ended in the journal.
fn ends_of_steps(incident: &Incident, journal: &[&JournalRow]) -> Result<(), Failure> {
    let mut ended: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for change in journal.iter().flat_map(|r| &r.entry.changes) {
        let (Change::Delivered { system, step, .. }
        | Change::Superseded { system, step, .. }
        | Change::Skipped { system, step, .. }
        | Change::DeadLettered { system, step, .. }) = change
        else {
            continue;
        };
        ended.entry(system.as_str()).or_default().insert(*step);
    }
    for link in &incident.links {
        let ended = ended.get(link.system.as_str());
        if let Some(step) = (1..link.step).find(|s| !ended.is_some_and(|e| e.contains(s))) {
            return Err(format!("delivery {}.{}.{step} vanished", incident.id, link.system));
        }
    }
    Ok(())
}

/// Outbox and state became durable together: what is to be done has a lane, and nothing else but polls has one.
fn lanes_fit(driver: &Driver<'_>, incident: &Incident) -> Result<(), Failure> {
    let mut lanes: Vec<Lane> = Vec::new();
    for class in Class::ALL {
        let filter = LaneFilter { incident: Some(incident.id), class: Some(class), limit: 99, ..LaneFilter::default() };
        lanes.extend(ready(driver.store.lanes(filter)).map_err(|e| e.to_string())?);
    }
    for link in &incident.links {
        let lane = lanes.iter().find(|l| l.system == link.system);
        let wanted = incident.content.is_some() && link.park.is_none() && plan(link, false).is_some();
        if wanted && lane.is_none() {
            return Err(format!("incident {}: something is due at {} and no lane says so", incident.id, link.system));
        }
        if !wanted && lane.is_some_and(|l| !l.is_touched() && l.class != Class::Poll) {
            return Err(format!("incident {}: a lane to {} waits for nothing", incident.id, link.system));
        }
    }
    Ok(())
}

/// No answer before the commit.
fn answered_is_committed(driver: &Driver<'_>, journal: &[JournalRow]) -> Result<(), Failure> {
    let known: HashSet<_> = journal.iter().map(|r| r.entry.cause.input).collect();
    match driver.answered.iter().find(|id| id.0 != 0 && !known.contains(id)) {
        Some(id) => Err(format!("input {id:?} was answered and is not in the journal")),
        None => Ok(()),
    }
}

/// One alert, one page.
fn paged_once(driver: &Driver<'_>) -> Result<(), Failure> {
    let world = driver.world.lock();
    for remote in &world.remotes {
        let mut keys = HashSet::new();
        if let Some(twice) = remote.records.iter().find(|r| !keys.insert(&r.key)) {
            return Err(format!("{} holds {} twice", remote.name, twice.key));
        }
        for record in &remote.records {
            let mut notes = HashSet::new();
            if let Some(twice) = marked(record).into_iter().find(|n| !notes.insert(*n)) {
                return Err(format!("{} {} has our note {twice} twice", remote.name, record.id));
            }
        }
    }
    Ok(())
}

/// A loop shows as a flood long before it ends.
pub(crate) fn no_flood(driver: &Driver<'_>) -> Result<(), Failure> {
    let world = driver.world.lock();
    let flooded = world.remotes.iter().flat_map(|r| &r.records).find(|r| r.notes.len() > NOTES_MAX);
    flooded.map_or(Ok(()), |r| Err(format!("a loop: {} has {} notes", r.id, r.notes.len())))
}

fn record_of(driver: &Driver<'_>, link: &Link) -> Option<RemoteRecord> {
    let mut world = driver.world.lock();
    link.record_id().and_then(|id| world.remote(&link.system).find(&id.0).cloned())
}

fn forward(driver: &Driver<'_>, link: &Link) -> bool {
    driver.world.lock().remote(&link.system).kind == Kind::Forward
}

/// A record holds what we know it to hold and what it should hold.
fn in_step(driver: &Driver<'_>, incident: &Incident, link: &Link) -> Result<(), Failure> {
    let place = format!("incident {} at {}", incident.id, link.system);
    let Some(record) = record_of(driver, link) else {
        let wanted = matches!(link.want, Some(Status::Triggered | Status::Acknowledged));
        let made = driver.world.lock().remote(&link.system).find_by_key(&link.create_key).is_some();
        return match (&link.record, wanted, made) {
            (Record::Absent, true, _) if incident.content.is_some() => Err(format!("{place}: nobody was paged")),
            (Record::Absent, _, true) if incident.content.is_some() => {
                Err(format!("{place}: a record we do not know of"))
            }
            (Record::Present { .. }, ..) => Err(format!("{place}: a record that does not exist")),
            _ => Ok(()),
        };
    };
    if link.known != Some(record.status) {
        return Err(format!("{place}: known {:?}, but it holds {}", link.known, record.status));
    }
    // A person was told that what is over there stays over.
    let told = link.park.is_some() && record.status == Status::Resolved && forward(driver, link);
    if incident.content.is_some() && link.want.is_some() && link.want != link.known && !told {
        return Err(format!("{place}: wanted {:?}, but it holds {}", link.want, record.status));
    }
    if !told && (!link.notes_due.is_empty() || !link.notes_parked.is_empty()) {
        return Err(format!("{place}: notes are still due"));
    }
    if let Some(mark) = &link.mark
        && link.marked
        && record.mark.as_ref() != Some(&mark.id.0)
    {
        return Err(format!("{place}: it should say that it belongs to {}, and says {:?}", mark.id, record.mark));
    }
    let held = marked(&record);
    match link.notes_written.iter().find(|(id, _)| !held.contains(&id.0)) {
        Some((id, _)) => Err(format!("{place}: note {} is not there", id.0)),
        None => Ok(()),
    }
}

/// What people wrote is mirrored once; where every status follows, all records stand alike.
fn people_are_heard(driver: &Driver<'_>, incident: &Incident) -> Result<(), Failure> {
    let Some(bridge) = driver.bridges.get(&incident.bridge) else { return Ok(()) };
    for link in &incident.links {
        let Some(record) = record_of(driver, link) else { continue };
        let mut written: BTreeMap<String, usize> = BTreeMap::new();
        for note in record.notes.iter().filter(|n| n.author != "pagebridge") {
            *written.entry(format!("{} ({}): {}", note.author, bridge.label(&link.system), note.text)).or_default() +=
                1;
        }
        for (text, count) in written {
            let heard = incident.notes.iter().filter(|n| n.from == link.system && n.text == text).count();
            if heard != count {
                return Err(format!(
                    "incident {}: {text:?} was written {count} times and heard {heard} times",
                    incident.id
                ));
            }
        }
        for other in incident.links.iter().filter(|l| l.system != link.system) {
            let follows = |a, b| bridge.cell(a, b, ChangeKind::Unacknowledged).status;
            let reopens = |a, b| bridge.cell(a, b, ChangeKind::Reopened).status;
            let (here, there) = (&link.system, &other.system);
            let both = follows(here, there) && follows(there, here);
            let lasting = reopens(here, there) && reopens(there, here);
            let Some(twin) = record_of(driver, other).filter(|t| both && t.status != record.status) else { continue };
            if lasting || (record.status != Status::Resolved && twin.status != Status::Resolved) {
                let (a, b) = (record.status, twin.status);
                return Err(format!("incident {}: {} holds {a}, {} holds {b}", incident.id, link.system, other.system));
            }
        }
    }
    Ok(())
}
