//! Every row of the tables that say what RT's words mean.

use super::*;
use crate::Secret;
use crate::rt::settings::{Priority, Service};
use pagebridge_core::SystemName;
use serde_json::json;

fn settings() -> Settings {
    let mut settings = Settings::new(SystemName::new("rt"), "https://rt.test/REST/2.0", Secret::new("1-31-x"));
    let custom = Queue {
        service: Some("PNET".to_owned()),
        initial: vec!["submitted".to_owned()],
        active: vec!["working".to_owned()],
        inactive: vec!["closed".to_owned()],
        subject_tag: Some("net".to_owned()),
        ..Queue::default()
    };
    settings.queues.insert("Network".to_owned(), custom);
    settings
}

fn words<'a>(settings: &'a Settings) -> Words<'a> {
    Words { settings, rtname: "rt.test", web_url: "https://rt.test", user: Some("bridge") }
}

fn ticket(queue: &str, status: &str, owner: &str) -> Ticket {
    let ticket = json!({"id": 7, "Subject": " Disk full ", "Status": status, "Priority": "50", "Owner": {"id": owner},
        "Queue": {"id": "3", "Name": queue, "SubjectTag": ""},
        "CustomFields": [{"name": "PagerDuty ID", "values": ["Q1"]}]});
    serde_json::from_value(ticket).expect("a ticket")
}

fn act(kind: &str, who: &str, old: &str, new: &str) -> Transaction {
    let field = if kind == "Status" { "Status" } else { "Started" };
    let act = json!({"id": "9", "Type": kind, "Field": field, "OldValue": old, "NewValue": new,
        "Creator": {"id": who, "RealName": format!("{who} R.")}, "Created": "2026-11-20T13:53:43Z"});
    serde_json::from_value(act).expect("a transaction")
}

use Status::{Acknowledged, Resolved, Triggered};

#[test]
fn each_status_and_who_set_it_says_where_a_ticket_stands() {
    let settings = settings();
    let by = |who: &str, old: &str, new: &str| Some(act("Status", who, old, new));
    let started = |who: &str| Some(act("Set", who, "", ""));
    let table = [
        // A new ticket.
        ("General", "new", None, Triggered),
        // Initial to active, by a person.
        ("General", "open", by("ana", "new", "open"), Acknowledged),
        ("General", "stalled", by("ana", "new", "stalled"), Acknowledged),
        ("General", "open", by("bridge", "new", "open"), Acknowledged),
        ("General", "stalled", by("ana", "open", "stalled"), Acknowledged),
        // By RT itself, since somebody replied.
        ("General", "open", by(RT_SYSTEM, "new", "open"), Triggered),
        ("General", "open", by(RT_SYSTEM, "resolved", "open"), Triggered),
        // Taken after that.
        ("General", "open", started("bridge"), Acknowledged),
        ("General", "open", started(RT_SYSTEM), Triggered),
        // Over.
        ("General", "resolved", by("ana", "open", "resolved"), Resolved),
        ("General", "resolved", None, Resolved),
        ("General", "rejected", by("ana", "new", "rejected"), Resolved),
        ("General", "deleted", by("ana", "open", "deleted"), Resolved),
        // Opened again, it is nobody's.
        ("General", "open", by("ana", "resolved", "open"), Triggered),
        ("General", "open", by("ana", "rejected", "open"), Triggered),
        ("General", "new", by("ana", "resolved", "new"), Triggered),
        // Given back.
        ("General", "new", by("ana", "open", "new"), Triggered),
        // Made as an active one.
        ("General", "open", None, Triggered),
        // The words of another lifecycle, and one that nobody has named.
        ("Network", "submitted", None, Triggered),
        ("Network", "working", by("ana", "submitted", "working"), Acknowledged),
        ("Network", "Closed", by("ana", "working", "closed"), Resolved),
        ("Network", "waiting", by("ana", "submitted", "waiting"), Acknowledged),
        ("Network", "waiting", None, Triggered),
    ];
    for (queue, status, act, expected) in table {
        let standing = words(&settings).standing(&ticket(queue, status, "Nobody"), act.as_ref());
        assert_eq!(standing.status, expected, "{queue} {status} after {act:?}");
        let who = act.filter(|act| act.creator.id != RT_SYSTEM).map(|act| act.creator.id);
        let told = standing.by.as_ref().map(|by| (by.name.clone(), by.ours));
        assert_eq!(told, who.as_ref().map(|who| (format!("{who} R."), who == "bridge")), "{queue} {status}");
        assert!(who.is_none() || standing.at == Some(Timestamp(1_795_182_823_000)), "{:?}", standing.at);
    }
}

