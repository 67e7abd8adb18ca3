//! What goes to the Events API.

use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param, Preset};
use crate::raw_schema;
use crate::special::{EventKind, Special};

const ROUTING_KEY: Param =
    Param::aside("routing_key", Kind::Text, "Integration key of the service; else the one that is set up").secret();
const DEDUP_KEY: Param =
    Param::aside("dedup_key", Kind::Text, "Key that the alert was triggered with, or a list of keys")
        .required()
        .several();
const CLIENT: Param = Param::aside("client", Kind::Text, "Name of the sending program");
const CLIENT_URL: Param = Param::aside("client_url", Kind::Text, "Where to see it in that program");
const LINKS: Param = Param::aside("links", Kind::Json(raw_schema::links), "Links: a list of `href` and `text`");
const SUMMARY: Param = Param::aside("summary", Kind::Text, "What it is, cut after 1024 characters").required();
const DETAILS: Param = Param::aside("custom_details", Kind::Object, "Free fields");
const TIMESTAMP: Param = Param::aside("timestamp", Kind::Text, "When, ISO 8601");
const ENQUEUE: Route = Route::post("/v2/enqueue", Answer::Whole);
const SEVERITIES: &[&str] = &["critical", "error", "warning", "info"];

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "incident.create.events_v1",
        "Trigger an incident over the Events API v1",
        Route::post("/generic/2010-04-15/create_event.json", Answer::Whole),
        &[
            Param::aside("service_key", Kind::Text, "Integration key; else the one that is set up").secret(),
            Param::aside("description", Kind::Text, "What is wrong, cut after 1024 characters").required(),
            Param::aside("details", Kind::Object, "Free fields"),
            CLIENT,
            CLIENT_URL,
            Param::aside("incident_key", Kind::Text, "Key of the incident: a repeat with it adds to the open one"),
        ],
    )
    .special(Special::Event(EventKind::TriggerV1))
    .about("New programs should use event.trigger.")
    .pack()
    .chat(),
    Action::new(
        "event.trigger",
        "Trigger an alert over the Events API v2",
        ENQUEUE,
        &[
            ROUTING_KEY,
            SUMMARY,
            Param::aside("source", Kind::Text, "What is broken, a host usually").required(),
            Param::aside("severity", Kind::Choice(SEVERITIES), "How bad it is").or(Preset::Text("critical")),
            Param::aside("dedup_key", Kind::Text, "Key of the alert: a repeat with it adds to the open one"),
            TIMESTAMP,
            Param::aside("component", Kind::Text, "Part of the source that is broken"),
            Param::aside("group", Kind::Text, "Group of components"),
            Param::aside("class", Kind::Text, "Kind of problem"),
            DETAILS,
            CLIENT,
            CLIENT_URL,
            LINKS,
            Param::aside("images", Kind::Json(raw_schema::images), "Pictures: a list of `src`, `href` and `alt`"),
        ],
    )
    .special(Special::Event(EventKind::Trigger))
    .about("The result has the `dedup_key`. A success means queued, not that an incident exists.")
    .chat(),
    Action::new("event.acknowledge", "Acknowledge an alert over the Events API v2", ENQUEUE, &[ROUTING_KEY, DEDUP_KEY])
        .special(Special::Event(EventKind::Acknowledge))
        .about("Without an open alert of this key it is dropped, and still a success."),
    Action::new("event.resolve", "Resolve an alert over the Events API v2", ENQUEUE, &[ROUTING_KEY, DEDUP_KEY])
        .special(Special::Event(EventKind::Resolve))
        .about("Without an open alert of this key it is dropped, and still a success."),
    Action::new(
        "change_event.create",
        "Tell of a change, e.g. a deploy",
        Route::post("/v2/change/enqueue", Answer::Whole),
        &[ROUTING_KEY, SUMMARY, Param::aside("source", Kind::Text, "Where it was changed"), TIMESTAMP, DETAILS, LINKS],
    )
    .special(Special::Event(EventKind::Change))
    .about("Nobody is notified."),
];
