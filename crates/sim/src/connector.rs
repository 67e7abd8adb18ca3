//! A connector to a model remote. Between any two of its steps the driver may crash it, freeze it, or run others.

use crate::planted::Plant;
use crate::remote::Write;
use crate::world::{Fate, Late, World, step};
use pagebridge_core::{Delivery, Mark, Outcome, Reading, RecordId, RecordRef, Role, Scope, Status, Step, SystemName};
use pagebridge_ports::{BoxFuture, Check, Connector};

pub(crate) struct SimConnector {
    pub system: SystemName,
    pub world: World,
}

/// The answer to a write, before it is put into words.
enum Answer {
    Id(String),
    End(Outcome),
}

impl SimConnector {
    fn plant(&self) -> Option<Plant> {
        self.world.lock().plant
    }

    async fn write(&self, write: Write) -> Answer {
        step().await;
        let fate = self.world.lock().fate();
        let answer = self.write_with(fate, write);
        if fate == Fate::Hangs {
            std::future::pending::<()>().await;
        }
        step().await;
        answer
    }

    fn write_with(&self, fate: Fate, write: Write) -> Answer {
        let mut world = self.world.lock();
        let unknown = || Answer::End(Outcome::Unknown { reason: "no answer".into() });
        match fate {
            Fate::Well => match world.apply(&self.system, &write) {
                Ok(id) => Answer::Id(id),
                Err(reason) => Answer::End(Outcome::Rejected { reason, remedy: "look".into() }),
            },
            Fate::Refused => Answer::End(refused(&mut world)),
            Fate::Rejected => {
                Answer::End(Outcome::Rejected { reason: "no, and never".into(), remedy: "release it".into() })
            }
            Fate::AppliedUnanswered | Fate::Hangs => {
                let _ = world.apply(&self.system, &write);
                unknown()
            }
            Fate::LostUnanswered => unknown(),
            // Nobody asks a chat what it shows, so what it shows late would stay; its calls end with their connections.
            Fate::LandsLate if matches!(write, Write::Show { .. }) => {
                let _ = world.apply(&self.system, &write);
                unknown()
            }
            Fate::LandsLate => {
                let late_ms = lateness(&mut world, &write);
                let due = world.now.plus_ms(late_ms);
                world.late.push(Late { due, system: self.system.clone(), write });
                unknown()
            }
        }
    }

    /// Reads a record; `Err` when that fails.
    async fn look(
        &self,
        find: impl Fn(&crate::remote::Remote) -> Option<String> + Send,
    ) -> Result<Option<Reading>, Outcome> {
        step().await;
        let result = {
            let mut world = self.world.lock();
            match world.fate() {
                Fate::Well | Fate::AppliedUnanswered | Fate::LandsLate => {
                    let remote = world.remote(&self.system);
                    Ok(find(remote).and_then(|id| remote.read(&id)))
                }
                _ => Err(refused(&mut world)),
            }
        };
        step().await;
        result
    }

    async fn look_for(&self, delivery: &Delivery) -> Result<Option<Reading>, Outcome> {
        let key = delivery.create_key.clone();
        self.look(move |remote| remote.find_by_key(&key).map(|r| r.id.clone())).await
    }

    async fn look_at(&self, id: &str) -> Result<Option<Reading>, Outcome> {
        let id = id.to_owned();
        self.look(move |remote| remote.find(&id).map(|r| r.id.clone())).await
    }

    async fn create(&self, delivery: &Delivery) -> Outcome {
        if delivery.uncertain {
            match self.look_for(delivery).await {
                Err(outcome) => return outcome,
                Ok(Some(found)) => return made(found.record, Some(found.status)),
                Ok(None) => {}
            }
        }
        let mark = delivery.belongs_to.as_ref().map(|record| record.id.0.clone());
        match self.write(Write::Create { key: delivery.create_key.clone(), mark }).await {
            Answer::End(outcome) => outcome,
            Answer::Id(id) => {
                let status = self.world.lock().remote(&self.system).find(&id).map(|r| r.status);
                made(RecordRef { id: RecordId(id), url: None }, status)
            }
        }
    }

    async fn set_status(&self, id: &str, from: Option<Status>, to: Status) -> Outcome {
        let reading = match self.look_at(id).await {
            Err(outcome) => return outcome,
            Ok(None) => return Outcome::Missing,
            Ok(Some(reading)) => reading,
        };
        if reading.status == to {
            return Outcome::Delivered { record: None, status: Some(to), status_at: reading.status_at, note: None };
        }
        if Some(reading.status) != from {
            return Outcome::Read(Reading { notes: None, ..reading });
        }
        match self.write(Write::SetStatus { id: id.to_owned(), to }).await {
            Answer::End(outcome) => outcome,
            Answer::Id(_) => {
                let (status, at) = {
                    let mut world = self.world.lock();
                    let forward = reading.status_at.is_some();
                    let record = world.remote(&self.system).find(id).cloned();
                    (record.as_ref().map(|r| r.status), record.map(|r| r.changed_at).filter(|_| forward))
                };
                Outcome::Delivered { record: None, status, status_at: at, note: None }
            }
        }
    }

