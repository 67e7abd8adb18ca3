//! The tables of the old module, row by row.

use super::settings::{Route, Settings};
use super::wire::{Kind, Name, Object};
use super::words::{Severities, Statuses};
use super::{map, routes, wire};
use crate::Secret;
use pagebridge_core::{BridgeName, Cell, Content, Direction, Status, SystemName, Urgency};
use serde_json::{Value, json};

use Status::{Acknowledged, Resolved, Triggered};

fn settings() -> Settings {
    let route = Route {
        alerts: SystemName::new("prod"),
        events: BridgeName::new("netbox"),
        incidents: BridgeName::new("netbox-incidents"),
    };
    Settings::new(SystemName::new("nb"), "https://nb.test", Secret::new("t"), route)
}

fn event(changes: Value) -> Object {
    let mut json = json!({
        "id": 7, "message": "Disk full on db-07", "dedup_id": "db-07-disk", "status": "triggered", "criticallity": "critical",
        "created_at": "2026-11-20T14:22:21.528410Z", "last_seen_at": "2026-11-20T14:30:00Z", "event_source": 1,
        "event_source_name": "prometheus", "raw": {"check": "disk"}, "is_valid": true, "content_type": null, "object_id": null,
        "content_type_name": null, "has_valid_target": null, "target_display": "Invalid Target", "incident_ids": [],
    });
    merge(&mut json, changes);
    Object::read(Kind::Event, &json).expect("an event")
}

fn incident(changes: Value) -> Object {
    let mut json = json!({
        "id": 5, "title": "Payments degraded", "description": "5xx rate", "status": "new", "severity": "high",
        "created_at": "2026-11-20T14:22:21.601129Z", "updated_at": "2026-11-20T14:22:21.601134Z", "detected_at": null,
        "resolved_at": null, "responders_count": 0, "events_count": 2, "affected_services": [], "reporter": "alice",
        "commander": "bob",
    });
    merge(&mut json, changes);
    Object::read(Kind::Incident, &json).expect("an incident")
}

fn merge(json: &mut Value, changes: Value) {
    let (Value::Object(all), Value::Object(changes)) = (json, changes) else { panic!("objects") };
    all.extend(changes);
}

fn content(object: &Object, settings: &Settings) -> Content {
    let chosen = routes::choose(object, &settings.routes, &routes::Graph::default());
    map::content(object, settings, &chosen)
}

/// The event as it is passed on.
fn said(object: &Object, settings: &Settings) -> Value {
    serde_json::from_str(&content(object, settings).event.expect("an event")).expect("JSON")
}

#[test]
fn every_severity_has_its_own() {
    let table = [
        ("CRITICAL", "critical", Urgency::High),
        ("critical", "critical", Urgency::High),
        ("HIGH", "error", Urgency::High),
        ("high", "error", Urgency::High),
        ("MEDIUM", "warning", Urgency::Low),
        ("medium", "warning", Urgency::Low),
        ("LOW", "info", Urgency::Low),
        ("low", "info", Urgency::Low),
        ("INFO", "info", Urgency::Low),
        ("info", "info", Urgency::Low),
        ("OK", "info", Urgency::Low),
        ("ok", "info", Urgency::Low),
        ("warning", "warning", Urgency::Low),
        ("Critical", "warning", Urgency::Low),
        ("", "warning", Urgency::Low),
    ];
    for (word, severity, urgency) in table {
        for object in [event(json!({"criticallity": word})), incident(json!({"severity": word}))] {
            assert_eq!(said(&object, &settings())["severity"], severity, "{word}");
            assert_eq!(content(&object, &settings()).urgency, urgency, "{word}");
        }
    }
    let own = Severities::default().with("Critical", "critical").expect("a severity of PagerDuty");
    assert_eq!((own.of("Critical"), own.of("critical"), own.of("odd")), ("critical", "critical", "warning"));
    assert_eq!(own.with("x", "fatal"), None);
}

