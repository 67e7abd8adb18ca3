//! The connector against the real server: what it reads, what it writes, and what it makes of refusals.

use crate::lab::{Lab, User, field, number};
use pagebridge_connectors::rt::{Queue, Service, Settings};
use pagebridge_connectors::{Rt, Secret};
use pagebridge_core::{
    Bridge, Bridges, Cell, Content, Delivery, Incident, IncidentId, NoteId, Outcome, PollPolicy, RecordRef, Role,
    Status, Step, SystemName, Urgency,
};
use pagebridge_ports::{Check, CheckResult, Clock, Connector, IncidentFilter, MemoryStore, Store, SystemClock, Upkeep};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

use Status::{Acknowledged, Resolved, Triggered};

/// A store, and a connector that watches one queue.
struct World {
    lab: Lab,
    queue: String,
    store: MemoryStore,
    rt: Rt,
}

impl World {
    fn new() -> Option<Self> {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let lab = Lab::find()?;
        let queue = Lab::queue();
        let rt = connector(&lab, &queue, change);
        let mut bridge = Bridge::rt_extension("rt", "pagerduty");
        for rule in &mut bridge.rules {
            rule.direction.noted = Cell::STATUS;
            rule.direction.unacknowledged = Cell::STATUS;
            rule.direction.reopened = Cell::STATUS;
            rule.direction.updated = Cell::STATUS;
        }
        let mut bridges = Bridges::new(vec![bridge]).with_instance("lab");
        bridges.polls.insert(SystemName::new("rt"), PollPolicy::ON_DEMAND);
        let store = MemoryStore::new(Arc::new(bridges));
        Some(Self { lab, queue, store, rt })
    }

    /// One round of the follower.
    async fn follow(&self) {
        let upkept = self.rt.run(&self.store).await;
        assert_eq!(upkept.check.result, CheckResult::Ok, "{:?}", upkept.check);
    }

    async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        self.store.incidents(filter).await.expect("a list")
    }

    /// The only incident, after a round.
    async fn incident(&self) -> Incident {
        self.follow().await;
        let mut incidents = self.incidents().await;
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        incidents.remove(0)
    }

    /// A ticket that Alice makes.
    async fn ticket(&self, subject: &str) -> u64 {
        let body = json!({"Content": "98 % of the volume\nis used", "ContentType": "text/plain"});
        self.lab.create(User::Alice, &self.queue, subject, body).await
    }

    async fn status(&self, id: u64) -> String {
        self.lab.ticket(id).await["Status"].as_str().expect("text").to_owned()
    }

    async fn set(&self, id: u64, from: Status, to: Status) -> Outcome {
        self.rt.deliver(&delivery(Some(id), Step::SetStatus { from: Some(from), to })).await
    }
}

fn connector(lab: &Lab, queue: &str, change: impl FnOnce(&mut Settings)) -> Rt {
    connector_of(lab, User::Bridge, queue, change)
}

fn connector_of(lab: &Lab, user: User, queue: &str, change: impl FnOnce(&mut Settings)) -> Rt {
    let mut settings = Settings::new(SystemName::new("rt"), &lab.url, Secret::new(user.token()));
    settings.proxy = false;
    settings.sweep_ms = 0;
    settings.rtname = Some("rt.test".to_owned());
    settings.queues = [(queue.to_owned(), Queue { service: Some("PSVC".to_owned()), ..Queue::default() })].into();
    settings.services = [("*".to_owned(), Service { create_queue: queue.to_owned(), name: None })].into();
    change(&mut settings);
    Rt::new(settings, Arc::new(SystemClock)).expect("the settings are valid")
}

fn delivery(ticket: Option<u64>, step: Step) -> Delivery {
    Delivery {
        incident: IncidentId(1),
        system: SystemName::new("rt"),
        number: 1,
        attempts: 0,
        uncertain: false,
        step,
        role: Role::Record,
        record: ticket.map(|id| RecordRef::id(&id.to_string())),
        belongs_to: None,
        left: None,
        opened_at: SystemClock.now(),
        create_key: "Q1".to_owned(),
        content: Content { title: "Disk full".to_owned(), body: "98 %".to_owned(), ..Content::default() },
        status: Status::Triggered,
        by: Some("Ann (PagerDuty)".to_owned()),
        note: "Ann (PagerDuty): looking".to_owned(),
        mark: "[pb:elsewhere-1-1]".to_owned(),
    }
}

