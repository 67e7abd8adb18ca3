//! Teams, and who and what belongs to them.

use super::{DESCRIPTION, PACK, PAGE, QUERY, kind};
use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param};
use crate::raw_schema;

const TEAM: Param = Param::entity("Id of the team, or a list of ids");
const USER: Param = Param::path("user", "Id of the user");
const POLICY: Param = Param::path("escalation_policy", "Id of the escalation policy");
const ONE: &str = "/teams/{entity_id}";
const ONE_USER: &str = "/teams/{entity_id}/users/{user}";
const ONE_POLICY: &str = "/teams/{entity_id}/escalation_policies/{escalation_policy}";
const OBJECT: Answer = Answer::Object("team");

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "team.create.simple",
        "Create a team",
        Route::post("/teams", OBJECT).wrapped("team"),
        &[kind(&["team"], "team"), Param::body("name", "Name").required(), DESCRIPTION],
    )
    .pack(),
    Action::new(
        "team.create",
        "Create a team from its JSON",
        Route::post("/teams", OBJECT).wrapped("team"),
        &[Param::raw(raw_schema::team, "The team, without the wrapper")],
    )
    .pack(),
    Action::new("team.get", "Read a team", Route::get(ONE, OBJECT), &[TEAM]).pack(),
    Action::new("team.find", "List teams", Route::get("/teams", Answer::List("teams", PACK)), &[QUERY]).pack(),
    Action::new(
        "team.update",
        "Change a team",
        Route::put(ONE, OBJECT).wrapped("team"),
        &[TEAM, Param::raw(raw_schema::team_update, "What to change")],
    ),
    Action::new("team.delete", "Delete a team", Route::delete(ONE), &[TEAM]).pack(),
    Action::new(
        "team.find_members",
        "List the members of a team",
        Route::get("/teams/{entity_id}/members", Answer::List("members", PAGE)),
        &[TEAM],
    ),
    Action::new(
        "team.add_user",
        "Put a user in a team",
        Route::put(ONE_USER, Answer::Success),
        &[
            TEAM,
            USER,
            Param::aside("role", Kind::Choice(&["observer", "responder", "manager"]), "What the user may do in it")
                .at(crate::param::Place::Body("role")),
        ],
    )
    .pack(),
    Action::new(
        "team.remove_user",
        "Take a user out of a team",
        Route { answer: Answer::Success, ..Route::delete(ONE_USER) },
        &[TEAM, USER],
    )
    .about("Switched off in the pack.")
    .pack(),
    Action::new(
        "team.add_escalation_policy",
        "Give an escalation policy to a team",
        Route::put(ONE_POLICY, Answer::Success),
        &[TEAM, POLICY],
    )
    .pack(),
    Action::new(
        "team.remove_escalation_policy",
        "Take an escalation policy from a team",
        Route { answer: Answer::Success, ..Route::delete(ONE_POLICY) },
        &[TEAM, POLICY],
    )
    .pack(),
];