#[test]
fn the_settings_change_what_that_means() {
    let opened = act("Status", RT_SYSTEM, "new", "open");
    let reopened = act("Status", RT_SYSTEM, "resolved", "open");
    let auto = Settings { auto_open: true, ..settings() };
    let standing = |settings: &Settings, status: &str, owner: &str, act: Option<&Transaction>| {
        words(settings).standing(&ticket("General", status, owner), act).status
    };
    assert_eq!(standing(&auto, "open", "Nobody", Some(&opened)), Acknowledged);
    assert_eq!(standing(&auto, "open", "Nobody", Some(&reopened)), Triggered);

    let owned = Settings { owner_acknowledges: true, ..settings() };
    for (settings, owner, expected) in [
        (&settings(), "ana", Triggered),
        (&owned, "ana", Acknowledged),
        (&owned, "Nobody", Triggered),
        (&owned, "bridge", Triggered),
        (&owned, RT_SYSTEM, Triggered),
    ] {
        assert_eq!(standing(settings, "new", owner, None), expected, "{owner}");
        assert_eq!(standing(settings, "open", owner, Some(&opened)), expected, "{owner}");
    }

    let kept = Settings { rejected: Closing::Ignored, deleted: Closing::Ignored, ..settings() };
    for status in ["rejected", "deleted"] {
        for (old, expected) in [("new", Triggered), ("open", Acknowledged), ("resolved", Resolved)] {
            let act = act("Status", "ana", old, status);
            assert_eq!(standing(&kept, status, "Nobody", Some(&act)), expected, "{old} to {status}");
        }
        assert_eq!(standing(&kept, status, "Nobody", None), Triggered);
        assert!(words(&kept).needs_act(&ticket("General", status, "Nobody")));
        assert!(!words(&settings()).needs_act(&ticket("General", status, "Nobody")));
    }
}

#[test]
fn a_ticket_says_what_its_incident_is_about() {
    let mut settings = settings();
    let content = words(&settings).content(&ticket("General", "new", "Nobody"), "98 %\0".to_owned());
    assert_eq!((content.title.as_str(), content.body.as_str()), ("[rt.test #7] Disk full", "98 %\u{fffd}"));
    assert_eq!((content.urgency, content.priority, content.service), (Urgency::High, None, None));
    let of_network = words(&settings).content(&ticket("Network", "new", "Nobody"), String::new());
    assert_eq!((of_network.title.as_str(), of_network.service.as_deref()), ("[net #7] Disk full", Some("PNET")));
    let mut tagged = ticket("General", "new", "Nobody");
    (tagged.queue.subject_tag, tagged.subject) = ("gen".to_owned(), " ".to_owned());
    assert_eq!(words(&settings).content(&tagged, String::new()).title, "[gen #7] (no subject)");

    let reading = words(&settings).reading(&tagged, Standing::plain(Triggered));
    assert_eq!(reading.record.url.as_deref(), Some("https://rt.test/Ticket/Display.html?id=7"));
    let input = words(&settings).input(&tagged, reading, Timestamp(5));
    let keys: Vec<_> = input.keys.iter().map(|key| (key.kind, key.value.as_str())).collect();
    assert_eq!(keys, [(KeyKind::Record, "7"), (KeyKind::CreateKey, "Q1"), (KeyKind::Linked, "Q1")]);
    assert_eq!((input.create_key.as_deref(), input.asks), (Some("[gen #7]"), true));
    settings.queues.remove("*");
    let reading = words(&settings).reading(&tagged, Standing::plain(Triggered));
    assert!(!words(&settings).input(&tagged, reading, Timestamp(5)).asks, "a queue that is not watched");
}

