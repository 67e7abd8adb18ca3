//! What belongs to the account as a whole: priorities, tags, vendors, abilities.

use super::{PAGE, QUERY};
use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param, Place};

const TAGGED: Param =
    Param::path("entity_type", "What has the tags").of(Kind::Choice(&["users", "teams", "escalation_policies"]));
const OBJECT: Param = Param::entity("Id of the user, team or escalation policy, or a list of ids");

pub(super) const ACTIONS: &[Action] = &[
    Action::new("priority.find", "List priorities", Route::get("/priorities", Answer::List("priorities", PAGE)), &[])
        .chat(),
    Action::new("vendor.find", "List vendors", Route::get("/vendors", Answer::List("vendors", PAGE)), &[]),
    Action::new(
        "ability.find",
        "List what the account can do",
        Route::get("/abilities", Answer::All("abilities")),
        &[],
    ),
    Action::new("tag.find", "List tags", Route::get("/tags", Answer::List("tags", PAGE)), &[QUERY]),
    Action::new(
        "tag.create",
        "Create a tag",
        Route::post("/tags", Answer::Object("tag")).wrapped("tag"),
        &[Param::body("label", "What it says").required()],
    ),
    Action::new(
        "tag.delete",
        "Delete a tag everywhere",
        Route::delete("/tags/{entity_id}"),
        &[Param::entity("Id of the tag, or a list of ids")],
    ),
    Action::new(
        "tag.change",
        "Add tags to an object, and take others away",
        Route::post("/{entity_type}/{entity_id}/change_tags", Answer::Success).repeatable(),
        &[
            TAGGED,
            OBJECT,
            Param::list("add", "", "Ids of tags to add").at(Place::References("add", "tag_reference")),
            Param::list("remove", "", "Ids of tags to take away").at(Place::References("remove", "tag_reference")),
        ],
    ),
];
