//! Users, and how they are notified.

use super::{DESCRIPTION, INCLUDE, PACK, TEAM_IDS, kind};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::{Kind, Param, Place, Preset};
use crate::raw_schema::{self, COLORS, CONTACT_METHODS, ROLES};
use crate::special::Special;

const USER: Param = Param::entity("Id of the user, or a list of ids");
const CONTACT: Param = Param::path("resource_id", "Id of the contact method");
const RULE: Param = Param::path("resource_id", "Id of the notification rule");
const ONE: &str = "/users/{entity_id}";
const CONTACTS: &str = "/users/{entity_id}/contact_methods";
const ONE_CONTACT: &str = "/users/{entity_id}/contact_methods/{resource_id}";
const RULES: &str = "/users/{entity_id}/notification_rules";
const ONE_RULE: &str = "/users/{entity_id}/notification_rules/{resource_id}";
const OBJECT: Answer = Answer::Object("user");
const CONTACT_OBJECT: Answer = Answer::Object("contact_method");
const RULE_OBJECT: Answer = Answer::Object("notification_rule");
/// A week.
const MINUTES_MAX: i64 = 10_080;

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "user.create.simple",
        "Create a user",
        Route::post("/users", OBJECT).wrapped("user"),
        &[
            kind(&["user"], "user"),
            Param::body("name", "Name").required(),
            Param::body("email", "E-mail address").required(),
            Param::body("time_zone", "Time zone").or(Preset::Text("America/Los_Angeles")),
            Param::body("color", "Colour in schedules").of(Kind::Choice(COLORS)).or(Preset::Text("grey20")),
            Param::body("role", "What the user may do").of(Kind::Choice(ROLES)).or(Preset::Text("user")),
            DESCRIPTION,
            Param::body("job_title", "Job title"),
        ],
    )
    .by(Identity::Needed)
    .pack(),
    Action::new(
        "user.create",
        "Create a user from its JSON",
        Route::post("/users", OBJECT).wrapped("user"),
        &[Param::raw(raw_schema::user, "The user, without the wrapper")],
    )
    .by(Identity::Needed)
    .pack(),
    Action::new("user.get", "Read a user", Route::get(ONE, OBJECT), &[USER, INCLUDE]).pack(),
    Action::new(
        "user.find",
        "List users",
        Route::get("/users", Answer::List("users", PACK)),
        &[TEAM_IDS, Param::query("query", "Part of the name or e-mail address")],
    )
    .pack()
    .chat(),
    Action::new(
        "user.update",
        "Change a user",
        Route::put(ONE, OBJECT).wrapped("user"),
        &[USER, Param::raw(raw_schema::user_update, "What to change")],
    ),
    Action::new("user.delete", "Delete a user", Route::delete(ONE), &[USER]).pack(),
    Action::new(
        "user.find_contact_methods",
        "List the contact methods of a user",
        Route::get(CONTACTS, Answer::All("contact_methods")),
        &[USER],
    )
    .pack(),
    Action::new(
        "user.get_contact_method",
        "Read a contact method",
        Route::get(ONE_CONTACT, CONTACT_OBJECT),
        &[USER, CONTACT],
    )
    .pack(),
    Action::new(
        "user.create_contact_method.simple",
        "Add a contact method to a user",
        Route::post(CONTACTS, CONTACT_OBJECT).wrapped("contact_method"),
        &[
            USER,
            Param::body("type", "Kind of contact method").of(Kind::Choice(CONTACT_METHODS)).required(),
            Param::body("label", "Name for people").required(),
            Param::body("address", "E-mail address, number or device").required(),
        ],
    )
    .pack(),
    Action::new(
        "user.create_contact_method",
        "Add a contact method to a user from its JSON",
        Route::post(CONTACTS, CONTACT_OBJECT).wrapped("contact_method"),
        &[USER, Param::raw(raw_schema::contact_method, "The contact method, without the wrapper")],
    )
    .pack(),
    Action::new("user.delete_contact_method", "Delete a contact method", Route::delete(ONE_CONTACT), &[USER, CONTACT])
        .pack(),
    Action::new(
        "user.find_notification_rules",
        "List the notification rules of a user",
        Route::get(RULES, Answer::All("notification_rules")),
        &[
            USER,
            INCLUDE,
            Param::query("urgency", "Of this urgency only; else PagerDuty gives those of high urgency")
                .of(Kind::Choice(&["high", "low", "all"])),
        ],
    )
    .pack(),
    Action::new(
        "user.get_notification_rule",
        "Read a notification rule",
        Route::get(ONE_RULE, RULE_OBJECT),
        &[USER, RULE, INCLUDE],
    )
    .pack(),
    Action::new(
        "user.create_notification_rule.simple",
        "Add a notification rule to a user",
        Route::post(RULES, RULE_OBJECT).wrapped("notification_rule"),
        &[
            USER,
            Param::body("start_delay_in_minutes", "Minutes after the incident was assigned")
                .of(Kind::Integer(0, MINUTES_MAX))
                .or(Preset::Integer(0)),
            Param::body("contact_method_id", "Id of the contact method")
                .at(Place::Body("contact_method.id"))
                .required(),
            Param::body("contact_method_type", "Its kind; looked up if left out")
                .of(Kind::Choice(CONTACT_METHODS))
                .at(Place::Body("contact_method.type")),
            Param::body("urgency", "For incidents of this urgency")
                .of(Kind::Choice(&["high", "low"]))
                .or(Preset::Text("high")),
        ],
    )
    .special(Special::ContactMethodType)
    .pack(),
    Action::new(
        "user.create_notification_rule",
        "Add a notification rule to a user from its JSON",
        Route::post(RULES, RULE_OBJECT).wrapped("notification_rule"),
        &[USER, Param::raw(raw_schema::notification_rule, "The notification rule, without the wrapper")],
    )
    .special(Special::ContactMethodType)
    .about("Type, urgency (high) and the kind of the contact method are filled in.")
    .pack(),
    Action::new("user.delete_notification_rule", "Delete a notification rule", Route::delete(ONE_RULE), &[USER, RULE])
        .pack(),
];
