//! `check`: the configuration, without connecting to anything.

use crate::config::{Config, Loaded};
use crate::exit::{CliError, Exit};
use crate::output;
use serde_json::{Value, json};

/// Tells what was found, for people on standard error; gives the configuration or the reason to end.
pub(crate) fn accept(loaded: Loaded, json: bool) -> Result<Config, CliError> {
    let Loaded { config, findings, path, source, .. } = loaded;
    if !json && !findings.list.is_empty() {
        // The colours are taken out again when standard error is no terminal.
        output::complain(&findings.render(&path, &source, true));
    }
    match config {
        Some(config) => Ok(config),
        None if json => {
            let first = findings.list.first().map_or("", |f| f.message.as_str());
            let message = format!("the configuration cannot be used: {first}");
            Err(CliError::new(Exit::Config, message, "run `pagebridge check --json` for everything that is wrong"))
        }
        None => Err(CliError::new(Exit::Config, "the configuration cannot be used", "correct what is told above")),
    }
}

pub(crate) fn run(loaded: Loaded, as_json: bool) -> Result<(), CliError> {
    if as_json {
        let ok = loaded.config.is_some();
        let mut told = json!({"ok": ok, "path": loaded.path, "findings": loaded.findings.json(&loaded.source)});
        if let Some(config) = &loaded.config {
            told["configuration"] = summary(config);
        }
        output::say_json(&told);
        return if ok { Ok(()) } else { accept(loaded, true).map(drop) };
    }
    let config = accept(loaded, false)?;
    output::say(&format!("{} {}", output::green("ok"), config.origin));
    output::say(&format!("listens on http://{}, keeps its store in {}", config.listen, config.store.shown()));
    for system in &config.systems {
        let paths = paths(system).join(" ");
        output::say(&format!(
            "system {}: {} at {}, webhooks on {paths}",
            system.name,
            system.kind.as_str(),
            system.api_url
        ));
    }
    for bridge in &config.bridges {
        let systems: Vec<&str> = bridge.systems.iter().map(|(name, _)| name.as_str()).collect();
        output::say(&format!("bridge {}: {}", bridge.name, systems.join(" and ")));
    }
    Ok(())
}

fn paths(system: &crate::config::System) -> Vec<String> {
    system.paths.iter().cloned().chain([format!("/hooks/{}", system.name)]).collect()
}

fn summary(config: &Config) -> Value {
    let systems: Vec<Value> = config
        .systems
        .iter()
        .map(|s| json!({"name": s.name, "kind": s.kind.as_str(), "api_url": s.api_url, "paths": paths(s)}))
        .collect();
    let bridges: Vec<Value> = config
        .bridges
        .iter()
        .map(|b| json!({"name": b.name, "systems": b.systems.iter().map(|(name, _)| name).collect::<Vec<_>>()}))
        .collect();
    json!({"listen": config.listen, "store": config.store.shown(), "systems": systems, "bridges": bridges})
}
