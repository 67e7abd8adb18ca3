//! Incidents: make, read, find, change.

use super::{INCLUDE, IS_OVERVIEW, PACK, PAGE, SERVICE_IDS, SINCE, TEAM_IDS, TIME_ZONE, UNTIL, USER_IDS, UTC};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::{Kind, Param, Place, Preset};
use crate::raw_schema;
use crate::special::{Special, Status};

/// What the incident is called by.
pub(super) const INCIDENT: Param =
    Param::entity("Id, number (#42) or key (key:…) of the incident, or a list of them").of(Kind::Incident);

const STATUSES: &[&str] = &["triggered", "acknowledged", "resolved"];
const URGENCIES: Param =
    Param::list("urgencies", "urgencies[]", "Of these urgencies only").of(Kind::Choices(&["high", "low"]));
const URGENCY: Param = Param::body("urgency", "Urgency").of(Kind::Choice(&["high", "low"]));
const ONE: &str = "/incidents/{entity_id}";

/// `PUT /incidents/{id}` as most need it.
const CHANGE: Route = Route::put(ONE, Answer::Whole).wrapped("incident").fixed(&[
    ("type", "incident_reference"),
    ("priority.type", "priority_reference"),
    ("escalation_policy.type", "escalation_policy_reference"),
]);
const ACKNOWLEDGE: Route = CHANGE.fixed(&[("type", "incident_reference"), ("status", "acknowledged")]);
const RESOLVE: Route = CHANGE.fixed(&[("type", "incident_reference"), ("status", "resolved")]);
const REOPEN: Route = CHANGE.fixed(&[("type", "incident_reference"), ("status", "triggered")]);
const RESOLUTION: Param = Param::body("resolution", "What solved it");
const ALL: &[Param] = &[SERVICE_IDS, TEAM_IDS, USER_IDS, URGENCIES, SINCE, UNTIL, MAXIMUM];
const ALL_RESOLVED: &[Param] = &[SERVICE_IDS, TEAM_IDS, USER_IDS, URGENCIES, SINCE, UNTIL, MAXIMUM, NOTE_ASIDE];
const MAXIMUM: Param =
    Param::aside("maximum", Kind::Integer(1, 1_000), "How many to change at most").or(Preset::Integer(25));
