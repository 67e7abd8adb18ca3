//! Opsgenie: what its people do, and the webhooks that tell of it, repeated until they are answered 2xx.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::random::Random;
use super::story::{Alert, Story, Taken, World};
use crate::http::{self, control};
use crate::time::pause;

/// Between attempts, in milliseconds.
const AGAIN_MS: u64 = 15;

/// Takes up stories until there are none left.
pub(super) fn run(world: &World, number: usize) -> Result<()> {
    let mut random = Random::new(world.seed.wrapping_add(number as u64 + 1));
    loop {
        let place = world.next.fetch_add(1, Ordering::Relaxed);
        let Some(story) = world.stories.get(place) else { return Ok(()) };
        while world.released.load(Ordering::Relaxed) <= place {
            if world.is_over() {
                return Ok(());
            }
            pause(AGAIN_MS);
        }
        live(world, story, &mut random).with_context(|| format!("alert {}", story.number))?;
    }
}

/// One alert from beginning to end.
fn live(world: &World, story: &Story, random: &mut Random) -> Result<()> {
    let priority = if story.high { "P1" } else { "P4" };
    let new = json!({"message": format!("alert {}", story.number), "priority": priority, "user": story.customer()});
    let made = control(world.control_port, "POST", "/opsgenie/alerts", &new)?;
    let id = made["id"].as_str().context("an alert has an id")?.to_owned();
    tell(world, &world.hook("Create", story, &id, 0, None), random)?;
    let alert = Alert { story: story.clone(), id: id.clone(), answered: 0, acknowledged: false, resolved: false };
    world.alerts().push(alert);

    for index in 0..story.notes {
        let text = story.note(index);
        act(world, story, &id, "note", Some(&text))?;
        tell(world, &world.hook("AddNote", story, &id, 10 + index, Some(&text)), random)?;
    }
    if story.taken != Taken::InOpsgenie {
        return Ok(());
    }
    act(world, story, &id, "acknowledge", None)?;
    tell(world, &world.hook("Acknowledge", story, &id, 20, None), random)?;
    if story.ended {
        // What was over before it was paged is not paged any more, and that is right, so this waits for the page.
        wait_for_page(world, &id)?;
        act(world, story, &id, "close", None)?;
        tell(world, &world.hook("Close", story, &id, 30, None), random)?;
    }
    Ok(())
}

/// A person does it in Opsgenie.
fn act(world: &World, story: &Story, id: &str, action: &str, note: Option<&str>) -> Result<()> {
    let mut body = json!({"user": story.customer()});
    if let Some(note) = note {
        body["note"] = json!(note);
    }
    control(world.control_port, "POST", &format!("/opsgenie/alerts/{id}/{action}"), &body).map(drop)
}

/// Sends a webhook until it is answered 2xx, and at times once more.
fn tell(world: &World, body: &Value, random: &mut Random) -> Result<()> {
    let text = body.to_string();
    until_accepted(world, &text)?;
    world.accepted.fetch_add(1, Ordering::Relaxed);
    if random.percent(10) {
        until_accepted(world, &text)?;
    }
    Ok(())
}

fn until_accepted(world: &World, text: &str) -> Result<()> {
    loop {
        match http::send(world.port, "POST", "/ops-webhook", text) {
            Ok((200..300, _)) => return Ok(()),
            Ok((status, answer)) if status < 500 => bail!("refused: {status} {answer}"),
            Ok(_) | Err(_) => {}
        }
        if world.is_over() {
            bail!("the drill is over");
        }
        world.repeated.fetch_add(1, Ordering::Relaxed);
        pause(AGAIN_MS);
    }
}

fn wait_for_page(world: &World, id: &str) -> Result<()> {
    while http::send(world.control_port, "GET", &format!("/pagerduty/incidents/{id}"), "")?.0 != 200 {
        if world.is_over() {
            bail!("the drill is over");
        }
        pause(50);
    }
    Ok(())
}