fn belongs(id: &str) -> Option<RecordRef> {
    Some(RecordRef { url: Some(format!("https://pd.test/incidents/{id}")), ..RecordRef::id(id) })
}

fn holds(status: Status) -> Outcome {
    Outcome::Delivered { record: None, status: Some(status), status_at: None, note: None }
}

fn known(incident: &Incident) -> Option<Status> {
    incident.link("rt").and_then(|link| link.known)
}

#[tokio::test]
async fn a_new_ticket_becomes_an_incident_and_an_old_one_does_not() {
    let Some(world) = World::new() else { return };
    let old = world.ticket("from before").await;
    world.follow().await;
    world.lab.write(User::Alice, old, "comment", "still there").await;
    world.follow().await;
    assert!(world.incidents().await.is_empty());

    let id = world.ticket("It's \"full\" \\ ü").await;
    let incident = world.incident().await;
    let content = incident.content.as_ref().expect("content");
    assert_eq!(content.title, format!("[rt.test #{id}] It's \"full\" \\ ü"));
    assert_eq!((content.body.as_str(), content.service.as_deref()), ("98 % of the volume\nis used", Some("PSVC")));
    let pagerduty = incident.link("pagerduty").expect("a link");
    assert_eq!((pagerduty.want, pagerduty.create_key.as_str()), (Some(Triggered), &*format!("[rt.test #{id}]")));
    let url = format!("{}/Ticket/Display.html?id={id}", world.lab.url.trim_end_matches("/REST/2.0"));
    let record = incident.link("rt").expect("a link");
    assert!(format!("{:?}", record.record).contains(&url), "{record:?}");
    // Again and again, and by another process: nothing changes.
    let version = world.incident().await.version;
    let again = connector(&world.lab, &world.queue, |_| {});
    for _ in 0..2 {
        again.run(&world.store).await;
    }
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), incidents[0].version), (1, version));
}

#[tokio::test]
async fn people_at_the_ticket_are_followed_and_rt_itself_is_not() {
    let Some(world) = World::new() else { return };
    world.follow().await;
    let id = world.ticket("Disk full").await;
    assert_eq!(known(&world.incident().await), Some(Triggered));
    // A reply opens the ticket, in the name of the system.
    world.lab.write(User::Alice, id, "correspond", "we look into it").await;
    assert_eq!(world.status(id).await, "open");
    let incident = world.incident().await;
    assert_eq!(known(&incident), Some(Triggered));
    assert_eq!(incident.notes.len(), 1, "{:?}", incident.notes);
    assert_eq!(incident.notes[0].text, "Alice Operator (RT): we look into it");
    // Somebody acknowledges elsewhere: RT's status says so already.
    assert_eq!(world.set(id, Triggered, Acknowledged).await, holds(Acknowledged));
    assert_eq!(known(&world.incident().await), Some(Acknowledged));
    let read = world.rt.read(&RecordRef::id(&id.to_string())).await;
    assert!(matches!(&read, Outcome::Read(r) if r.status == Acknowledged), "{read:?}");

    world.lab.put(User::Alice, id, json!({"Status": "resolved"})).await;
    let incident = world.incident().await;
    assert_eq!((known(&incident), incident.status), (Some(Resolved), Resolved));
    let by = incident.link("pagerduty").and_then(|link| link.want_by.clone());
    assert_eq!(by.as_deref(), Some("Alice Operator (RT)"));
    // Opened again, it is nobody's.
    world.lab.put(User::Alice, id, json!({"Status": "open"})).await;
    assert_eq!(known(&world.incident().await), Some(Triggered));
    world.lab.put(User::Alice, id, json!({"Status": "stalled"})).await;
    let incident = world.incident().await;
    assert_eq!(known(&incident), Some(Acknowledged));
    let by = incident.link("pagerduty").and_then(|link| link.want_by.clone());
    assert_eq!(by.as_deref(), Some("Alice Operator (RT)"));
    world.lab.put(User::Alice, id, json!({"Status": "new"})).await;
    assert_eq!(known(&world.incident().await), Some(Triggered));
    world.lab.put(User::Alice, id, json!({"Status": "rejected"})).await;
    assert_eq!(known(&world.incident().await), Some(Resolved));
}

