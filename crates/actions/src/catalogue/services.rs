//! Services, their integrations, and business services.

use super::{DESCRIPTION, INCLUDE, PAGE, QUERY, TEAM_IDS, UTC, kind};
use crate::action::{Action, Answer, Identity, Route};
use crate::param::{Kind, Param, Place, Preset};
use crate::raw_schema;
use crate::special::Special;

const SERVICE: Param = Param::entity("Id of the service, or a list of ids");
const INTEGRATION: Param = Param::path("resource_id", "Id of the integration");
const BUSINESS: Param = Param::entity("Id of the business service, or a list of ids");
const ONE: &str = "/services/{entity_id}";
const ONE_INTEGRATION: &str = "/services/{entity_id}/integrations/{resource_id}";
const ONE_BUSINESS: &str = "/business_services/{entity_id}";
const OBJECT: Answer = Answer::Object("service");
const INTEGRATION_OBJECT: Answer = Answer::Object("integration");
const BUSINESS_OBJECT: Answer = Answer::Object("business_service");
const STATUSES: &[&str] = &["active", "warning", "critical", "maintenance", "disabled"];
const CREATION: &[&str] = &["create_alerts_and_incidents", "create_incidents"];
/// A hundred years.
const SECONDS_MAX: i64 = 3_153_600_000;

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "service.create.simple",
        "Create a service",
        Route::post("/services", OBJECT)
            .wrapped("service")
            .fixed(&[("escalation_policy.type", "escalation_policy_reference")]),
        &[
            kind(&["service"], "service"),
            Param::body("name", "Name").required(),
            DESCRIPTION,
            Param::body("auto_resolve_timeout", "Seconds until an incident resolves by itself; 0 for never")
                .of(Kind::Integer(0, SECONDS_MAX))
                .or(Preset::Integer(14_400)),
            Param::body("acknowledgement_timeout", "Seconds until an acknowledgement ends; 0 for never")
                .of(Kind::Integer(0, SECONDS_MAX))
                .or(Preset::Integer(1_800)),
            Param::body("status", "Status").of(Kind::Choice(STATUSES)).or(Preset::Text("active")),
            Param::body("escalation_policy_id", "Id of the escalation policy")
                .at(Place::Body("escalation_policy.id"))
                .required(),
            Param::body("alert_creation", "Whether events make alerts in incidents, or incidents alone")
                .of(Kind::Choice(CREATION))
                .or(Preset::Text("create_alerts_and_incidents")),
        ],
    )
    .by(Identity::Accepted)
    .pack(),
    Action::new(
        "service.create",
        "Create a service from its JSON",
        Route::post("/services", OBJECT).wrapped("service"),
        &[Param::raw(raw_schema::service, "The service, without the wrapper")],
    )
    .by(Identity::Accepted)
    .pack(),
    Action::new("service.get", "Read a service", Route::get(ONE, OBJECT), &[SERVICE, INCLUDE]).pack(),
    Action::new(
        "service.find",
        "List services",
        Route::get("/services", Answer::List("services", PAGE)),
        &[UTC, INCLUDE, TEAM_IDS, QUERY],
    )
    .pack()
    .chat(),
    Action::new(
        "service.update",
        "Change a service",
        Route::put(ONE, OBJECT).wrapped("service"),
        &[SERVICE, Param::raw(raw_schema::service_update, "What to change")],
    ),
    Action::new("service.delete", "Delete a service", Route::delete(ONE), &[SERVICE]).pack(),
    Action::new(
        "service.find_integrations",
        "List the integrations of a service in full",
        Route::get(ONE, Answer::Made),
        &[SERVICE],
    )
    .special(Special::IntegrationsOfService)
    .about("Reads each with GET /services/{id}/integrations/{integration}.")
    .pack(),
    Action::new(
        "service.get_integrations",
        "Read an integration of a service",
        Route::get(ONE_INTEGRATION, INTEGRATION_OBJECT),
        &[SERVICE, INTEGRATION],
    )
    .pack(),
    Action::new(
        "integration.get",
        "Read an integration",
        Route::get(ONE_INTEGRATION, INTEGRATION_OBJECT),
        &[SERVICE, INTEGRATION, INCLUDE],
    )
    .pack(),
    Action::new(
        "integration.create",
        "Add an integration to a service",
        Route::post("/services/{entity_id}/integrations", INTEGRATION_OBJECT).wrapped("integration"),
        &[
            SERVICE,
            Param::body("type", "Type of the integration").or(Preset::Text("events_api_v2_inbound_integration")),
            Param::body("name", "Name").or(Preset::Text("Events API")),
        ],
    )
    .about("The result has the `integration_key`, a secret."),
    Action::new(
        "integration.update",
        "Change an integration of a service",
        Route::put(ONE_INTEGRATION, INTEGRATION_OBJECT).wrapped("integration"),
        &[SERVICE, INTEGRATION, Param::raw(raw_schema::integration, "What to change")],
    ),
    Action::new(
        "business_service.find",
        "List business services",
        Route::get("/business_services", Answer::List("business_services", PAGE)),
        &[],
    ),
    Action::new(
        "business_service.get",
        "Read a business service",
        Route::get(ONE_BUSINESS, BUSINESS_OBJECT),
        &[BUSINESS],
    ),
    Action::new(
        "business_service.create",
        "Create a business service",
        Route::post("/business_services", BUSINESS_OBJECT).wrapped("business_service"),
        &[
            Param::body("name", "Name").required(),
            DESCRIPTION,
            Param::body("point_of_contact", "Whom to ask"),
            Param::body("team_id", "Id of the team that owns it").at(Place::Body("team.id")),
        ],
    ),
    Action::new(
        "business_service.update",
        "Change a business service",
        Route::put(ONE_BUSINESS, BUSINESS_OBJECT).wrapped("business_service"),
        &[BUSINESS, Param::raw(raw_schema::business_service, "What to change")],
    ),
    Action::new("business_service.delete", "Delete a business service", Route::delete(ONE_BUSINESS), &[BUSINESS]),
];
