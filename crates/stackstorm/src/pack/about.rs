//! What the pack says of itself, and its settings.

use serde_json::json;

use super::{Ref, VERSION};
use crate::Files;
use crate::yaml::Yaml;

const ICON: &[u8] = include_bytes!("icon.png");
const README: &str = include_str!("readme.md");
const EXAMPLE: &str = include_str!("example.yaml");

pub(super) fn files(name: Ref, actions: usize) -> Files {
    let readme = README.replace("@REF@", name.as_str()).replace("@ACTIONS@", &actions.to_string());
    Files::from([
        ("README.md".to_owned(), readme.into_bytes()),
        ("config.schema.yaml".to_owned(), config_schema().document()),
        ("icon.png".to_owned(), ICON.to_vec()),
        ("pack.yaml".to_owned(), about(name).document()),
        (format!("{}.yaml.example", name.as_str()), EXAMPLE.replace("@REF@", name.as_str()).into_bytes()),
    ])
}

fn about(name: Ref) -> Yaml {
    Yaml::map([
        ("ref", name.as_str().into()),
        ("name", name.as_str().into()),
        (
            "description",
            "PagerDuty through a Pagebridge server: incidents, services, schedules, teams, users, events".into(),
        ),
        ("keywords", Yaml::list(["pagerduty", "pagebridge", "incidents", "on-call"])),
        ("version", VERSION.into()),
        ("author", "Pagebridge".into()),
        ("python_versions", Yaml::list(["3"])),
        ("stackstorm_version", ">=3.7.0".into()),
        ("dependencies", Yaml::List(Vec::new())),
    ])
}

fn config_schema() -> Yaml {
    Yaml::map([
        (
            "url",
            Yaml::map([
                ("description", "Address of the Pagebridge server, without a slash at its end".into()),
                ("type", "string".into()),
                // An address, or where in the datastore it is.
                ("pattern", r"^(https?://\S*[^/\s]|\{\{.*\}\})$".into()),
                ("required", true.into()),
            ]),
        ),
        ("token", secret("Token of the server, with the role that the actions in use need", true)),
        (
            "service_key",
            secret("Integration key that incident.create.events_v1 takes unless told; else the server's", false),
        ),
    ])
}

fn secret(description: &str, required: bool) -> Yaml {
    Yaml::from(json!({"description": description, "type": "string", "secret": true, "required": required}))
}