#[tokio::test]
async fn every_status_is_set_and_read_back() {
    let Some(world) = World::new() else { return };
    let id = world.ticket("Disk full").await;
    let table = [
        (Triggered, Acknowledged, "open"),
        (Acknowledged, Triggered, "new"),
        (Triggered, Resolved, "resolved"),
        (Resolved, Triggered, "open"),
        (Triggered, Acknowledged, "open"),
        (Acknowledged, Resolved, "resolved"),
        (Resolved, Acknowledged, "open"),
    ];
    for (from, to, status) in table {
        assert_eq!(world.set(id, from, to).await, holds(to), "{from} to {to}");
        assert_eq!(world.status(id).await, status, "{from} to {to}");
        let Outcome::Read(reading) = world.rt.read(&RecordRef::id(&id.to_string())).await else { panic!("no reading") };
        assert_eq!(reading.status, to, "{from} to {to}");
        assert!(to == Triggered || reading.by.is_some_and(|by| by.ours), "{from} to {to}");
        let before = world.lab.history(id).await.len();
        assert_eq!(world.set(id, from, to).await, holds(to), "it holds it already");
        assert_eq!(world.lab.history(id).await.len(), before);
    }
    world.lab.put(User::Alice, id, json!({"Status": "resolved"})).await;
    let moved = world.set(id, Triggered, Acknowledged).await;
    assert!(matches!(&moved, Outcome::Read(r) if r.status == Resolved), "{moved:?}");
}

#[tokio::test]
async fn a_change_that_did_nothing_is_told_with_its_remedy() {
    let Some(world) = World::new() else { return };
    let id = world.ticket("Disk full").await;
    let mute = connector_of(&world.lab, User::Mute, &world.queue, |_| {});
    let refused = |outcome: Outcome, words: &str| {
        let Outcome::Rejected { reason, remedy } = &outcome else { panic!("{words}: {outcome:?}") };
        assert!(format!("{reason} {remedy}").contains(words), "{words}: {outcome:?}");
    };
    let set = delivery(Some(id), Step::SetStatus { from: Some(Triggered), to: Acknowledged });
    refused(mute.deliver(&set).await, "ModifyTicket");
    refused(mute.deliver(&delivery(Some(id), Step::Update { retold: 1 })).await, "ModifyTicket");
    let mark = Delivery { belongs_to: belongs("Q1"), ..delivery(Some(id), Step::Mark) };
    refused(mute.deliver(&mark).await, "ModifyCustomField");
    refused(mute.deliver(&delivery(Some(id), Step::AddNote(NoteId(1)))).await, "rights");
    let odd = connector(&world.lab, &world.queue, |settings| {
        let queue = settings.queues.values_mut().next().expect("one");
        queue.acknowledged = "no such status".to_owned();
    });
    refused(odd.deliver(&set).await, "lifecycle");
    let bare = world.lab.create(User::Alice, "Bare", "no fields", json!({})).await;
    let mark = Delivery { belongs_to: belongs("Q1"), ..delivery(Some(bare), Step::Mark) };
    refused(world.rt.deliver(&mark).await, "apply the custom fields PagerDuty ID and PagerDuty URL to the queue Bare");
    let powerless = connector_of(&world.lab, User::Powerless, &world.queue, |_| {});
    let outcome = powerless.deliver(&set).await;
    assert!(matches!(&outcome, Outcome::NotApplied { reason, .. } if reason.contains("right")), "{outcome:?}");
    refused(powerless.deliver(&delivery(None, Step::Create)).await, "rights");
    let gone = delivery(Some(999_999_999), Step::SetStatus { from: None, to: Resolved });
    assert_eq!(world.rt.deliver(&gone).await, Outcome::Missing);
    assert_eq!(world.status(id).await, "new");
}

