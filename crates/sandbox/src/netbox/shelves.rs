//! Objects of which only fields are kept: some of NetBox's own, and the plugin's smaller ones.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::{Caller, NetBoxRights};
use super::form::{Form, Text};
use super::hooks::Change;
use super::model::{Fields, Times, rest_time, snapshot_time};
use super::refusal::Refusal;
use super::state::{Item, State};

pub(crate) const DEVICES: &str = "dcim/devices";
pub(crate) const EVENT_SOURCES: &str = "plugins/business-application/event-sources";
pub(crate) const JOURNAL: &str = "extras/journal-entries";
pub(crate) const TECHNICAL_SERVICES: &str = "plugins/business-application/technical-services";
pub(crate) const DEPENDENCIES: &str = "plugins/business-application/service-dependencies";
const VIRTUAL_MACHINES: &str = "virtualization/virtual-machines";

/// One list of simple objects.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The path of its list below `/api/`.
    pub(crate) path: &'static str,
    /// How error messages name one of them.
    pub(crate) title: &'static str,
    pub(crate) object_type: &'static str,
    /// Whether it is NetBox's own, and so asks for rights, and not the plugin's.
    pub(crate) core: bool,
    required: &'static [&'static str],
    /// What is kept, as JSON, with its value where none is sent.
    defaults: &'static str,
}

const SITE: &str = r#"{"name": "", "slug": "", "status": "active", "region": null, "group": null, "tenant": null,
    "facility": "", "time_zone": null, "description": "", "physical_address": "", "shipping_address": "",
    "latitude": null, "longitude": null, "owner": null, "comments": "", "asns": [], "tags": [], "custom_fields": {}}"#;

pub(crate) const SHELVES: &[Shelf] = &[
    Shelf {
        path: "dcim/sites",
        title: "Site",
        object_type: "dcim.site",
        core: true,
        required: &["name", "slug"],
        defaults: SITE,
    },
    Shelf {
        path: DEVICES,
        title: "Device",
        object_type: "dcim.device",
        core: true,
        required: &["name"],
        defaults: r#"{"name": "", "status": "active", "site": null, "description": "", "comments": "", "tags": [],
            "custom_fields": {}}"#,
    },
    Shelf {
        path: VIRTUAL_MACHINES,
        title: "VirtualMachine",
        object_type: "virtualization.virtualmachine",
        core: true,
        required: &["name"],
        defaults: r#"{"name": "", "status": "active", "site": null, "description": "", "comments": "", "tags": [],
            "custom_fields": {}}"#,
    },
    Shelf {
        path: JOURNAL,
        title: "JournalEntry",
        object_type: "extras.journalentry",
        core: true,
        required: &["assigned_object_type", "comments"],
        defaults: r#"{"assigned_object_type": "", "assigned_object_id": null, "kind": "info", "comments": "", "tags": [],
            "custom_fields": {}}"#,
    },
    Shelf {
        path: EVENT_SOURCES,
        title: "EventSource",
        object_type: "business_application.eventsource",
        core: false,
        required: &["name"],
        defaults: r#"{"name": "", "description": ""}"#,
    },
    Shelf {
        path: "plugins/business-application/business-applications",
        title: "BusinessApplication",
        object_type: "business_application.businessapplication",
        core: false,
        required: &["name", "appcode"],
        defaults: r#"{"name": "", "appcode": "", "description": "", "owner": "", "delegate": "", "servicenow": ""}"#,
    },
    Shelf {
        path: TECHNICAL_SERVICES,
        title: "TechnicalService",
        object_type: "business_application.technicalservice",
        core: false,
        required: &["name"],
        defaults: r#"{"name": "", "service_type": "technical", "devices": [], "vms": [], "clusters": [],
            "business_apps": [], "pagerduty_service_definition": null, "pagerduty_router_rule": null}"#,
    },
    Shelf {
        path: DEPENDENCIES,
        title: "ServiceDependency",
        object_type: "business_application.servicedependency",
        core: false,
        required: &["name"],
        defaults: r#"{"name": "", "description": "", "upstream_service": null, "downstream_service": null,
            "dependency_type": "normal"}"#,
    },
    Shelf {
        path: "plugins/business-application/maintenance",
        title: "Maintenance",
        object_type: "business_application.maintenance",
        core: false,
        required: &["description"],
        defaults: r#"{"description": "", "status": "planned", "planned_start": null, "planned_end": null}"#,
    },
    Shelf {
        path: "plugins/business-application/changes",
        title: "Change",
        object_type: "business_application.change",
        core: false,
        required: &["description"],
        defaults: r#"{"description": "", "type": null, "created_by": ""}"#,
    },
];

