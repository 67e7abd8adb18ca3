//! `check`: the configuration, without connecting to anything.

use crate::config::{Config, Loaded, OperatorSettings};
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
    output::say(&format!("operator: {}", told(&config.operator)));
    Ok(())
}

/// Who is told when paging does not work, and when.
fn told(operator: &OperatorSettings) -> String {
    if operator.confirm_within_ms == 0 {
        return "pages are not watched, since confirm_within_s is 0".to_owned();
    }
    let mail = operator.smtp.iter().map(|s| format!("e-mail to {} by {}:{}", s.to.join(", "), s.server, s.port));
    let hooks = (!operator.webhooks.is_empty()).then(|| format!("{} by webhook", operator.webhooks.len()));
    let channels: Vec<String> = mail.chain(hooks).collect();
    let within_s = operator.confirm_within_ms / 1_000;
    let how = if channels.is_empty() {
        "only the log says so, nobody is told elsewhere; add [operator.smtp] or [[operator.webhooks]]".to_owned()
    } else {
        format!("told by {}", channels.join(" and "))
    };
    format!("when a page is not known to exist after {within_s} s, {how}")
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
    let operator = json!({
        "confirm_within_s": config.operator.confirm_within_ms / 1_000,
        "remind_s": config.operator.remind_ms / 1_000,
        "e_mail_to": config.operator.smtp.iter().flat_map(|s| &s.to).collect::<Vec<_>>(),
        "webhooks": config.operator.webhooks.len(),
    });
    json!({
        "listen": config.listen, "store": config.store.shown(), "systems": systems, "bridges": bridges,
        "operator": operator,
    })
}