#[test]
fn priorities_are_a_table_for_both_ways() {
    let row = |number, name: Option<&str>, urgency| Priority { number, name: name.map(str::to_owned), urgency };
    let rows = vec![row(0, None, Urgency::Low), row(90, Some("P1"), Urgency::High), row(50, Some("P2"), Urgency::High)];
    let settings = Settings { priorities: rows, ..settings() };
    let table = [(-1, Urgency::High, None), (0, Urgency::Low, None), (49, Urgency::Low, None)];
    let named = [(50, Urgency::High, Some("P2")), (89, Urgency::High, Some("P2")), (100, Urgency::High, Some("P1"))];
    for (number, urgency, name) in table.into_iter().chain(named) {
        let ticket = Ticket { priority: Some(number), ..ticket("General", "new", "Nobody") };
        let content = words(&settings).content(&ticket, String::new());
        assert_eq!((content.urgency, content.priority.as_deref()), (urgency, name), "{number}");
    }
    let back = |priority: Option<&str>, urgency| {
        let content = Content { priority: priority.map(str::to_owned), urgency, ..Content::default() };
        words(&settings).priority_number(&content)
    };
    assert_eq!(back(Some("P2"), Urgency::Low), Some(50));
    assert_eq!(back(Some("P9"), Urgency::Low), Some(0));
    assert_eq!(back(None, Urgency::High), Some(90));
    let none = Settings { priorities: Vec::new(), ..settings };
    assert_eq!(words(&none).priority_number(&Content::default()), None);
}

#[test]
fn an_incident_says_what_its_ticket_is_called() {
    let mut settings = settings();
    let content =
        |title: &str| Content { title: title.to_owned(), service: Some("PS".to_owned()), ..Content::default() };
    let subject = |settings: &Settings, title: &str| words(settings).subject(&content(title));
    assert_eq!(subject(&settings, "Disk\nfull "), "PagerDuty Incident: Disk full");
    assert_eq!(subject(&settings, " "), "PagerDuty Incident: (no title)");
    let named = Service { create_queue: "Ops".to_owned(), name: Some("Storage".to_owned()) };
    settings.services.insert("PS".to_owned(), named);
    assert_eq!(subject(&settings, "Disk full"), "PagerDuty Incident: Storage - Disk full");
    let long = subject(&settings, &"é".repeat(300));
    assert_eq!((long.chars().count(), long.ends_with('…')), (200, true));
    assert_eq!(settings.service(Some("PS")).map(|s| s.create_queue.as_str()), Some("Ops"));
    assert_eq!(settings.service(Some("PX")).map(|s| s.create_queue.as_str()), Some("General"));
    settings.services.remove("*");
    assert_eq!(settings.service(Some("PX")), None);
    assert_eq!(settings.queue("Network").and_then(|q| q.service.as_deref()), Some("PNET"));
    assert!(settings.queue("General").is_some_and(|q| q.service.is_none()));
}

#[test]
fn a_message_is_its_plain_text_or_what_its_html_says() {
    let part = |kind: &str, file: &str, text: &str| -> Attachment {
        serde_json::from_value(json!({"TransactionId": "9", "ContentType": kind, "Filename": file, "Content": text}))
            .expect("a part")
    };
    let html = part("text/html; charset=utf-8", "", "<p>Disk <b>full</b></p>");
    let table = [
        (vec![part("text/plain", "", " 98 % \n")], Some("98 %")),
        (vec![html.clone(), part("text/plain", "", "98 %")], Some("98 %")),
        (vec![html.clone()], Some("Disk full")),
        (vec![part("text/plain", "", " "), html], Some("Disk full")),
        (vec![part("text/plain", "log.txt", "98 %")], None),
        (vec![part("text/html", "", "<p> </p>")], None),
        (vec![], None),
    ];
    for (parts, text) in table {
        assert_eq!(text_of(parts.iter()).as_deref(), text, "{parts:?}");
    }
}

#[test]
fn people_of_other_systems_are_known_without_their_label() {
    for (by, name) in [
        ("Ann (PagerDuty)", "Ann"),
        ("ann@example.test (PagerDuty EU)", "ann@example.test"),
        ("Ann (Ops) (PagerDuty)", "Ann (Ops)"),
        ("Ann", "Ann"),
        ("Ann (", "Ann ("),
    ] {
        assert_eq!(bare_name(by), name, "{by}");
    }
}
