//! Help and news about an incident: responders, status updates, alerts, related changes.

use super::incidents::INCIDENT;
use super::{INCLUDE, PAGE};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::{Param, Place};
use crate::special::Special;

const USERS: Param = Param::list("user_ids", "", "Ids of users");
const TEAMS: Param = Param::list("team_ids", "", "Ids of teams");
const POLICIES: Param = Param::list("escalation_policy_ids", "", "Ids of escalation policies: who is on call for them");
const REQUESTER: Param =
    Param::body("requester_id", "Id of the user who asks; else the one with the address `from_email`");
const ALERT: Param = Param::path("resource_id", "Id of the alert");
const TARGET: &str = "responder_request_target";
const TARGETS: &str = "responder_request_targets";

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "incident.request_responders",
        "Ask more people to help with an incident",
        Route::post("/incidents/{entity_id}/responder_requests", Answer::Object("responder_request")),
        &[
            INCIDENT,
            Param::body("message", "What to ask").required(),
            USERS.at(Place::Wrapped(TARGETS, TARGET, "user_reference")),
            POLICIES.at(Place::Wrapped(TARGETS, TARGET, "escalation_policy_reference")),
            REQUESTER,
        ],
    )
    .by(Identity::Needed)
    .special(Special::Requester)
    .chat(),
    Action::new(
        "incident.cancel_responders",
        "Take requests for help back",
        Route::put("/incidents/{entity_id}/responder_requests/cancel", Answer::Whole),
        &[
            INCIDENT,
            USERS.at(Place::References(TARGETS, "user_reference")),
            POLICIES.at(Place::References(TARGETS, "escalation_policy_reference")),
            REQUESTER,
        ],
    )
    .by(Identity::Needed)
    .special(Special::Requester),
    Action::new(
        "incident.create_status_update",
        "Tell the subscribers of an incident how it stands",
        Route::post("/incidents/{entity_id}/status_updates", Answer::Object("status_update")),
        &[
            INCIDENT,
            Param::body("message", "What to tell").required(),
            Param::body("subject", "Subject of the mail; together with `html_message`"),
            Param::body("html_message", "The mail"),
        ],
    )
    .by(Identity::Needed)
    .chat(),
    Action::new(
        "incident.find_subscribers",
        "List who gets status updates",
        Route::get("/incidents/{entity_id}/status_updates/subscribers", Answer::All("subscribers")),
        &[INCIDENT],
    ),
    Action::new(
        "incident.add_subscribers",
        "Add who gets status updates",
        Route::post("/incidents/{entity_id}/status_updates/subscribers", Answer::All("subscriptions")).repeatable(),
        &[INCIDENT, USERS.at(Place::Subscribers("user")), TEAMS.at(Place::Subscribers("team"))],
    )
    .by(Identity::Needed),
    Action::new(
        "incident.remove_subscribers",
        "Take away who gets status updates",
        Route::post("/incidents/{entity_id}/status_updates/unsubscribe", Answer::Whole).repeatable(),
        &[INCIDENT, USERS.at(Place::Subscribers("user")), TEAMS.at(Place::Subscribers("team"))],
    )
    .by(Identity::Needed),
    Action::new(
        "incident.get_alert",
        "Read an alert of an incident",
        Route::get("/incidents/{entity_id}/alerts/{resource_id}", Answer::Object("alert")),
        &[INCIDENT, ALERT],
    ),
    Action::new(
        "incident.resolve_alert",
        "Resolve an alert of an incident",
        Route::put("/incidents/{entity_id}/alerts/{resource_id}", Answer::Object("alert"))
            .wrapped("alert")
            .fixed(&[("type", "alert"), ("status", "resolved")]),
        &[INCIDENT, ALERT],
    )
    .by(Identity::Needed),
    Action::new(
        "incident.find_related_change_events",
        "List changes that may have caused an incident",
        Route::get("/incidents/{entity_id}/related_change_events", Answer::All("change_events")),
        &[INCIDENT],
    ),
    Action::new(
        "change_event.find",
        "List change events",
        Route::get("/change_events", Answer::List("change_events", PAGE)),
        &[super::SINCE, super::UNTIL, super::TEAM_IDS, INCLUDE],
    ),
    Action::new(
        "change_event.get",
        "Read a change event",
        Route::get("/change_events/{entity_id}", Answer::Object("change_event")),
        &[Param::entity("Id of the change event, or a list of ids"), INCLUDE],
    ),
];
