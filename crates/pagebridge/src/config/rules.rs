//! Bridges: presets, and the cells that the user changed.

use super::System;
use super::findings::Findings;
use super::raw::{RawBridge, RawDirection, RawSystem};
use super::section::{At, nearest};
use pagebridge_core::{Bridge, BridgeName, Cell, Direction, SystemName};

const PRESETS: [&str; 1] = ["opsgenie-proxy"];

/// Resolves all bridges; what is wrong goes to the findings.
pub(super) fn bridges(raw: &[RawBridge], written: &[RawSystem], systems: &[System], to: &mut Findings) -> Vec<Bridge> {
    let carries = |s: &System| matches!(s.kind, super::Kind::Events(_));
    if raw.is_empty() && !systems.iter().any(carries) {
        let fix = "add `[[bridges]]` with `preset = \"opsgenie-proxy\"`; without one nothing is carried anywhere";
        to.error(None, "no bridges are configured", fix);
    }
    let mut names: Vec<BridgeName> = Vec::new();
    let mut bridges = Vec::new();
    for raw in raw {
        let Some(bridge) = (Reader { written, systems, to }).bridge(raw) else { continue };
        if names.contains(&bridge.name) {
            let at = raw.name.as_ref().map_or(raw.at.clone(), |n| n.at.clone());
            to.error(at, format!("two bridges are named `{}`", bridge.name), "give each a `name` of its own");
        }
        names.push(bridge.name.clone());
        bridges.push(bridge);
    }
    for bridge in events(systems) {
        if names.contains(&bridge.name) {
            let message = format!("the bridge `{}` has the name of a system of kind pagerduty-events", bridge.name);
            to.error(
                None,
                message,
                "rename one of them: the events of that system are carried by a bridge of its name",
            );
        }
        bridges.push(bridge);
    }
    bridges
}

/// Each routing key has a bridge of the name of its system, to which senders' events are passed on.
fn events(systems: &[System]) -> Vec<Bridge> {
    let source = systems.iter().find(|s| matches!(s.kind, super::Kind::Events(_)));
    let Some(source) = source else { return Vec::new() };
    let to = |system: &System| {
        let super::Kind::Alerts(own) = &system.kind else { return None };
        let account = own.account.as_ref().and_then(|name| systems.iter().find(|s| s.name == *name));
        let confirm = account.map(|account| (account.name.as_str(), account.label.as_str()));
        let (from, to) = ((source.name.as_str(), source.label.as_str()), (system.name.as_str(), system.label.as_str()));
        Some(Bridge::events(system.name.as_str(), from, to, confirm))
    };
    systems.iter().filter_map(to).collect()
}

struct Reader<'a> {
    written: &'a [RawSystem],
    systems: &'a [System],
    to: &'a mut Findings,
}

impl Reader<'_> {
    fn bridge(&mut self, raw: &RawBridge) -> Option<Bridge> {
        let preset = self.preset(raw);
        let opsgenie = self.system(raw, raw.opsgenie.as_ref(), "opsgenie");
        let pagerduty = self.system(raw, raw.pagerduty.as_ref(), "pagerduty");
        let name = match &raw.name {
            Some(name) => match BridgeName::parse(&name.value) {
                Ok(parsed) => Some(parsed),
                Err(why) => {
                    self.to.error(name.at.clone(), format!("`{}` cannot be a name: {why}", name.value), "");
                    None
                }
            },
            None => preset.map(BridgeName::new),
        };
        let usual = Bridge::opsgenie_proxy("o", "p");
        let rule = |index: usize| usual.rules.get(index).map_or(Direction::default(), |r| r.direction);
        let there = self.direction(&raw.there, rule(0));
        let back = self.direction(&raw.back, rule(1));
        preset?;
        let (opsgenie, pagerduty) = (opsgenie?, pagerduty?);
        let label = |name: &SystemName| {
            self.systems.iter().find(|s| s.name == *name).map_or(name.to_string(), |s| s.label.clone())
        };
        let (a, b) = ((opsgenie.as_str(), label(&opsgenie)), (pagerduty.as_str(), label(&pagerduty)));
        Some(Bridge::pair(name?.as_str(), (a.0, &a.1), (b.0, &b.1), there, back))
    }

    fn preset(&mut self, raw: &RawBridge) -> Option<&'static str> {
        let Some(preset) = &raw.preset else {
            self.to.error(raw.at.clone(), "the bridge has no `preset`", "add `preset = \"opsgenie-proxy\"`");
            return None;
        };
        let found = PRESETS.iter().find(|p| **p == preset.value).copied();
        if found.is_none() {
            let fix = format!("there is {}", PRESETS.map(|p| format!("\"{p}\"")).join(", "));
            self.to.error(preset.at.clone(), format!("there is no preset `{}`", preset.value), fix);
        }
        found
    }

    /// The system of the wanted kind that the bridge names.
    fn system(&mut self, raw: &RawBridge, named: Option<&At<String>>, kind: &'static str) -> Option<SystemName> {
        let Some(named) = named else {
            let message = format!("the bridge does not say which system is its `{kind}`");
            self.to.error(raw.at.clone(), message, format!("add `{kind} = \"NAME\"` with a name from [systems]"));
            return None;
        };
        if let Some(system) = self.systems.iter().find(|s| s.name.as_str() == named.value) {
            if system.kind.as_str() == kind {
                return Some(system.name.clone());
            }
            let message = format!("`{}` is of kind {}, and {kind} is needed here", named.value, system.kind.as_str());
            self.to.error(named.at.clone(), message, "name another system");
            return None;
        }
        // A system that is there but wrong has been reported already.
        if !self.written.iter().any(|s| s.name.value == named.value) {
            let names: Vec<&str> = self.written.iter().map(|s| s.name.value.as_str()).collect();
            let fix = match nearest(&named.value, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add [systems.{}], or name one of: {}", named.value, names.join(", ")),
            };
            self.to.error(named.at.clone(), format!("there is no system `{}`", named.value), fix);
        }
        None
    }

    fn direction(&mut self, raw: &RawDirection, usual: Direction) -> Direction {
        let all: &[&str] = &["status", "note", "both", "ignore"];
        Direction {
            created: self.cell("created", raw.created.as_ref(), &["status", "ignore"], usual.created),
            acknowledged: self.cell("acknowledged", raw.acknowledged.as_ref(), all, usual.acknowledged),
            unacknowledged: self.cell("unacknowledged", raw.unacknowledged.as_ref(), all, usual.unacknowledged),
            noted: self.cell("noted", raw.noted.as_ref(), &["note", "ignore"], usual.noted),
            resolved: self.cell("resolved", raw.resolved.as_ref(), all, usual.resolved),
            reopened: self.cell("reopened", raw.reopened.as_ref(), all, usual.reopened),
            updated: usual.updated,
        }
    }

    fn cell(&mut self, key: &str, written: Option<&At<String>>, allowed: &[&str], usual: Cell) -> Cell {
        let Some(written) = written else { return usual };
        if !allowed.contains(&written.value.as_str()) {
            let fix = format!("write {}", allowed.iter().map(|a| format!("\"{a}\"")).collect::<Vec<_>>().join(" or "));
            self.to.error(written.at.clone(), format!("`{key}` cannot be \"{}\"", written.value), fix);
            return usual;
        }
        match written.value.as_str() {
            "status" => Cell::STATUS,
            "note" => Cell::NOTE,
            "both" => Cell::BOTH,
            _ => Cell::IGNORE,
        }
    }
}