#[tokio::test]
async fn a_ticket_is_made_once_and_found_again() {
    let Some(world) = World::new() else { return };
    world.follow().await;
    let create =
        Delivery { belongs_to: belongs("Q'M\\1"), create_key: "Q'M\\1".to_owned(), ..delivery(None, Step::Create) };
    let find = Delivery { step: Step::Find, ..create.clone() };
    assert_eq!(world.rt.deliver(&find).await, Outcome::Missing);
    let made = world.rt.deliver(&create).await;
    let Outcome::Delivered { record: Some(record), status: Some(Triggered), .. } = &made else { panic!("{made:?}") };
    let ticket = world.lab.ticket(record.id.0.parse().expect("a number")).await;
    assert_eq!(field(&ticket, "PagerDuty ID"), "Q'M\\1");
    assert_eq!(field(&ticket, "PagerDuty URL"), "https://pd.test/incidents/Q'M\\1");
    assert_eq!((&ticket["Subject"], &ticket["Status"]), (&json!("PagerDuty Incident: Disk full"), &json!("new")));
    assert_eq!(world.rt.deliver(&create).await, made, "it is found, not made");
    assert_eq!(world.rt.deliver(&find).await, made);
    // A ticket that names its incident is a part of it; here nobody knows it yet, so it is taken over.
    let incident = world.incident().await;
    let other = incident.link("pagerduty").and_then(|link| link.record_id()).map(|id| id.0.as_str());
    assert_eq!(other, Some("Q'M\\1"));
}

#[tokio::test]
async fn a_ticket_in_a_queue_without_the_fields_is_no_second_incident() {
    let Some(world) = World::new() else { return };
    let change = |settings: &mut Settings| {
        settings.queues = [("Bare".to_owned(), Queue::default())].into();
        settings.services = [("*".to_owned(), Service { create_queue: "Bare".to_owned(), name: None })].into();
    };
    let rt = connector(&world.lab, &world.queue, change);
    rt.run(&world.store).await;
    let title = format!("only in {}", world.queue);
    let content = Content { title: title.clone(), ..Content::default() };
    let create = Delivery { belongs_to: belongs("QB1"), content, ..delivery(None, Step::Create) };
    let made = rt.deliver(&create).await;
    assert!(matches!(&made, Outcome::Delivered { record: Some(_), .. }), "{made:?}");
    // The answer was lost: what we wrote tells which one it is.
    assert_eq!(rt.deliver(&Delivery { uncertain: true, ..create }).await, made);
    rt.run(&world.store).await;
    // Others make tickets in that queue as well.
    let incidents = world.incidents().await;
    assert!(incidents.iter().all(|incident| !incident.title().contains(&title)), "{incidents:?}");
}

#[tokio::test]
async fn a_note_is_written_once_and_does_not_come_back() {
    let Some(world) = World::new() else { return };
    world.follow().await;
    let id = world.ticket("Disk full").await;
    world.incident().await;
    let note = delivery(Some(id), Step::AddNote(NoteId(1)));
    let Outcome::Delivered { note: Some(written), .. } = world.rt.deliver(&note).await else { panic!("not written") };
    let again = world.rt.deliver(&Delivery { uncertain: true, ..note }).await;
    assert_eq!(again, Outcome::Delivered { record: None, status: None, status_at: None, note: Some(written.clone()) });
    let rows = world.lab.history(id).await;
    let comments: Vec<u64> = rows.iter().filter(|r| r["Type"] == "Comment").map(|r| number(&r["id"])).collect();
    assert_eq!(comments, [written.parse::<u64>().expect("a number")]);
    assert_eq!(world.incident().await.notes.len(), 0, "a bridge's mark");
}

#[tokio::test]
async fn what_the_incident_is_about_is_told_again_and_written_down() {
    let Some(world) = World::new() else { return };
    world.follow().await;
    let id = world.ticket("Disk full").await;
    world.incident().await;
    let rt = connector(&world.lab, &world.queue, |settings| {
        settings.priorities = vec![
            pagebridge_connectors::rt::Priority { number: 0, name: None, urgency: Urgency::Low },
            pagebridge_connectors::rt::Priority { number: 80, name: Some("P1".to_owned()), urgency: Urgency::High },
        ];
    });
    let update = delivery(Some(id), Step::Update { retold: 1 });
    let told = Outcome::Delivered { record: None, status: None, status_at: None, note: None };
    assert_eq!(rt.deliver(&update).await, told);
    let ticket = world.lab.ticket(id).await;
    assert_eq!((&ticket["Subject"], &ticket["Priority"]), (&json!("PagerDuty Incident: Disk full"), &json!("80")));
    let mark = Delivery { belongs_to: belongs("QU1"), ..delivery(Some(id), Step::Mark) };
    let before = world.lab.history(id).await.len();
    assert_eq!(rt.deliver(&mark).await, told);
    assert_eq!(rt.deliver(&mark).await, told);
    assert_eq!(world.lab.history(id).await.len(), before + 2, "each field once");
    assert_eq!(field(&world.lab.ticket(id).await, "PagerDuty ID"), "QU1");
    // The new subject is read; so is a person's.
    world.lab.put(User::Alice, id, json!({"Subject": "Two disks full"})).await;
    let incident = world.incident().await;
    let content = incident.content.expect("content");
    assert_eq!(content.title, format!("[rt.test #{id}] Two disks full"));
    assert_eq!(content.body, "98 % of the volume\nis used");
}

