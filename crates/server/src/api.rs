//! The API: what is there to read, releasing what waits, and running actions.

pub(crate) mod access;
mod actions;
pub(crate) mod audit;
pub(crate) mod openapi;
mod openapi_schemas;
mod query;
pub mod view;
pub mod words;

use crate::alarms::alarms;
use crate::app::Shared;
use crate::metrics::{OPEN_METRICS, render};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router, middleware};
use pagebridge_access::{Principal, Role};
use pagebridge_core::{Disposition, Incident, IncidentId, Input, Lane, SystemName, What};
use pagebridge_ports::OPERATOR;
use query::{Entries, Incidents, Lanes, Limit, Params};
use serde_json::{Value, json};
use std::sync::Arc;
use view::{
    DeadLetterPage, DeadLetterView, DeliveryPage, DeliveryView, EntryPage, EntryView, IncidentPage, IncidentView,
    QuarantinedView,
};

type App = State<Arc<Shared>>;

/// What is below `/api/v1`.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<Arc<Shared>>)> {
    vec![
        ("/incidents", get(incidents)),
        ("/incidents/{id}", get(incident)),
        ("/journal", get(journal)),
        ("/deliveries", get(deliveries)),
        ("/dead-letters", get(dead_letters)),
        ("/dead-letters/{incident}/{system}/release", post(release)),
        ("/counts", get(counts)),
        ("/upkeep", get(upkeep)),
        ("/audit", get(audit::list)),
        ("/actions", get(actions::list)),
        ("/actions/{name}", get(actions::show).post(actions::run)),
        ("/openapi.json", get(async || fresh(openapi::openapi()))),
    ]
}

/// Everything but the intake paths.
pub(crate) fn router(shared: Arc<Shared>, guarded: Router) -> Router {
    let guard = middleware::from_fn_with_state(shared.clone(), access::guard);
    let api = routes().into_iter().fold(Router::new(), |api, (path, method)| api.route(path, method));
    let api = api.fallback(nowhere).method_not_allowed_fallback(wrong_method).layer(guard.clone());
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(front))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
        .merge(guarded.layer(guard))
}

async fn front() -> &'static str {
    "Pagebridge is running. See /healthz, /readyz, /metrics and /api/v1/incidents.\n"
}

async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn readyz(State(app): App) -> Response {
    match app.health.trouble().await {
        None => {
            let alarms = alarms(&*app.store, app.clock.now()).await.map_or(0, |all| all.len());
            Json(json!({"status": "ready", "alarms": alarms})).into_response()
        }
        Some(reason) => {
            let remedy =
                "nothing is accepted until the store can commit: look at its disk space, permissions and server";
            let body = json!({"status": "not_ready", "part": "store", "reason": reason, "remedy": remedy});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(app): App) -> Result<Response, Problem> {
    let text = render(&app).await.map_err(|_| Problem::bug())?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS))], text).into_response())
}

async fn nowhere(uri: http::Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
        .remedy("webhooks go to /hooks/NAME with the name of a configured system; /api/v1 has incidents, journal, deliveries, dead-letters, counts, upkeep and actions")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this path does not take this method")
}

/// What is read may hold names and texts: no cache should keep it.
fn fresh<T: serde::Serialize>(body: T) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body)).into_response()
}

async fn incidents(State(app): App, Params(query): Params<Incidents>) -> Result<Response, Problem> {
    let filter = query.filter();
    if query.not_paged() {
        let found = alarms(&*app.store, app.clock.now()).await?;
        let incidents = found.iter().take(filter.limit).map(IncidentView::brief).collect();
        return Ok(fresh(IncidentPage { incidents, next: None }));
    }
    let found = app.store.incidents(filter.clone()).await?;
    let next = (found.len() == filter.limit).then(|| found.last().map(|i| i.id.0)).flatten();
    let incidents = found.iter().map(IncidentView::brief).collect();
    Ok(fresh(IncidentPage { incidents, next }))
}

async fn incident(State(app): App, Path(id): Path<String>) -> Result<Response, Problem> {
    let incident = find(&app, &id).await?;
    Ok(fresh(IncidentView::whole(&incident)))
}

