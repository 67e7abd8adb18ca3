//! Maintenance windows.

use super::{DESCRIPTION, INCLUDE, PAGE, QUERY, SERVICE_IDS, TEAM_IDS};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::{Kind, Param, Place};
use crate::raw_schema;

const WINDOW: Param = Param::entity("Id of the maintenance window, or a list of ids");
const ONE: &str = "/maintenance_windows/{entity_id}";
const OBJECT: Answer = Answer::Object("maintenance_window");
const FILTERS: &[&str] = &["past", "future", "ongoing", "open", "all"];

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "maintenance_window.create.simple",
        "Put services in maintenance",
        Route::post("/maintenance_windows", OBJECT)
            .wrapped("maintenance_window")
            .fixed(&[("type", "maintenance_window")]),
        &[
            Param::body("start_time", "From when, ISO 8601").required(),
            Param::body("end_time", "Until when, ISO 8601").required(),
            DESCRIPTION,
            Param::list("service_id", "", "Id of the service, or a list of ids")
                .of(Kind::Texts)
                .at(Place::References("services", "service_reference"))
                .required(),
        ],
    )
    .by(Identity::Needed)
    .pack(),
    Action::new(
        "maintenance_window.create",
        "Create a maintenance window from its JSON",
        Route::post("/maintenance_windows", OBJECT).wrapped("maintenance_window"),
        &[Param::raw(raw_schema::maintenance_window, "The maintenance window, without the wrapper")],
    )
    .by(Identity::Needed)
    .pack(),
    Action::new("maintenance_window.get", "Read a maintenance window", Route::get(ONE, OBJECT), &[WINDOW, INCLUDE])
        .pack(),
    Action::new(
        "maintenance_window.find",
        "List maintenance windows",
        Route::get("/maintenance_windows", Answer::List("maintenance_windows", PAGE)),
        &[TEAM_IDS, SERVICE_IDS, INCLUDE, Param::query("filter", "Which of them").of(Kind::Choice(FILTERS)), QUERY],
    )
    .pack(),
    Action::new(
        "maintenance_window.update",
        "Change a maintenance window",
        Route::put(ONE, OBJECT).wrapped("maintenance_window"),
        &[WINDOW, Param::raw(raw_schema::maintenance_window_update, "What to change")],
    ),
    Action::new("maintenance_window.delete", "Delete or end a maintenance window", Route::delete(ONE), &[WINDOW])
        .about("A future one is deleted, one under way ends now.")
        .pack(),
];