#[tokio::test]
async fn tickets_of_the_extension_are_taken_over() {
    let Some(world) = World::new() else { return };
    let fields = json!({"CustomFields": {"PagerDuty ID": "QX1", "PagerDuty URL": "https://pd.test/QX1"}});
    let linked = world.lab.create(User::Alice, &world.queue, "linked", fields.clone()).await;
    let over = world.lab.create(User::Alice, &world.queue, "over", fields).await;
    world.lab.put(User::Alice, over, json!({"Status": "resolved"})).await;
    world.ticket("not linked").await;
    let incident = world.incident().await;
    assert_eq!(incident.link("rt").and_then(|l| l.record_id()).map(|id| id.0.clone()), Some(linked.to_string()));
    assert_eq!(incident.link("pagerduty").and_then(|l| l.record_id()).map(|id| id.0.as_str()), Some("QX1"));

    let Some(world) = World::with(|settings| settings.backlog = true) else { return };
    world.ticket("not linked").await;
    let incident = world.incident().await;
    assert_eq!(incident.content.map(|content| content.body).as_deref(), Some("98 % of the volume\nis used"));
}

#[tokio::test]
async fn tickets_that_are_deleted_merged_or_moved_are_not_lost() {
    let Some(world) = World::new() else { return };
    world.follow().await;
    let find = async |id: u64| {
        world.follow().await;
        let incidents = world.incidents().await;
        let id = id.to_string();
        incidents.into_iter().find(|i| i.link("rt").and_then(|l| l.record_id()).is_some_and(|r| r.0 == id))
    };
    let deleted = world.ticket("deleted").await;
    assert!(find(deleted).await.is_some());
    world.lab.put(User::Root, deleted, json!({"Status": "deleted"})).await;
    assert_eq!(known(&find(deleted).await.expect("linked")), Some(Resolved));

    let (gone, kept) = (world.ticket("gone").await, world.ticket("kept").await);
    assert!(find(gone).await.is_some());
    world.lab.put(User::Alice, kept, json!({"CustomFields": {"PagerDuty ID": "QK"}})).await;
    world.lab.put(User::Alice, gone, json!({"MergeInto": kept})).await;
    let incident = find(gone).await.expect("it keeps its number");
    assert_eq!((known(&incident), incident.status), (Some(Resolved), Resolved));

    let (gone, kept) = (world.ticket("gone").await, world.lab.create(User::Alice, "Second", "kept", json!({})).await);
    assert!(find(gone).await.is_some());
    world.lab.put(User::Alice, gone, json!({"MergeInto": kept})).await;
    assert_eq!(find(kept).await.map(|i| known(&i)), Some(Some(Triggered)), "it is followed there");
    world.lab.put(User::Alice, kept, json!({"Status": "open"})).await;
    assert_eq!(find(kept).await.map(|i| known(&i)), Some(Some(Acknowledged)));

    let moved = world.ticket("moved").await;
    assert!(find(moved).await.is_some());
    world.lab.put(User::Alice, moved, json!({"Queue": "Second"})).await;
    world.lab.put(User::Alice, moved, json!({"Status": "resolved"})).await;
    assert_eq!(find(moved).await.map(|i| known(&i)), Some(Some(Resolved)));

    let came = world.lab.create(User::Alice, "Second", "comes", json!({})).await;
    assert!(find(came).await.is_none());
    world.lab.put(User::Alice, came, json!({"Queue": world.queue})).await;
    assert!(find(came).await.is_some());
}