#[test]
fn every_status_asks_for_its_own() {
    let table = [
        ("triggered", Triggered, Triggered),
        ("new", Triggered, Triggered),
        ("investigating", Triggered, Triggered),
        ("identified", Triggered, Triggered),
        ("acknowledged", Acknowledged, Acknowledged),
        // The two documents disagree about this one.
        ("monitoring", Resolved, Acknowledged),
        ("ok", Resolved, Resolved),
        ("resolved", Resolved, Resolved),
        ("closed", Resolved, Resolved),
        ("suppressed", Resolved, Resolved),
        ("Closed", Resolved, Resolved),
        ("NEW", Triggered, Triggered),
        ("odd", Triggered, Triggered),
        ("", Triggered, Triggered),
    ];
    let (documented, coded) = (Statuses::documented(), Statuses::coded());
    for (word, first, second) in table {
        assert_eq!((documented.of(word), coded.of(word)), (first, second), "{word}");
    }
    assert_eq!(Statuses::preset("documented"), Some(documented));
    assert_eq!(Statuses::preset("coded"), Some(coded.clone()));
    assert_eq!(Statuses::preset("other"), None);
    assert_eq!(coded.known("odd"), None);
    assert_eq!(coded.with("Monitoring", Triggered).of("monitoring"), Triggered);
}

#[test]
fn what_is_written_is_read_as_what_it_was_written_for() {
    let read = |settings: &Settings| {
        ["new", "investigating", "identified", "monitoring"].map(|word| settings.effective_statuses().of(word))
    };
    let mut own = settings();
    assert_eq!(read(&own), [Triggered, Triggered, Triggered, Resolved]);
    own.back.acknowledged = Some("investigating".to_owned());
    assert_eq!(read(&own), [Triggered, Acknowledged, Acknowledged, Resolved]);
    own.back.acknowledged = Some("identified".to_owned());
    own.statuses = Statuses::coded();
    assert_eq!(read(&own), [Triggered, Triggered, Acknowledged, Acknowledged]);
    assert_eq!(own.problem(), None);
}

#[test]
fn settings_that_cannot_work_are_named() {
    type Change = fn(&mut Settings);
    let table: [(Change, &str); 6] = [
        (|s| s.back.acknowledged = Some("acknowledged".to_owned()), "back.acknowledged `acknowledged` is no status"),
        (|s| s.back.reopened = "closed".to_owned(), "back.reopened is `closed`, which is read as resolved"),
        (
            |s| {
                s.back.acknowledged = Some("investigating".to_owned());
                s.back.reopened = "investigating".to_owned();
            },
            "back.reopened is `investigating`, which is read as acknowledged",
        ),
        (|s| s.back.resolved = "new".to_owned(), "back.resolved is `new`, which is read as triggered"),
        (|s| s.back.event_resolved = "closed".to_owned(), "back.event_resolved `closed`"),
        (|s| s.sweep_ms = 10, "sweep_ms 10"),
    ];
    for (change, words) in table {
        let mut settings = settings();
        change(&mut settings);
        let problem = settings.problem().expect(words);
        assert!(problem.starts_with(words), "{problem}");
    }
}

#[test]
fn the_switches_of_the_old_module_switch_rules_off() {
    let usual = Direction::PASS_ON;
    let with = |update: bool, resolve: bool| {
        let own = Settings { send_on_incident_update: update, auto_resolve: resolve, ..settings() };
        own.incident_rules(usual)
    };
    assert_eq!(with(true, true), usual);
    assert_eq!(with(true, false), Direction { resolved: Cell::IGNORE, ..usual });
    let created_only = Direction { created: Cell::STATUS, ..Direction::default() };
    assert_eq!((with(false, true), with(false, false)), (created_only, created_only));
}

#[test]
fn keys_are_those_of_the_old_module() {
    let key = |object: &Object| map::alert_key(object);
    assert_eq!(key(&event(json!({}))), "netbox-event-db-07-disk");
    assert_eq!(key(&incident(json!({}))), "netbox-incident-5");
    // Empty ones would throw unrelated Events together.
    for nothing in [json!(""), json!("  "), Value::Null] {
        assert_eq!(key(&event(json!({"dedup_id": nothing}))), "netbox-event-id-7");
    }
    assert_eq!(key(&event(json!({"id": 8}))), "netbox-event-db-07-disk", "shared on purpose");
    let long = |end: char| key(&event(json!({"dedup_id": format!("{}{end}", "é".repeat(300))})));
    assert_eq!(long('a').chars().count(), 255);
    assert!(long('a') != long('b') && long('a') == long('a'));
}