/// What an Event can be about.
#[derive(Debug)]
pub(crate) struct ContentType {
    pub(crate) id: u64,
    pub(crate) model: &'static str,
    pub(crate) path: &'static str,
    /// How the alert intake calls it.
    pub(crate) target: &'static str,
}

pub(crate) const CONTENT_TYPES: &[ContentType] = &[
    ContentType { id: 21, model: "device", path: DEVICES, target: "device" },
    ContentType { id: 87, model: "virtualmachine", path: VIRTUAL_MACHINES, target: "vm" },
    ContentType { id: 112, model: "technicalservice", path: TECHNICAL_SERVICES, target: "service" },
];

pub(crate) fn content_type(id: u64) -> Option<&'static ContentType> {
    CONTENT_TYPES.iter().find(|kind| kind.id == id)
}

pub(crate) fn shelf(path: &str) -> Option<&'static Shelf> {
    SHELVES.iter().find(|shelf| shelf.path == path)
}

impl Shelf {
    pub(crate) fn no_object(&self) -> Refusal {
        Refusal::no_object(self.title)
    }

    /// Checks what the caller may do; the plugin's objects are open to everybody who is logged in.
    pub(crate) fn check_rights(&self, caller: &Caller, writes: bool) -> Result<(), Refusal> {
        let needed = if writes { NetBoxRights::All } else { NetBoxRights::View };
        if self.core && (caller.user.rights < needed || (writes && !caller.writes)) {
            return Err(Refusal::no_permission());
        }
        Ok(())
    }

