//! Schedules, overrides, and who is on call.

use super::{INCLUDE, PACK, PAGE, QUERY, SINCE, UNTIL, USER_IDS, UTC};
use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param, Place, Preset};
use crate::raw_schema;
use crate::special::Special;

const SCHEDULE: Param = Param::entity("Id of the schedule, or a list of ids");
const ONE: &str = "/schedules/{entity_id}";
const OVERRIDES: &str = "/schedules/{entity_id}/overrides";
const OBJECT: Answer = Answer::Object("schedule");
const OVERFLOW: Param = Param::query("overflow", "Whether entries may reach over the times that are asked for")
    .of(Kind::Boolean)
    .or(Preset::Boolean(false));

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "schedule.create",
        "Create a schedule from its JSON",
        Route::post("/schedules", OBJECT).wrapped("schedule"),
        &[OVERFLOW, Param::raw(raw_schema::schedule, "The schedule, without the wrapper")],
    )
    .pack(),
    Action::new("schedule.get", "Read a schedule", Route::get(ONE, OBJECT), &[SCHEDULE, UTC, SINCE, UNTIL]).pack(),
    Action::new("schedule.find", "List schedules", Route::get("/schedules", Answer::List("schedules", PACK)), &[QUERY])
        .pack()
        .chat(),
    Action::new(
        "schedule.update",
        "Change a schedule",
        Route::put(ONE, OBJECT).wrapped("schedule"),
        &[SCHEDULE, OVERFLOW, Param::raw(raw_schema::schedule, "The whole schedule, as it shall be")],
    ),
    Action::new("schedule.delete", "Delete a schedule", Route::delete(ONE), &[SCHEDULE]).pack(),
    Action::new(
        "schedule.get_on_call",
        "List the users of a schedule",
        Route::get("/schedules/{entity_id}/users", Answer::Whole),
        &[SCHEDULE, SINCE, UNTIL],
    )
    .about("Without times, those who are on call now.")
    .pack()
    .chat(),
    Action::new(
        "schedule.find_overrides",
        "List the overrides of a schedule",
        Route::get(OVERRIDES, Answer::All("overrides")),
        &[SCHEDULE, SINCE.required(), UNTIL.required()],
    ),
    Action::new(
        "schedule.create_override.simple",
        "Have somebody else take a part of a schedule",
        Route::post(OVERRIDES, Answer::Made),
        &[
            SCHEDULE,
            Param::aside("start", Kind::Text, "From when, ISO 8601").required(),
            Param::aside("end", Kind::Text, "Until when, ISO 8601").required(),
            Param::aside("user_id", Kind::Text, "Id of the user").required(),
        ],
    )
    .special(Special::Overrides)
    .chat(),
    Action::new(
        "schedule.create_override",
        "Create overrides from their JSON",
        Route::post(OVERRIDES, Answer::Made),
        &[
            SCHEDULE,
            Param::raw(raw_schema::overrides, "A list of `start`, `end` and `user` with its `id`").at(Place::Aside),
        ],
    )
    .special(Special::Overrides)
    .about("Each may be refused for itself: see `result`."),
    Action::new(
        "schedule.delete_override",
        "Delete an override",
        Route::delete("/schedules/{entity_id}/overrides/{resource_id}"),
        &[SCHEDULE, Param::path("resource_id", "Id of the override")],
    )
    .about("One that is under way ends now, and stays."),
    Action::new(
        "on_call.find",
        "List who is on call",
        Route::get("/oncalls", Answer::List("oncalls", PAGE)),
        &[
            UTC,
            INCLUDE,
            USER_IDS,
            Param::list("escalation_policy_ids", "escalation_policy_ids[]", "For these escalation policies only"),
            Param::list("schedule_ids", "schedule_ids[]", "Of these schedules only"),
            SINCE,
            UNTIL,
            Param::query("earliest", "The earliest of each only").of(Kind::Boolean),
        ],
    )
    .pack()
    .chat(),
];