const NOTE_ASIDE: Param = Param::aside("resolution", Kind::Text, "What solved them");

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "incident.create.rest_v2.simple",
        "Create an incident",
        Route::post("/incidents", Answer::Object("incident")).wrapped("incident").fixed(&[
            ("type", "incident"),
            ("service.type", "service_reference"),
            ("body.type", "incident_body"),
            ("priority.type", "priority_reference"),
        ]),
        &[
            Param::body("title", "What is wrong").required(),
            Param::body("service_id", "Id of the service").at(Place::Body("service.id")).required(),
            Param::body("details", "More about it").at(Place::Body("body.details")),
            URGENCY,
            Param::body("incident_key", "Key: while an incident with it is open on the service, no other is made"),
            Param::body("priority_id", "Id of the priority").at(Place::Body("priority.id")),
        ],
    )
    .by(Identity::Needed)
    .special(Special::CreateIncident)
    .about("When one with the same key is open on the service, that one is given.")
    .pack()
    .chat(),
    Action::new(
        "incident.create.rest_v2",
        "Create an incident from its JSON",
        Route::post("/incidents", Answer::Object("incident")).wrapped("incident"),
        &[Param::raw(raw_schema::incident, "The incident, without the wrapper")],
    )
    .by(Identity::Needed)
    .special(Special::CreateIncident)
    .about("Assignments are taken with and without `assignee` around the user.")
    .pack(),
    Action::new("incident.get", "Read an incident", Route::get(ONE, Answer::Object("incident")), &[INCIDENT, INCLUDE])
        .pack()
        .chat(),
    Action::new(
        "incident.find",
        "List incidents",
        Route::get("/incidents", Answer::List("incidents", PACK)),
        &[
            SINCE,
            UNTIL,
            Param::query("date_range", "`all`: whatever the time").of(Kind::Choice(&["all"])),
            Param::list("statuses", "statuses[]", "Of these statuses only").of(Kind::Choices(STATUSES)),
            Param::query("incident_key", "With this key"),
            SERVICE_IDS,
            USER_IDS,
            TEAM_IDS,
            URGENCIES,
            TIME_ZONE,
            Param::query("sort_by", "Order, e.g. created_at:desc"),
            INCLUDE,
        ],
    )
    .about("Without times, those of the last month.")
    .pack()
    .chat(),
    Action::new(
        "incident.find_alerts",
        "List the alerts of an incident",
        Route::get("/incidents/{entity_id}/alerts", Answer::List("alerts", PAGE)),
        &[INCIDENT],
    )
    .pack(),
    Action::new(
        "incident.find_log_entries",
        "List what happened to an incident",
        Route::get("/incidents/{entity_id}/log_entries", Answer::List("log_entries", PAGE)),
        &[INCIDENT, UTC, IS_OVERVIEW, INCLUDE],
    )
    .pack(),
    Action::new(
        "incident.find_notes",
        "List the notes of an incident",
        Route::get("/incidents/{entity_id}/notes", Answer::All("notes")),
        &[INCIDENT],
    )
    .pack()
    .chat(),
    Action::new(
        "incident.create_note",
        "Write a note on an incident",
        Route::post("/incidents/{entity_id}/notes", Answer::Object("note")).wrapped("note"),
        &[INCIDENT, Param::body("content", "What to write").required()],
    )
    .by(Identity::Needed)
    .pack()
    .chat(),
    Action::new("incident.acknowledge", "Acknowledge incidents", ACKNOWLEDGE, &[INCIDENT])
        .by(Identity::Needed)
        .special(Special::Status(Status::Acknowledged))
        .about("One that is acknowledged already is a success with `already`. Several are changed 250 at a time.")
        .pack()
        .chat(),
    Action::new("incident.resolve", "Resolve incidents", RESOLVE, &[INCIDENT, RESOLUTION])
        .by(Identity::Needed)
        .special(Special::Status(Status::Resolved))
        .about("One that is resolved already is a success with `already`. Several are changed 250 at a time.")
        .pack()
        .chat(),
    Action::new(
        "incident.acknowledge_all",
        "Acknowledge the triggered incidents that fit",
        Route::put("/incidents", Answer::Made),
        ALL,
    )
    .by(Identity::Needed)
    .special(Special::StatusOfAll(Status::Acknowledged))
    .about("At least one filter is needed; `more` tells whether more fit than `maximum`."),
    Action::new(
        "incident.resolve_all",
        "Resolve the open incidents that fit",
        Route::put("/incidents", Answer::Made),
        ALL_RESOLVED,
    )
    .by(Identity::Needed)
    .special(Special::StatusOfAll(Status::Resolved))
    .destroys()
    .about("At least one filter is needed; `more` tells whether more fit than `maximum`."),
    Action::new("incident.reopen", "Reopen a resolved incident", REOPEN, &[INCIDENT]).by(Identity::Needed).chat(),
    Action::new(
        "incident.reassign",
        "Assign an incident to users",
        CHANGE,
        &[
            INCIDENT,
            Param::list("user_ids", "", "Ids of the users")
                .at(Place::Wrapped("assignments", "assignee", "user_reference"))
                .required(),
        ],
    )
    .by(Identity::Needed)
    .pack()
    .chat(),
    Action::new(
        "incident.escalate",
        "Escalate an incident to a level of its escalation policy",
        CHANGE,
        &[INCIDENT, Param::body("escalation_level", "Level, from 1").of(Kind::Integer(1, 100)).required()],
    )
    .by(Identity::Needed)
    .chat(),
    Action::new(
        "incident.update",
        "Change title, urgency, priority or escalation policy of an incident",
        CHANGE,
        &[
            INCIDENT,
            Param::body("title", "New title"),
            URGENCY,
            Param::body("priority_id", "Id of the priority").at(Place::Body("priority.id")),
            Param::body("escalation_policy_id", "Id of the escalation policy that it goes to")
                .at(Place::Body("escalation_policy.id")),
        ],
    )
    .by(Identity::Needed)
    .chat(),
    Action::new(
        "incident.snooze",
        "Snooze an incident",
        Route::post("/incidents/{entity_id}/snooze", Answer::Object("incident")),
        &[
            INCIDENT,
            Param::body("duration", "How long, in seconds; a week at most")
                .of(Kind::Integer(1, 604_800))
                .or(Preset::Integer(900))
                .required(),
        ],
    )
    .by(Identity::Needed)
    .pack()
    .chat(),
    Action::new(
        "incident.merge",
        "Merge incidents into one",
        Route::put("/incidents/{entity_id}/merge", Answer::Object("incident")),
        &[
            Param::path("entity_id", "The incident that stays: id, number (#42) or key").of(Kind::Incident),
            Param::list("source_incidents", "", "The incidents that go into it: ids, numbers or keys")
                .of(Kind::Incidents)
                .at(Place::References("source_incidents", "incident_reference"))
                .required(),
        ],
    )
    .by(Identity::Needed)
    .destroys()
    .pack()
    .chat(),
];