#[test]
fn an_event_is_told_as_the_old_module_told_it() {
    let said = said(&event(json!({})), &settings());
    assert_eq!(
        said,
        json!({
            "api": "v2", "summary": "Disk full on db-07", "severity": "critical", "source": "netbox",
            "timestamp": "2026-11-20T14:30:00Z", "component": "prometheus", "group": "infrastructure", "class": "netbox_event",
            "client": "NetBox",
            "details": {"event_id": 7, "dedup_id": "db-07-disk", "status": "triggered", "criticality": "critical",
                "created_at": "2026-11-20T14:22:21.528410Z", "last_seen_at": "2026-11-20T14:30:00Z", "event_source": "prometheus"},
        })
    );
    let content = content(&event(json!({})), &settings());
    assert_eq!((content.title.as_str(), content.priority.as_deref()), ("Disk full on db-07", Some("critical")));
}

#[test]
fn an_event_names_its_target_when_it_is_a_valid_one() {
    let target = json!({"content_type": 12, "object_id": 31, "content_type_name": "device", "target_display": "db-07",
        "has_valid_target": 31});
    let own = Settings { source: "netbox-prod".to_owned(), ..settings() };
    let valid = said(&event(target.clone()), &own);
    assert_eq!(valid["source"], "netbox-prod:device:db-07");
    let details = &valid["details"];
    assert_eq!(
        [&details["target_type"], &details["target_name"], &details["target_id"]],
        [&json!("device"), &json!("db-07"), &json!(31)]
    );
    for wrong in [json!({"is_valid": false}), json!({"content_type": null}), json!({"object_id": null})] {
        let mut target = target.clone();
        merge(&mut target, wrong);
        let said = said(&event(target), &own);
        assert_eq!((&said["source"], &said["details"]["target_id"]), (&json!("netbox-prod"), &Value::Null));
    }
}

#[test]
fn an_event_without_a_source_has_an_unknown_component() {
    let said = said(&event(json!({"event_source": null, "event_source_name": null})), &settings());
    assert_eq!((&said["component"], &said["details"]["event_source"]), (&json!("unknown"), &Value::Null));
}

#[test]
fn an_incident_is_told_as_the_old_module_told_it() {
    let own = Settings { group: "network-operations".to_owned(), ..settings() };
    assert_eq!(
        said(&incident(json!({})), &own),
        json!({
            "api": "v2", "summary": "[HIGH] Payments degraded", "severity": "error", "source": "netbox",
            "timestamp": "2026-11-20T14:22:21.601129Z", "component": "multiple-services", "group": "network-operations",
            "class": "netbox_incident", "client": "NetBox",
            "details": {"incident_id": 5, "title": "Payments degraded", "description": "5xx rate", "status": "new",
                "severity": "high", "created_at": "2026-11-20T14:22:21.601129Z", "detected_at": null, "reporter": "alice",
                "commander": "bob", "events_count": 2},
        })
    );
    let content = content(&incident(json!({})), &own);
    assert_eq!((content.title.as_str(), content.body.as_str()), ("Payments degraded", "5xx rate"));
}

#[test]
fn the_component_of_an_incident_is_its_service() {
    let services = |names: &[&str]| {
        let services: Vec<Value> =
            names.iter().map(|name| json!({"id": 1, "name": name, "service_type": "technical"})).collect();
        said(&incident(json!({"affected_services": services})), &settings())
    };
    let table: &[(&[&str], &str)] = &[
        (&[], "multiple-services"),
        (&["api"], "api"),
        (&["api", "db"], "api (+1 more)"),
        (&["api", "db", "web"], "api (+2 more)"),
    ];
    for (names, component) in table {
        let said = services(names);
        assert_eq!(said["component"], *component);
        let details = &said["details"];
        if names.is_empty() {
            assert_eq!(
                (&details["affected_services"], &details["affected_services_count"]),
                (&Value::Null, &Value::Null)
            );
        } else {
            assert_eq!(
                (&details["affected_services"], &details["affected_services_count"]),
                (&json!(names), &json!(names.len()))
            );
        }
    }
    assert_eq!(said(&incident(json!({"responders_count": 2})), &settings())["details"]["responders_count"], 2);
}