#[tokio::test]
async fn an_owner_acknowledges_and_is_set_where_the_settings_say_so() {
    let set = |settings: &mut Settings| {
        settings.owner_acknowledges = true;
        settings.set_owner = true;
    };
    let Some(world) = World::with(set) else { return };
    world.follow().await;
    let id = world.ticket("Disk full").await;
    assert_eq!(known(&world.incident().await), Some(Triggered));
    world.lab.put(User::Alice, id, json!({"Owner": "alice"})).await;
    let incident = world.incident().await;
    assert_eq!(known(&incident), Some(Acknowledged));
    let by = incident.link("pagerduty").and_then(|link| link.want_by.clone());
    assert_eq!(by.as_deref(), Some("Alice Operator (RT)"));
    assert_eq!(world.set(id, Acknowledged, Triggered).await, holds(Triggered));
    assert_eq!(world.lab.ticket(id).await["Owner"]["id"], "Nobody");
    for by in ["alice@rt.test (PagerDuty)", "Alice Operator (PagerDuty)", "alice"] {
        let set = Delivery {
            by: Some(by.to_owned()),
            ..delivery(Some(id), Step::SetStatus { from: Some(Triggered), to: Acknowledged })
        };
        assert_eq!(world.rt.deliver(&set).await, holds(Acknowledged), "{by}");
        let ticket = world.lab.ticket(id).await;
        assert_eq!((&ticket["Owner"]["id"], &ticket["Status"]), (&json!("alice"), &json!("open")), "{by}");
        assert_eq!(world.set(id, Acknowledged, Triggered).await, holds(Triggered));
    }
    // Nobody of that name: the status counts.
    assert_eq!(world.set(id, Triggered, Acknowledged).await, holds(Acknowledged));
}

#[tokio::test]
async fn doctor_names_what_is_missing() {
    let Some(world) = World::new() else { return };
    world.ticket("Disk full").await;
    let text = |checks: Vec<Check>| {
        let line = |c: &Check| format!("{:?} {}: {} -> {}", c.result, c.name, c.detail, c.remedy);
        checks.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let well = text(world.rt.check().await);
    assert!(!well.contains("Failed") && !well.contains("Warning"), "{well}");
    assert!(well.contains("as `bridge`") && well.contains(&format!("Ok queue {}", world.queue)), "{well}");

    let mistyped = connector(&world.lab, "Incidetns", |_| {});
    let found = text(mistyped.check().await);
    assert!(found.contains("Failed queue Incidetns") && found.contains("correct the name"), "{found}");

    let bare = connector(&world.lab, "Bare", |_| {});
    let found = text(bare.check().await);
    assert!(found.contains("no custom field PagerDuty ID and PagerDuty URL -> apply it to the queue Bare"), "{found}");

    let mute = connector_of(&world.lab, User::Mute, &world.queue, |_| {});
    let found = text(mute.check().await);
    assert!(found.contains("not the right CommentOnTicket and ModifyTicket"), "{found}");

    let nobody = connector(&world.lab, &world.queue, |settings| settings.token = Secret::new("1-31-nonsense"));
    let found = text(nobody.check().await);
    assert!(found.contains("Failed connection") && found.contains("set token"), "{found}");

    let odd = connector(&world.lab, &world.queue, |settings| {
        let queue = settings.queues.values_mut().next().expect("one");
        queue.initial = vec!["submitted".to_owned()];
    });
    let found = text(odd.check().await);
    assert!(found.contains("the status `new` means"), "{found}");
}

/// A user in New York sees the same: what is asked depends on no time zone.
#[tokio::test]
async fn the_time_zone_of_the_user_does_not_matter() {
    let Some(world) = World::new() else { return };
    let zone = json!({"Timezone": "America/New_York"});
    assert_eq!(world.lab.call(User::Root, Method::PUT, "user/mute", zone).await.status, 200);
    let id = world.ticket("Disk full").await;
    let changed = async |since: &str| {
        let query = format!("Queue = '{}' AND LastUpdated > '{since}'", world.queue);
        let page: Value = world.lab.search(User::Mute, "tickets", &[("query", &query)]).await;
        page["items"].as_array().expect("a list").iter().map(|item| number(&item["id"])).collect::<Vec<_>>()
    };
    let minutes = |minutes: i64| {
        let at = jiff::Timestamp::from_millisecond(SystemClock.now().0 + minutes * 60_000).expect("a time");
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    assert_eq!(changed("300 seconds ago").await, [id], "what the connector asks");
    assert_eq!(changed(&minutes(60)).await, [id], "a zone is not understood: this is midnight");
}
