//! Looks whether everything that following and writing need is set up at NetBox.

use super::NetBox;
use super::client::Failure;
use super::map;
use super::wire::{Kind, NewJournalEntry, Object, PLUGIN, Page, Status as About};
use crate::outcome::Doing;
use http::Method;
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The newest NetBox in which the plugin loads unchanged.
const NETBOX_MAX: (u32, u32, u32) = (4, 5, 0);

/// The plugin's name among NetBox's plugins.
const PLUGIN_NAME: &str = "business_application";

impl NetBox {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let mut checks = vec![self.check_secret()];
        match self.client.get::<About>(&["status"], &[]).await {
            Ok(about) => {
                checks.push(self.check_version(&about));
                checks.extend(self.check_workers(&about));
            }
            Err(failure) => {
                checks.push(self.check_reachable(&failure));
                return checks;
            }
        }
        checks.push(self.check_writing().await);
        checks.extend(self.check_objects().await);
        if self.settings.routes.branch() {
            checks.push(self.check_routes().await);
        }
        checks
    }

    fn check_secret(&self) -> Check {
        match (self.settings.webhook_secrets.is_empty(), self.settings.insecure) {
            (false, _) => self.found("webhook secret", CheckResult::Ok, "webhooks must be signed", ""),
            (true, true) => self.found(
                "webhook secret",
                CheckResult::Warning,
                "anybody who reaches this address can send webhooks",
                "set a secret in NetBox's webhook, and the same in webhook_secrets",
            ),
            (true, false) => self.found(
                "webhook secret",
                CheckResult::Warning,
                "no webhook is taken, since none can be verified; changes are seen by looking at the lists alone",
                "set a secret in NetBox's webhook, and the same in webhook_secrets",
            ),
        }
    }

    fn check_reachable(&self, failure: &Failure) -> Check {
        let (detail, remedy) = match self.failed(failure, Doing::Read) {
            Outcome::NotApplied { reason, .. } => {
                (reason, "check api_url, token, name resolution, the firewall and the proxy")
            }
            _ => (failure.to_string(), "check that api_url is the address of NetBox"),
        };
        self.found("NetBox", CheckResult::Failed, &detail, remedy)
    }

    fn check_version(&self, about: &About) -> Check {
        let netbox = about.version.as_deref().unwrap_or("an unknown version");
        let Some(plugin) = about.plugins.get(PLUGIN_NAME).and_then(Value::as_str) else {
            return self.found(
                "NetBox",
                CheckResult::Failed,
                &format!("{netbox} without the Business Application plugin, so there are no Events and Incidents"),
                "install and enable the plugin `business_application`, or check api_url",
            );
        };
        let detail = format!("{netbox} with the Business Application plugin {plugin}");
        if version(netbox).is_some_and(|version| version > NETBOX_MAX) {
            let detail = format!("{detail}, which says that it is made for NetBox 4.1.0 to 4.5.0");
            return self.found(
                "NetBox",
                CheckResult::Warning,
                &detail,
                "test the plugin with this version before relying on it",
            );
        }
        self.found("NetBox", CheckResult::Ok, &detail, "")
    }

    fn check_workers(&self, about: &About) -> Option<Check> {
        (about.workers == Some(0)).then(|| {
            self.found(
                "webhooks of NetBox",
                CheckResult::Warning,
                "no worker is running, so NetBox sends no webhooks at all",
                "start NetBox's rqworker; until then changes are seen by looking at the lists",
            )
        })
    }

    /// Asks for a change that NetBox refuses in any case, and looks why it does.
    async fn check_writing(&self) -> Check {
        let nothing = NewJournalEntry { assigned_object_type: "", assigned_object_id: 0, kind: "", comments: "" };
        match self.client.write::<Value>(Method::POST, &["extras", "journal-entries"], &nothing).await {
            Err(Failure::Answer(answer)) if matches!(answer.status, 401 | 403) => self.found(
                "token",
                CheckResult::Warning,
                "it may read; it is read-only, or its user may not add journal entries. The plugin looks only at whether a token is valid, \
                 so some versions let it change Events and Incidents all the same",
                "if something is to be written to NetBox, enable writing for the token and give its user the right to add journal entries; \
                 otherwise nothing",
            ),
            _ => self.found(
                "token",
                CheckResult::Ok,
                "it may read and write. The plugin asks for no rights beyond a valid token, so keep every token of this NetBox safe",
                "",
            ),
        }
    }

    async fn check_objects(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        match self.newest(Kind::Incident, "").await {
            Ok(incidents) => {
                checks.push(self.found("Incidents", CheckResult::Ok, "they can be listed", ""));
                checks.extend(self.check_own_sending(&incidents));
            }
            Err(check) => checks.push(check),
        }
        match self.newest(Kind::Event, "triggered").await {
            Ok(events) => checks.push(self.check_dedup_ids(&events)),
            Err(check) => checks.push(check),
        }
        checks
    }

    /// The plugin's main branch speaks to PagerDuty by itself once an Incident has a key there.
    fn check_own_sending(&self, incidents: &[Object]) -> Option<Check> {
        let sends = |object: &Object| matches!(object, Object::Incident(incident) if incident.has_dedup_field);
        incidents.iter().any(sends).then(|| {
            self.found(
                "the plugin's own sending",
                CheckResult::Warning,
                "this version of the plugin sends Incidents to PagerDuty by itself unless it is told not to; then both do",
                "set pagerduty_incident_creation_enabled to False for business_application in PLUGINS_CONFIG of NetBox",
            )
        })
    }

    fn check_dedup_ids(&self, events: &[Object]) -> Check {
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        let mut without = 0;
        for object in events {
            match object {
                Object::Event(event) if event.dedup_id.is_none() => without += 1,
                _ => *keys.entry(map::alert_key(object)).or_default() += 1,
            }
        }
        let shared: usize = keys.values().filter(|count| **count > 1).sum();
        let detail = format!(
            "of the {} newest open Events {without} have no dedup_id and {shared} share theirs with another",
            events.len()
        );
        if without + shared == 0 {
            return self.found("Events", CheckResult::Ok, &detail, "");
        }
        self.found(
            "Events",
            CheckResult::Warning,
            &detail,
            "an Event without one has an alert by its id; of those that share one only the newest counts: give each trouble its own dedup_id",
        )
    }

    async fn newest(&self, kind: Kind, status: &str) -> Result<Vec<Object>, Check> {
        let mut query = vec![("ordering", "-id"), ("limit", "1000")];
        if status.is_empty() {
            query[1] = ("limit", "1");
        } else {
            query.push(("status", status));
        }
        let name = match kind {
            Kind::Event => "Events",
            Kind::Incident => "Incidents",
        };
        let page: Result<Page, Failure> = self.client.get(&[PLUGIN[0], PLUGIN[1], kind.list()], &query).await;
        let page = page.map_err(|failure| {
            let Outcome::NotApplied { reason, .. } = self.failed(&failure, Doing::Read) else {
                return self.found(name, CheckResult::Failed, &failure.to_string(), "check the plugin and api_url");
            };
            self.found(name, CheckResult::Failed, &reason, "check the plugin, token and api_url")
        })?;
        let objects = page.results.iter().filter_map(|json| Object::read(kind, json));
        Ok(objects.filter(|object| status.is_empty() || object.status() == status).collect())
    }

    /// Whether the services that have routing keys exist.
    async fn check_routes(&self) -> Check {
        let routes = &self.settings.routes;
        let looked = async {
            let services = self.all("technical-services").await?;
            let applications = self.all("business-applications").await?;
            Ok::<_, String>((services, applications))
        };
        let (services, applications) = match looked.await {
            Ok(both) => both,
            Err(problem) => {
                return self.found(
                    "routing keys",
                    CheckResult::Warning,
                    &problem,
                    "check the rights of the token's user",
                );
            }
        };
        if services.is_empty() {
            return self.found(
                "routing keys",
                CheckResult::Warning,
                "NetBox cannot list its technical services, as with the plugin's main branch; the names of services in the \
                 configuration cannot be checked, and business applications not be found",
                "compare the names in routes.services with NetBox's by eye",
            );
        }
        let missing = missing(routes.services.keys(), &services, &["name"]).chain(missing(
            routes.applications.keys(),
            &applications,
            &["name", "appcode"],
        ));
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        if missing.is_empty() {
            return self.found("routing keys", CheckResult::Ok, "all services with a key of their own exist", "");
        }
        let detail = format!("NetBox has no {}", missing.join(", "));
        self.found("routing keys", CheckResult::Warning, &detail, "correct the names under routes")
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}

/// Names that none of the objects has.
fn missing<'a>(
    names: impl Iterator<Item = &'a String>,
    objects: &'a [Map<String, Value>],
    fields: &'a [&str],
) -> impl Iterator<Item = &'a String> {
    let has = |object: &Map<String, Value>, name: &str| {
        fields.iter().any(|field| object.get(*field).and_then(Value::as_str) == Some(name))
    };
    names.filter(move |name| !objects.iter().any(|object| has(object, name)))
}

/// The numbers of a version such as `4.5.0-Docker-3.4`.
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    Some((numbers.next()?, numbers.next()?, numbers.next().unwrap_or(0)))
}