    /// A message is written anew, whatever it showed.
    async fn show(&self, delivery: &Delivery, id: &str) -> Outcome {
        let mark = delivery.belongs_to.as_ref().map(|record| record.id.0.clone());
        match self.write(Write::Show { id: id.to_owned(), to: delivery.status, mark }).await {
            Answer::End(outcome) => outcome,
            Answer::Id(_) => {
                Outcome::Delivered { record: None, status: Some(delivery.status), status_at: None, note: None }
            }
        }
    }

    async fn add_note(&self, delivery: &Delivery, id: &str) -> Outcome {
        if delivery.uncertain {
            match self.look_at(id).await {
                Err(outcome) => return outcome,
                Ok(None) => return Outcome::Missing,
                Ok(Some(reading)) => {
                    let wanted = Mark::find(&delivery.mark);
                    let notes = reading.notes.unwrap_or_default();
                    if let Some(note) = notes.iter().find(|n| Mark::find(&n.text) == wanted) {
                        let note = note.remote_id.clone();
                        return Outcome::Delivered { record: None, status: None, status_at: None, note };
                    }
                }
            }
        }
        let mark = if self.plant() == Some(Plant::ForgetsTheMark) { "" } else { &delivery.mark };
        let text = format!("{} {mark}", delivery.note);
        match self.write(Write::AddNote { id: id.to_owned(), text }).await {
            Answer::End(outcome) => outcome,
            Answer::Id(_) => Outcome::Delivered { record: None, status: None, status_at: None, note: None },
        }
    }

    async fn mark(&self, delivery: &Delivery, id: &str) -> Outcome {
        let mark = delivery.belongs_to.as_ref().map(|record| record.id.0.clone()).unwrap_or_default();
        match self.write(Write::Mark { id: id.to_owned(), mark }).await {
            Answer::End(outcome) => outcome,
            Answer::Id(_) => Outcome::Delivered { record: None, status: None, status_at: None, note: None },
        }
    }

    async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let id = delivery.record.as_ref().map(|r| r.id.0.as_str()).unwrap_or_default();
        match &delivery.step {
            Step::Create => self.create(delivery).await,
            Step::Find => match self.look_for(delivery).await {
                Err(outcome) => outcome,
                Ok(None) => Outcome::Missing,
                Ok(Some(found)) => made(found.record, Some(found.status)),
            },
            Step::SetStatus { .. } | Step::Update { .. } | Step::Mark if delivery.role == Role::Post => {
                self.show(delivery, id).await
            }
            Step::SetStatus { from, to } => self.set_status(id, *from, *to).await,
            Step::Update { .. } => unreachable!("no rule of the simulation wants it"),
            Step::Mark => self.mark(delivery, id).await,
            Step::AddNote(_) => self.add_note(delivery, id).await,
        }
    }
}

fn made(record: RecordRef, status: Option<Status>) -> Outcome {
    Outcome::Delivered { record: Some(record), status, status_at: None, note: None }
}

fn refused(world: &mut crate::world::Inner) -> Outcome {
    let wait_ms = world.rng.chance(40).then(|| world.rng.between(100, 4_000));
    Outcome::NotApplied { wait_ms, scope: Scope::System, reason: "503".into() }
}

/// How long after we gave up a write may still land. What adds up (records, notes) lands before the read-back that
/// follows; a status may land long after its lease.
fn lateness(world: &mut crate::world::Inner, write: &Write) -> i64 {
    let most = if matches!(write, Write::SetStatus { .. }) { 60_000 } else { 4_000 };
    world.rng.between(1, most)
}

impl Connector for SimConnector {
    fn system(&self) -> &SystemName {
        &self.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut delivery = delivery.clone();
            let plant = self.plant();
            if plant == Some(Plant::NeverReadsBack) {
                delivery.uncertain = false;
            }
            let outcome = self.carry_out(&delivery).await;
            match (plant, outcome) {
                (Some(Plant::TakesSilenceForNo), Outcome::Unknown { reason }) => {
                    Outcome::NotApplied { wait_ms: None, scope: Scope::Record, reason }
                }
                (Some(Plant::TakesSilenceForYes), Outcome::Unknown { .. }) => {
                    Outcome::Delivered { record: None, status: None, status_at: None, note: None }
                }
                (_, outcome) => outcome,
            }
        })
    }

    fn read<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let reading = self.look_at(&record.id.0).await;
            if self.plant() == Some(Plant::NeverPolls) {
                return refused(&mut self.world.lock());
            }
            let by_us = |r: &Reading| r.by.as_ref().is_some_and(|a| a.ours);
            match reading {
                Err(outcome) => outcome,
                Ok(None) => Outcome::Missing,
                Ok(Some(reading)) if self.plant() == Some(Plant::DropsEchoes) && by_us(&reading) => {
                    refused(&mut self.world.lock())
                }
                Ok(Some(reading)) => Outcome::Read(reading),
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}