#[test]
fn links_lead_back_when_the_base_is_set() {
    for base in ["https://netbox.example.com", "https://netbox.example.com/", " https://netbox.example.com// "] {
        let own = Settings { base_url: Some(base.to_owned()), ..settings() };
        let (event, incident) = (said(&event(json!({})), &own), said(&incident(json!({})), &own));
        let page = "https://netbox.example.com/plugins/business-application/event/7/";
        assert_eq!(event["links"], json!([{"href": page, "text": "View Event in NetBox"}]), "{base}");
        assert_eq!(event["client_url"], page);
        let page = "https://netbox.example.com/plugins/business-application/incident/5/";
        assert_eq!(incident["links"], json!([{"href": page, "text": "View Incident in NetBox"}]));
    }
    for nothing in [None, Some("  ".to_owned())] {
        let own = Settings { base_url: nothing, ..settings() };
        let said = said(&event(json!({})), &own);
        assert_eq!((&said["links"], &said["client_url"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn long_texts_are_cut_with_a_mark_and_never_inside_a_character() {
    let long = "é".repeat(3_000);
    let own = settings();
    let told = said(&event(json!({"message": long})), &own);
    let summary = told["summary"].as_str().expect("text");
    assert_eq!((summary.chars().count(), summary.ends_with("é…")), (1_024, true));
    let told = said(&incident(json!({"title": long, "description": long})), &own);
    let summary = told["summary"].as_str().expect("text");
    assert!(summary.chars().count() == 1_024 && summary.starts_with("[HIGH] é") && summary.ends_with('…'));
    let description = told["details"]["description"].as_str().expect("text");
    assert!(description.chars().count() == 2_000 && description.ends_with('…'));
    let whole = "é".repeat(1_024);
    assert_eq!(said(&event(json!({"message": whole})), &own)["summary"], whole.as_str());
}

#[test]
fn what_is_missing_or_odd_keeps_nothing_from_being_told() {
    let bare = Object::read(Kind::Event, &json!({"id": 9})).expect("an id is enough");
    let told = said(&bare, &settings());
    assert_eq!((told["summary"].as_str(), told["severity"].as_str()), (Some("NetBox Event 9"), Some("warning")));
    let bare = Object::read(
        Kind::Incident,
        &json!({"id": 9, "title": 12, "status": {"value": "new", "label": "New"},
        "severity": ["x"], "affected_services": "none", "events_count": "two"}),
    );
    let bare = bare.expect("an id is enough");
    assert_eq!((bare.status(), said(&bare, &settings())["summary"].as_str()), ("new", Some("[] 12")));
    for nothing in [json!({}), json!({"id": "9"}), json!({"id": 0}), json!([]), Value::Null] {
        assert_eq!(Object::read(Kind::Event, &nothing), None, "{nothing}");
    }
    let odd = said(&event(json!({"message": "a\u{0}b", "last_seen_at": "yesterday"})), &settings());
    assert_eq!((odd["summary"].as_str(), &odd["timestamp"]), (Some("a\u{fffd}b"), &Value::Null));
}

#[test]
fn our_own_notes_are_not_told_again() {
    let text =
        "5xx rate\n\n----- notes from PagerDuty -----\n\n2026-11-20 14:00 UTC Ann (PagerDuty): on it\n[pb:a-1-1]";
    let object = incident(json!({"description": text}));
    assert_eq!(content(&object, &settings()).body, "5xx rate");
    assert_eq!(said(&object, &settings())["details"]["description"], "5xx rate");
    let empty = incident(json!({"description": "----- notes from PagerDuty -----\n\nx"}));
    assert_eq!(said(&empty, &settings())["details"]["description"], Value::Null);
}

#[test]
fn the_alert_says_where_its_routing_key_comes_from() {
    let mut own = settings();
    let route = Route { alerts: SystemName::new("db"), ..own.routes.default.clone() };
    let affected = incident(json!({"affected_services": [{"id": 1, "name": "db"}]}));
    assert_eq!(said(&affected, &own)["details"]["routing_key_from"], Value::Null);
    own.routes.services.insert("db".to_owned(), route);
    assert_eq!(said(&affected, &own)["details"]["routing_key_from"], "service `db`");
    assert_eq!(said(&event(json!({})), &own)["details"]["routing_key_from"], "the default");
}

#[test]
fn records_are_named_by_kind_and_id() {
    let name = Name { kind: Kind::Incident, id: 12 };
    assert_eq!(name.to_string(), "incident/12");
    assert_eq!(Name::parse("incident/12"), Some(name));
    assert_eq!(Name::parse("event/1"), Some(Name { kind: Kind::Event, id: 1 }));
    for wrong in ["", "event", "event/", "event/0", "event/-1", "event/1/2", "site/1", "event/x"] {
        assert_eq!(Name::parse(wrong), None, "{wrong}");
    }
}

fn recorded(name: &str) -> Value {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/netbox").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a fixture is JSON")
}

#[test]
fn every_recorded_error_says_what_it_says() {
    let table = [
        (
            "error-400-parse",
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            "error-400-validation",
            "severity: This field is required.; status: \"nope\" is not a valid choice.; title: This field may not be blank.",
        ),
        ("incident-patch-bad-status-400", "status: \"acknowledged\" is not a valid choice."),
        ("error-403-bad-token-v1", "Invalid v1 token"),
        ("error-403-bad-token-v2", "Invalid v2 token"),
        ("error-403-no-permission", "You do not have permission to perform this action."),
        ("error-404", "No Incident matches the given query."),
        ("error-405", "Method \"PUT\" not allowed."),
    ];
    for (name, words) in table {
        let body = recorded(name)["response"]["body"].to_string();
        let mut said: Vec<String> =
            wire::problem(body.as_bytes()).unwrap_or_default().split("; ").map(str::to_owned).collect();
        said.sort();
        assert_eq!(said.join("; "), words, "{name}");
    }
    let crash = recorded("pitfall-journal-entry-on-incident-500")["response"]["body"].to_string();
    assert!(wire::problem(crash.as_bytes()).is_some_and(|words| words.contains("'nested'")));
    let fields = recorded("alert-ingest-generic-400")["response"]["body"].to_string();
    assert!(wire::problem(fields.as_bytes()).is_some_and(|words| words.contains("dedup_id: This field is required.")));
    let page = recorded("error-404-route")["response"]["body"].as_str().expect("a page").to_owned();
    assert_eq!(wire::problem(page.as_bytes()), None, "a page is no answer of the API");
}

#[test]
fn recorded_objects_are_understood() {
    let page: wire::Page = serde_json::from_value(recorded("event-list")["response"]["body"].take()).expect("a page");
    assert!(page.next.is_none());
    let event = Object::read(Kind::Event, &page.results[0]).expect("an Event");
    let told = said(&event, &settings());
    assert_eq!((&told["summary"], &told["component"]), (&json!("Disk full on db-07"), &json!("prometheus")));
    assert_eq!(told["source"], "netbox", "its target is no valid one");
    let page: wire::Page =
        serde_json::from_value(recorded("incident-auto-created")["response"]["body"].take()).expect("a page");
    assert!(page.next.is_some());
    let incident = Object::read(Kind::Incident, &page.results[0]).expect("an Incident");
    let told = said(&incident, &settings());
    assert_eq!(told["summary"], "[CRITICAL] critical: payments-api - API 5xx");
    assert_eq!((&told["component"], &told["details"]["affected_services_count"]), (&json!("payments-api"), &json!(1)));
    assert_eq!(told["details"]["reporter"], "system");
    let about: wire::Status = serde_json::from_value(recorded("status")["response"]["body"].take()).expect("a status");
    assert_eq!((about.version.as_deref(), about.workers), (Some("4.5.0"), Some(1)));
    assert_eq!(about.plugins["business_application"], "2.1.0");
}

#[test]
fn what_was_sent_by_hand_is_remembered_over_a_restart_and_by_another_node() {
    let name = |id: i64| Name { kind: Kind::Event, id };
    let (here, there) = (super::memory::Memory::default(), super::memory::Memory::default());
    here.order(name(7));
    here.order(Name { kind: Kind::Incident, id: 1 });
    assert_eq!(here.state().merge_ordered("").as_deref(), Some("event/7"));
    assert_eq!(there.state().merge_ordered("event/7"), None);
    assert!(here.is_ordered(name(7)) && there.is_ordered(name(7)));
    // It ends: that is kept, and does not come back from what another has kept meanwhile.
    here.state().let_go(&[name(7), name(9)].into());
    assert!(!here.is_ordered(name(7)));
    assert_eq!(here.state().merge_ordered("event/7,event/8").as_deref(), Some("event/8"));
    for id in 1_000..1_400 {
        here.order(name(i64::MAX - id));
    }
    let kept = here.state().merge_ordered("").expect("more than before");
    assert!(kept.len() <= 4_096 && kept.split(',').count() == 150, "{}", kept.len());
}
