//! Webhook subscriptions.

use super::{DESCRIPTION, PAGE};
use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param, Place, Preset};
use crate::raw_schema::{self, FILTERS};

const SUBSCRIPTION: Param = Param::entity("Id of the subscription, or a list of ids");
const ALL: &str = "/webhook_subscriptions";
const ONE: &str = "/webhook_subscriptions/{entity_id}";
const NAME: &str = "webhook_subscription";
const OBJECT: Answer = Answer::Object(NAME);

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "webhook_subscription.create.simple",
        "Have PagerDuty post what happens to an address",
        Route::post(ALL, OBJECT)
            .wrapped(NAME)
            .fixed(&[("type", NAME), ("delivery_method.type", "http_delivery_method")]),
        &[
            Param::body("url", "Where to post").at(Place::Body("delivery_method.url")).required(),
            DESCRIPTION,
            Param::list("events", "", "Types of events, e.g. incident.triggered").at(Place::Body("events")).required(),
            Param::body("filter_type", "Whose events")
                .of(Kind::Choice(FILTERS))
                .at(Place::Body("filter.type"))
                .or(Preset::Text("account_reference")),
            Param::body("filter_id", "Id of the service or team").at(Place::Body("filter.id")),
        ],
    )
    .about("The result has the signing secret, which cannot be read again."),
    Action::new(
        "webhook_subscription.create",
        "Create a webhook subscription from its JSON",
        Route::post(ALL, OBJECT).wrapped(NAME),
        &[Param::raw(raw_schema::webhook_subscription, "The subscription, without the wrapper")],
    )
    .about("The result has the signing secret, which cannot be read again."),
    Action::new("webhook_subscription.get", "Read a webhook subscription", Route::get(ONE, OBJECT), &[SUBSCRIPTION]),
    Action::new(
        "webhook_subscription.find",
        "List webhook subscriptions",
        Route::get(ALL, Answer::List("webhook_subscriptions", PAGE)),
        &[
            Param::query("filter_type", "Of the account, a service or a team")
                .of(Kind::Choice(&["account", "service", "team"])),
            Param::query("filter_id", "Id of the service or team"),
        ],
    ),
    Action::new(
        "webhook_subscription.update",
        "Change a webhook subscription",
        Route::put(ONE, OBJECT).wrapped(NAME),
        &[
            SUBSCRIPTION,
            Param::body("active", "Whether it is switched on").of(Kind::Boolean),
            DESCRIPTION,
            Param::list("events", "", "All types of events that are wanted from now on").at(Place::Body("events")),
        ],
    )
    .about("Where it posts to cannot be changed."),
    Action::new("webhook_subscription.delete", "Delete a webhook subscription", Route::delete(ONE), &[SUBSCRIPTION]),
    Action::new(
        "webhook_subscription.enable",
        "Switch on a webhook subscription that PagerDuty switched off",
        Route::post("/webhook_subscriptions/{entity_id}/enable", OBJECT).repeatable(),
        &[SUBSCRIPTION],
    ),
    Action::new(
        "webhook_subscription.ping",
        "Have PagerDuty post a test to a webhook subscription",
        Route::post("/webhook_subscriptions/{entity_id}/ping", Answer::Success).repeatable(),
        &[SUBSCRIPTION],
    ),
];
