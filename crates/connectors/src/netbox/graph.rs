//! Reads what depends on what.

use super::NetBox;
use super::routes::Graph;
use super::wire::{PLUGIN, Page};
use crate::events::wire::Fields;
use pagebridge_core::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long the dependencies are taken as they were read, in milliseconds.
const FRESH_MS: i64 = 10 * 60_000;

/// How soon they are read again after they could not be, in milliseconds.
const RETRY_MS: i64 = 60_000;

/// Objects per page, as many as NetBox gives.
const PAGE: &str = "1000";

/// Pages of each list; 20,000 dependencies.
const PAGES_MAX: usize = 20;

impl NetBox {
    /// What depends on what, as far as NetBox tells. Read only where something has a routing key of its own.
    pub(super) async fn graph(&self) -> Arc<Graph> {
        if !self.settings.routes.branch() {
            return Arc::default();
        }
        let now = self.clock.now();
        let known = self.follow.state().graph.clone();
        if let Some((until, graph)) = &known
            && now < *until
        {
            return graph.clone();
        }
        let (graph, fresh_ms) = match self.read_graph().await {
            Ok(graph) => (Arc::new(graph), FRESH_MS),
            Err(problem) => {
                let system = &self.settings.system;
                tracing::warn!(%system, problem, "dependencies cannot be read; routing keys go by what was known");
                (known.map(|(_, graph)| graph).unwrap_or_default(), RETRY_MS)
            }
        };
        let until: Timestamp = now.plus_ms(fresh_ms);
        self.follow.state().graph = Some((until, graph.clone()));
        graph
    }

    async fn read_graph(&self) -> Result<Graph, String> {
        let mut graph = Graph::default();
        for dependency in self.all("service-dependencies").await? {
            let fields = Fields::new(&dependency);
            let ends = fields.text("downstream_service_name").zip(fields.text("upstream_service_name"));
            if let Some((service, on)) = ends {
                graph.depends(&service, &on);
            }
        }
        if !self.settings.routes.applications.is_empty() {
            self.read_applications(&mut graph).await?;
        }
        Ok(graph)
    }

    /// Services name their business applications by id. The plugin's main branch cannot list them at all.
    async fn read_applications(&self, graph: &mut Graph) -> Result<(), String> {
        let mut names: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for application in self.all("business-applications").await? {
            let fields = Fields::new(&application);
            let id = application.get("id").and_then(Value::as_i64);
            let both = [fields.text("name"), fields.text("appcode")];
            names.entry(id.unwrap_or_default()).or_default().extend(both.into_iter().flatten());
        }
        for service in self.all("technical-services").await? {
            let Some(name) = Fields::new(&service).text("name") else { continue };
            let ids = service.get("business_apps").and_then(Value::as_array).into_iter().flatten();
            for application in ids.filter_map(|id| names.get(&id.as_i64()?)).flatten() {
                graph.belongs(&name, application);
            }
        }
        Ok(())
    }

    /// A whole list of the plugin; nothing where the plugin makes NetBox fail over it.
    pub(super) async fn all(&self, list: &str) -> Result<Vec<Map<String, Value>>, String> {
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let offset = all.len().to_string();
            let query = [("ordering", "id"), ("limit", PAGE), ("offset", offset.as_str())];
            let page: Page = match self.client.get(&[PLUGIN[0], PLUGIN[1], list], &query).await {
                Ok(page) => page,
                Err(failure) if failure.is_a_crash() => return Ok(Vec::new()),
                Err(failure) => return Err(failure.to_string()),
            };
            let is_last = page.next.is_none() || page.results.is_empty();
            all.extend(page.results.into_iter().filter_map(|object| match object {
                Value::Object(object) => Some(object),
                _ => None,
            }));
            if is_last {
                return Ok(all);
            }
        }
        tracing::warn!(system = %self.settings.system, list, "too many objects; the rest is not looked at");
        Ok(all)
    }
}