    fn fields(&self, given: &Fields, partial: bool) -> Result<Fields, Refusal> {
        let mut form = Form::new(given, partial);
        for name in self.required {
            form.text(name, Text::required(255));
        }
        form.done()?;
        let defaults = self.defaults();
        let known = given.iter().filter(|(name, _)| defaults.contains_key(*name));
        Ok(known.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn defaults(&self) -> Fields {
        serde_json::from_str(self.defaults).expect("the text above is an object")
    }
}

impl State {
    /// The plugin reads technical services with a relation that is no more, so that every read of one fails.
    pub(crate) fn check_readable(&self, shelf: &Shelf) -> Result<(), Refusal> {
        if shelf.path == TECHNICAL_SERVICES && self.config.technical_services_crash {
            let error = "Invalid field name(s) given in select_related: 'parent'. Choices are: (none)".to_owned();
            return Err(Refusal::Crash { error, exception: "FieldError" });
        }
        Ok(())
    }

    pub(crate) fn create_item(
        &mut self,
        shelf: &'static Shelf,
        given: &Fields,
        now: Timestamp,
    ) -> Result<u64, Refusal> {
        let sent = shelf.fields(given, false)?;
        if shelf.path == JOURNAL {
            check_journal(&sent)?;
        }
        let mut fields = shelf.defaults();
        fields.extend(sent);
        let id = self.next_id(shelf.path);
        let item = Item { id, fields, times: Times::new(now) };
        self.shelves.entry(shelf.path.to_owned()).or_default().insert(id, item);
        self.touch_item(shelf, id, Change::Created, Value::Null);
        Ok(id)
    }

    pub(crate) fn change_item(
        &mut self,
        shelf: &'static Shelf,
        id: u64,
        given: &Fields,
        partial: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let before = self.item_snapshot(shelf, id, false);
        let items = self.shelves.entry(shelf.path.to_owned()).or_default();
        let item = items.get_mut(&id).ok_or_else(|| shelf.no_object())?;
        item.fields.extend(shelf.fields(given, partial)?);
        item.times.touch(now);
        self.touch_item(shelf, id, Change::Updated, before);
        Ok(())
    }

    pub(crate) fn delete_item(&mut self, shelf: &'static Shelf, id: u64) -> Result<(), Refusal> {
        if self.item(shelf.path, id).is_none() {
            return Err(shelf.no_object());
        }
        let before = self.item_snapshot(shelf, id, false);
        self.touch_item(shelf, id, Change::Deleted, before);
        self.shelves.entry(shelf.path.to_owned()).or_default().remove(&id);
        Ok(())
    }

    fn touch_item(&mut self, shelf: &'static Shelf, id: u64, change: Change, before: Value) {
        let data = self.item_json(shelf, id, "", change == Change::Created);
        let after = if change == Change::Deleted { Value::Null } else { self.item_snapshot(shelf, id, true) };
        self.touch(shelf.object_type, id, change, data, (before, after));
    }

    /// Shows an object as the REST API does; null if there is none.
    pub(crate) fn item_json(&self, shelf: &Shelf, id: u64, base: &str, is_new: bool) -> Value {
        let Some(item) = self.item(shelf.path, id) else {
            return Value::Null;
        };
        let mut shown = item.fields.clone();
        if shelf.core {
            shown.extend(core_extras(shelf, item, base, is_new));
        }
        if shelf.path == TECHNICAL_SERVICES {
            shown.extend(self.service_extras(item));
        }
        if shelf.path == DEPENDENCIES {
            for end in ["upstream_service", "downstream_service"] {
                let service = item.fields.get(end).and_then(Value::as_u64);
                let name = service.and_then(|service| self.name_of(TECHNICAL_SERVICES, service));
                shown.insert(format!("{end}_name"), json!(name));
            }
        }
        shown.insert("id".to_owned(), id.into());
        shown.insert("created".to_owned(), rest_time(item.times.created()).into());
        shown.insert("last_updated".to_owned(), rest_time(item.times.last_updated()).into());
        shown.into()
    }

    fn service_extras(&self, item: &Item) -> Fields {
        let count = |name: &str| item.fields.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        let below = self.downstream_of(item.id);
        let open = self.incidents_at.get(&item.id).into_iter().flatten();
        let open = open.filter(|id| self.incidents.get(id).is_some_and(|incident| !incident.is_over())).count();
        let upstream = self.dependencies(item.id, "downstream_service");
        let extras = json!({
            "business_apps_count": count("business_apps"),
            "vms_count": count("vms"),
            "devices_count": count("devices"),
            "clusters_count": count("clusters"),
            "upstream_dependencies_count": upstream,
            "downstream_dependencies_count": below,
            "pagerduty_config": null,
            "has_pagerduty_integration": item.fields.get("pagerduty_service_definition").is_some_and(Value::is_object),
            "health_status": self.health_of(item.id),
            "active_incidents_count": open,
            "recent_events_count": 0,
            "blast_radius_estimate": {
                "downstream_services": below,
                "business_applications": count("business_apps"),
                "total_devices_vms": count("devices") + count("vms"),
            },
        });
        extras.as_object().cloned().unwrap_or_default()
    }

    /// Counts the technical services that depend directly on one.
    pub(crate) fn downstream_of(&self, service: u64) -> usize {
        self.dependencies(service, "upstream_service")
    }

    fn dependencies(&self, service: u64, end: &str) -> usize {
        let all = self.shelves.get(DEPENDENCIES).into_iter().flat_map(|items| items.values());
        all.filter(|item| item.fields.get(end).and_then(Value::as_u64) == Some(service)).count()
    }

    fn item_snapshot(&self, shelf: &Shelf, id: u64, with_change: bool) -> Value {
        let Some(item) = self.item(shelf.path, id) else {
            return Value::Null;
        };
        let mut shown = item.fields.clone();
        shown.insert("created".to_owned(), snapshot_time(item.times.created()).into());
        if with_change {
            shown.insert("last_updated".to_owned(), snapshot_time(item.times.last_updated()).into());
        }
        shown.into()
    }
}

fn core_extras(shelf: &Shelf, item: &Item, base: &str, is_new: bool) -> Fields {
    let display = item.fields.get("name").cloned().unwrap_or_else(|| item.id.to_string().into());
    let mut extras = json!({
        "url": format!("{base}/api/{}/{}/", shelf.path, item.id),
        "display_url": format!("{base}/{}/{}/", shelf.path, item.id),
        "display": display,
    });
    for name in ["status", "kind"] {
        if let Some(value) = item.fields.get(name).and_then(Value::as_str) {
            extras[name] = json!({"value": value, "label": label(value)});
        }
    }
    if shelf.object_type == "dcim.site" && !is_new {
        for counted in ["circuit", "device", "prefix", "rack", "virtualmachine", "vlan"] {
            extras[format!("{counted}_count")] = 0.into();
        }
    }
    extras.as_object().cloned().unwrap_or_default()
}

fn label(value: &str) -> String {
    let mut letters = value.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A journal entry on an object of the plugin crashes: the plugin cannot show it in NetBox's nested form.
fn check_journal(sent: &Fields) -> Result<(), Refusal> {
    let about = sent.get("assigned_object_type").and_then(Value::as_str).unwrap_or_default();
    if about.starts_with("business_application.") {
        let error = "Got a `TypeError` when calling `JournalEntry.objects.create()`. ... TypeError: Field.__init__() got \
                     an unexpected keyword argument 'nested'";
        return Err(Refusal::Crash { error: error.to_owned(), exception: "TypeError" });
    }
    let known = SHELVES.iter().any(|shelf| shelf.core && shelf.object_type == about);
    let id = sent.get("assigned_object_id").and_then(Value::as_u64);
    let wrong = |name: &str, why: &str| Err(Refusal::Invalid([(name.to_owned(), json!([why]))].into_iter().collect()));
    if !known {
        return wrong("assigned_object_type", "Invalid value. Specify a content type as '<app_label>.<model_name>'.");
    }
    if id.is_none() { wrong("assigned_object_id", "This field is required.") } else { Ok(()) }
}
