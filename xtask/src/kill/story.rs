//! What happens to each alert, drawn from the seed, and how far it has come.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::children::Sandbox;
use super::random::Random;

/// Who takes an incident. Never both: which of two came first would decide what is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Nobody,
    InOpsgenie,
    InPagerDuty,
}

/// What happens to one alert.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) number: usize,
    pub(super) high: bool,
    pub(super) taken: Taken,
    /// Notes that are written in Opsgenie.
    pub(super) notes: usize,
    /// Notes that are written in PagerDuty.
    pub(super) answers: usize,
    /// Closed in Opsgenie, or resolved in PagerDuty, by whoever took it.
    pub(super) ended: bool,
}

impl Story {
    fn draw(number: usize, random: &mut Random) -> Self {
        let taken = *random.pick(&[Taken::Nobody, Taken::InOpsgenie, Taken::InPagerDuty]);
        Self {
            number,
            high: random.percent(60),
            taken,
            notes: usize::try_from(random.between(0, 3)).expect("a small number"),
            answers: usize::try_from(random.between(0, 2)).expect("a small number"),
            ended: taken != Taken::Nobody && random.percent(40),
        }
    }

    /// The text of a note; no other text has it in it.
    pub(super) fn note(&self, index: usize) -> String {
        format!("note {index} of alert {}.", self.number)
    }

    /// The text of a note of PagerDuty.
    pub(super) fn answer(&self, index: usize) -> String {
        format!("answer {index} to alert {}.", self.number)
    }

    /// The person in Opsgenie, who has to do with nothing else.
    pub(super) fn customer(&self) -> String {
        format!("customer-{}@example.test", self.number)
    }

    /// The person in PagerDuty.
    pub(super) fn engineer(&self) -> String {
        format!("Engineer {} Berg", self.number)
    }
}

/// How far an alert has come.
#[derive(Clone, Debug)]
pub(super) struct Alert {
    pub(super) story: Story,
    pub(super) id: String,
    /// Steps that people in PagerDuty have taken.
    pub(super) answered: usize,
    pub(super) acknowledged: bool,
    pub(super) resolved: bool,
}

/// What clients, people and the drill share.
pub(super) struct World {
    pub(super) port: u16,
    pub(super) control_port: u16,
    pub(super) integration: String,
    pub(super) stories: Vec<Story>,
    pub(super) seed: u64,
    /// Stories that may begin.
    pub(super) released: AtomicUsize,
    /// The next story to be taken up by a client.
    pub(super) next: AtomicUsize,
    pub(super) clients_ended: AtomicBool,
    /// Something broke; everybody should go.
    pub(super) given_up: AtomicBool,
    /// Inputs that were answered 2xx.
    pub(super) accepted: AtomicUsize,
    /// Attempts that were not.
    pub(super) repeated: AtomicUsize,
    alerts: Mutex<Vec<Alert>>,
}

impl World {
    pub(super) fn new(sandbox: &Sandbox, port: u16, alerts: usize, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5eed);
        Self {
            port,
            control_port: sandbox.control_port,
            integration: sandbox.text("opsgenie", "integration_id").unwrap_or_default(),
            stories: (1..=alerts).map(|number| Story::draw(number, &mut random)).collect(),
            seed,
            released: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            clients_ended: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            repeated: AtomicUsize::new(0),
            alerts: Mutex::default(),
        }
    }

    pub(super) fn alerts(&self) -> MutexGuard<'_, Vec<Alert>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_over(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    pub(super) fn progress(&self) -> String {
        let (accepted, repeated) = (self.accepted.load(Ordering::Relaxed), self.repeated.load(Ordering::Relaxed));
        format!("{} alerts, {accepted} inputs accepted, {repeated} attempts repeated", self.alerts().len())
    }

    /// A webhook as Opsgenie sends it. `time` tells the actions of one alert apart.
    pub(super) fn hook(&self, action: &str, story: &Story, id: &str, time: usize, note: Option<&str>) -> Value {
        let (made_at, updated_at) = (1_795_183_200_000_u64, 1_795_183_200_000_u64 + time as u64);
        let mut alert = json!({
            "alertId": id, "message": format!("alert {}", story.number), "alias": id, "tinyId": story.number.to_string(),
            "priority": if story.high { "P1" } else { "P4" }, "createdAt": made_at, "updatedAt": updated_at,
            "username": story.customer(), "source": story.customer(), "tags": [], "teams": [],
        });
        if let Some(note) = note {
            alert["note"] = json!(note);
        }
        json!({
            "action": action, "alert": alert, "source": {"name": "", "type": "web"},
            "integrationId": self.integration, "integrationName": "Drill", "integrationType": "Webhook",
        })
    }
}
