//! Escalation policies.

use super::{INCLUDE, PACK, QUERY, TEAM_IDS, USER_IDS};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::Param;
use crate::raw_schema;
use crate::special::Special;

const POLICY: Param = Param::entity("Id of the escalation policy, or a list of ids");
const ONE: &str = "/escalation_policies/{entity_id}";
const OBJECT: Answer = Answer::Object("escalation_policy");

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "escalation_policy.create",
        "Create an escalation policy from its JSON",
        Route::post("/escalation_policies", OBJECT).wrapped("escalation_policy"),
        &[Param::raw(raw_schema::escalation_policy, "The escalation policy, without the wrapper")],
    )
    .by(Identity::Needed)
    .pack(),
    Action::new("escalation_policy.get", "Read an escalation policy", Route::get(ONE, OBJECT), &[POLICY, INCLUDE])
        .pack(),
    Action::new(
        "escalation_policy.update",
        "Change an escalation policy",
        Route::put(ONE, OBJECT).wrapped("escalation_policy"),
        &[POLICY, Param::raw(raw_schema::escalation_policy_update, "What to change")],
    ),
    Action::new("escalation_policy.delete", "Delete an escalation policy", Route::delete(ONE), &[POLICY]).pack(),
    Action::new(
        "escalation_policy.find",
        "List escalation policies",
        Route::get("/escalation_policies", Answer::List("escalation_policies", PACK)),
        &[USER_IDS, TEAM_IDS, INCLUDE, QUERY],
    )
    .pack()
    .chat(),
    Action::new(
        "escalation_policy.find_services",
        "List the services of an escalation policy in full",
        Route::get(ONE, Answer::Made),
        &[POLICY],
    )
    .special(Special::ServicesOfPolicy)
    .about("Reads each with GET /services/{id}.")
    .pack(),
];