/// What is looked after at the systems besides deliveries.
async fn upkeep(State(app): App) -> Response {
    let checks: Vec<_> = app.intake.figures().upkeep.into_iter().map(|(check, _)| check).collect();
    fresh(json!({"upkeep": checks}))
}

async fn find(app: &Shared, id: &str) -> Result<Incident, Problem> {
    let id = incident_id(id)?;
    app.store.incident(id).await?.ok_or_else(|| no_incident(id))
}

fn incident_id(text: &str) -> Result<IncidentId, Problem> {
    let number = text.parse().map_err(|_| {
        let detail = format!("`{}` is not the number of an incident", text.escape_debug());
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    })?;
    Ok(IncidentId(number))
}

fn no_incident(id: IncidentId) -> Problem {
    Problem::not_found(format!("there is no incident {id}"))
}

async fn journal(State(app): App, Params(query): Params<Entries>) -> Result<Response, Problem> {
    let filter = query.filter()?;
    let rows = app.store.entries(filter).await?;
    let next = rows.last().map(|row| row.seq);
    let entries = rows.iter().map(EntryView::of).collect();
    Ok(fresh(EntryPage { entries, next }))
}

async fn deliveries(State(app): App, Params(query): Params<Lanes>) -> Result<Response, Problem> {
    let filter = query.filter()?;
    let asked = filter.system.is_some();
    let mut lanes = app.store.lanes(filter).await?;
    // Deadlines and messages to operators are no deliveries to a system; who wants to see them asks for theirs.
    lanes.retain(|lane| asked || lane.system.as_str() != OPERATOR);
    let mut deliveries = Vec::with_capacity(lanes.len());
    for lane in &lanes {
        if let Some(row) = delivery(&app, lane).await? {
            deliveries.push(row);
        }
    }
    Ok(fresh(DeliveryPage { deliveries }))
}

/// `None` when the incident has moved on meanwhile.
async fn delivery(app: &Shared, lane: &Lane) -> Result<Option<DeliveryView>, Problem> {
    let incident = app.store.incident(lane.incident).await?;
    Ok(incident.and_then(|incident| DeliveryView::of(lane, &incident)))
}

async fn dead_letters(State(app): App, Params(query): Params<Limit>) -> Result<Response, Problem> {
    let letters = app.store.dead_letters(query.limit()).await?;
    let set_aside = app.store.incidents(query.quarantined()).await?;
    Ok(fresh(DeadLetterPage {
        dead_letters: letters.into_iter().map(DeadLetterView::of).collect(),
        quarantined: set_aside.iter().filter_map(QuarantinedView::of).collect(),
    }))
}

async fn release(
    State(app): App,
    Extension(who): Extension<Arc<Principal>>,
    Path((id, system)): Path<(String, String)>,
) -> Result<Response, Problem> {
    access::at_least(&who, Role::Responder)?;
    let incident = find(&app, &id).await?;
    let Some(link) = incident.link(&system) else {
        let known: Vec<&str> = incident.links.iter().map(|l| l.system.as_str()).collect();
        let detail = format!("incident {id} has no record in that system, only in {}", known.join(", "));
        return Err(Problem::not_found(detail));
    };
    let waits = link.has_dead_letters() || link.poll_stopped.is_some();
    if !waits && incident.quarantined.is_none() {
        return Ok(fresh(json!({"status": "unchanged", "incident": incident.id, "system": system})));
    }
    let input = Input::about(SystemName::new(link.system.as_str()), What::Released);
    let accepted = app.intake.accept_for(incident.id, input).await?.ok_or_else(|| no_incident(incident.id))?;
    let status = match accepted.disposition {
        Disposition::Unchanged | Disposition::Repeated => "unchanged",
        _ => "released",
    };
    tracing::info!(incident.id = incident.id.0, %system, status, who = who.name, "an operator released an incident's deliveries");
    Ok(fresh(json!({"status": status, "incident": incident.id, "system": system})))
}

async fn counts(State(app): App) -> Result<Response, Problem> {
    let counts = app.store.counts().await?;
    Ok(fresh(view::CountsView::of(&counts)))
}
