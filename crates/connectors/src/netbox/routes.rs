//! Which routing key an alert goes to: the one of a service, found by walking up the dependencies.

use super::settings::{Route, Routes};
use super::wire::Object;
use std::collections::{BTreeMap, BTreeSet};

/// What depends on what, by name. Empty where NetBox cannot tell; then only an object's own services count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    /// What each service depends on.
    upstream: BTreeMap<String, BTreeSet<String>>,
    /// Names and codes of the business applications of each service.
    applications: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(super) fn depends(&mut self, service: &str, on: &str) {
        self.upstream.entry(service.to_owned()).or_default().insert(on.to_owned());
    }

    pub(super) fn belongs(&mut self, service: &str, application: &str) {
        self.applications.entry(service.to_owned()).or_default().insert(application.to_owned());
    }
}

/// A routing key, and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen<'a> {
    pub(super) route: &'a Route,
    /// In words: ``service `db` ``.
    pub(super) from: String,
}

/// The services that an object touches.
fn touched(object: &Object) -> Vec<&str> {
    match object {
        Object::Incident(incident) => incident.services.iter().map(String::as_str).collect(),
        Object::Event(event) => {
            let target = event.target.as_ref().filter(|target| target.model == "technicalservice");
            target.map(|target| target.name.as_str()).into_iter().collect()
        }
    }
}

/// Chooses the routing key of an object: that of the nearest service which has one, going from the services that it touches
/// to those which they depend on; among equally near ones, roots first, which depend on no other that is touched. Then that of
/// the nearest service's business application, then the default. Circles are walked once.
pub(super) fn choose<'a>(object: &Object, routes: &'a Routes, graph: &Graph) -> Chosen<'a> {
    let walk = if routes.branch() { walk(touched(object), graph) } else { Vec::new() };
    let service = walk.iter().find_map(|name| Some((name, routes.services.get(*name)?)));
    if let Some((name, route)) = service {
        return Chosen { route, from: format!("service `{name}`") };
    }
    let applications = walk.iter().filter_map(|name| graph.applications.get(*name)).flatten();
    let mut keyed = applications.filter_map(|name| Some((name, routes.applications.get(name)?)));
    if let Some((name, route)) = keyed.next() {
        return Chosen { route, from: format!("business application `{name}`") };
    }
    Chosen { route: &routes.default, from: "the default".to_owned() }
}

/// All services from the touched ones upwards, nearest first, each once.
fn walk<'a>(touched: Vec<&'a str>, graph: &'a Graph) -> Vec<&'a str> {
    let nothing = BTreeSet::new();
    let upstream = |name: &str| graph.upstream.get(name).unwrap_or(&nothing);
    let is_root = |name: &&str| !upstream(name).iter().any(|on| on != name && touched.contains(&on.as_str()));
    let (roots, others): (Vec<&str>, Vec<&str>) = touched.iter().partition(|name| is_root(name));
    let mut order: Vec<&str> = Vec::new();
    for name in roots.into_iter().chain(others) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    let mut seen: BTreeSet<&str> = order.iter().copied().collect();
    let mut at = 0;
    while let Some(name) = order.get(at).copied() {
        let more = graph.upstream.get(name).into_iter().flatten().map(String::as_str);
        order.extend(more.filter(|on| seen.insert(on)));
        at += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Event, Incident, Target};
    use super::*;
    use pagebridge_core::{BridgeName, SystemName};

    fn route(name: &str) -> Route {
        Route { alerts: SystemName::new(name), events: BridgeName::new(name), incidents: BridgeName::new(name) }
    }

    fn routes(services: &[&str], applications: &[&str]) -> Routes {
        let named = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), route(name))).collect();
        Routes { default: route("default"), services: named(services), applications: named(applications) }
    }

    fn incident(services: &[&str]) -> Object {
        let services = services.iter().map(|name| (*name).to_owned()).collect();
        Object::Incident(Incident { id: 1, services, ..Incident::default() })
    }

    /// web depends on api and cache, api on db, db on itself and web: a circle.
    fn graph() -> Graph {
        let mut graph = Graph::default();
        for (service, on) in [("web", "api"), ("web", "cache"), ("api", "db"), ("db", "db"), ("db", "web")] {
            graph.depends(service, on);
        }
        graph.belongs("db", "SHOP");
        graph.belongs("web", "PORTAL");
        graph
    }

    #[test]
    fn the_nearest_key_counts() {
        /// Touched services, services and applications with keys, and whose key it is.
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a str);
        let table: &[Row<'_>] = &[
            (&["web"], &["web", "db"], &[], "service `web`"),
            (&["web"], &["db", "api"], &[], "service `api`"),
            (&["web"], &["db"], &[], "service `db`"),
            (&["web"], &["db"], &["PORTAL"], "service `db`"),
            (&["web"], &["other"], &["SHOP", "PORTAL"], "business application `PORTAL`"),
            (&["api"], &[], &["SHOP"], "business application `SHOP`"),
            // A root first: api is what web depends on.
            (&["web", "api"], &["web", "api"], &[], "service `api`"),
            (&["cache", "lone"], &["lone", "cache"], &[], "service `cache`"),
            (&["cache"], &["web"], &[], "the default"),
            (&[], &["web"], &["SHOP"], "the default"),
            (&["web"], &[], &[], "the default"),
        ];
        for (touched, services, applications, from) in table {
            let routes = routes(services, applications);
            let chosen = choose(&incident(touched), &routes, &graph());
            assert_eq!(chosen.from, *from, "{touched:?} with {services:?} and {applications:?}");
            let name = from.split('`').nth(1).unwrap_or("default");
            assert_eq!(chosen.route.alerts.as_str(), name);
        }
    }

    #[test]
    fn without_a_graph_the_services_of_the_object_itself_count() {
        let routes = routes(&["web"], &[]);
        assert_eq!(choose(&incident(&["api", "web"]), &routes, &Graph::default()).from, "service `web`");
        let target = |model: &str| Target { model: model.to_owned(), name: "web".to_owned(), id: 3 };
        let event = |model: &str| Object::Event(Event { id: 1, target: Some(target(model)), ..Event::default() });
        assert_eq!(choose(&event("technicalservice"), &routes, &Graph::default()).from, "service `web`");
        assert_eq!(choose(&event("device"), &routes, &Graph::default()).from, "the default");
    }
}
