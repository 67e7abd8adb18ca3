//! Bridges: presets, and the cells that the user changed.

use super::System;
use super::findings::Findings;
use super::netbox::{self, Tie};
use super::posts;
use super::raw::{RawBridge, RawDirection, RawSystem};
use super::section::{At, nearest};
use pagebridge_core::{Bridge, BridgeName, Cell, Direction, SystemName};

const PRESETS: [&str; 4] = ["opsgenie-proxy", "rt-extension", "netbox", "chat"];

/// Resolves all bridges; what is wrong goes to the findings. Without any, something else has to make it of use.
pub(super) fn bridges(
    raw: &[RawBridge],
    written: &[RawSystem],
    systems: &mut [System],
    is_of_use: bool,
    to: &mut Findings,
) -> Vec<Bridge> {
    let carries = |s: &System| matches!(s.kind, super::Kind::Events(_));
    if raw.is_empty() && !is_of_use && !systems.iter().any(carries) {
        let fix = "add `[[bridges]]` with `preset = \"opsgenie-proxy\"`; without one nothing is carried anywhere";
        to.error(None, "no bridges are configured", fix);
    }
    let mut names: Vec<BridgeName> = Vec::new();
    let (mut bridges, mut postings) = (Vec::new(), Vec::new());
    for raw in raw {
        if raw.preset.as_ref().is_some_and(|preset| preset.value == "chat") {
            let mut reader = Reader { written, systems, to };
            let (name, pagerduty) =
                (reader.name(raw), reader.system(raw, raw.pagerduty.as_ref(), "pagerduty", "pagerduty"));
            postings.extend(posts::posting(raw, name.flatten(), pagerduty, systems, written, to));
            continue;
        }
        if raw.preset.as_ref().is_some_and(|preset| preset.value == "netbox") {
            let Some((netbox, tie)) = (Reader { written, systems, to }).netbox(raw) else { continue };
            if names.contains(&tie.name) {
                let at = raw.name.as_ref().map_or(raw.at.clone(), |n| n.at.clone());
                to.error(at, format!("two bridges are named `{}`", tie.name), "give each a `name` of its own");
            }
            names.push(tie.name.clone());
            tie_up(systems, &netbox, tie, raw, to);
            continue;
        }
        let Some(bridge) = (Reader { written, systems, to }).bridge(raw) else { continue };
        if names.contains(&bridge.name) {
            let at = raw.name.as_ref().map_or(raw.at.clone(), |n| n.at.clone());
            to.error(at, format!("two bridges are named `{}`", bridge.name), "give each a `name` of its own");
        }
        names.push(bridge.name.clone());
        bridges.push(bridge);
    }
    check_ties(written, systems, to);
    for bridge in netbox::all_bridges(systems) {
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
    posts::spread(bridges, &postings, systems, written, to)
}

/// Ties a NetBox to PagerDuty, once.
fn tie_up(systems: &mut [System], netbox: &SystemName, tie: Tie, raw: &RawBridge, to: &mut Findings) {
    let found = systems.iter_mut().find(|s| s.name == *netbox);
    let Some(super::Kind::NetBox(own)) = found.map(|s| &mut s.kind) else { return };
    if own.tie.is_some() {
        let fix = "leave one of them; services and applications with routing keys of their own are named in the system";
        to.error(raw.at.clone(), format!("two bridges carry `{netbox}`"), fix);
    }
    own.tie = Some(tie);
}

/// A NetBox that nothing carries is a mistake; what callers send comes from a system of a name of its own.
fn check_ties(written: &[RawSystem], systems: &[System], to: &mut Findings) {
    for system in systems {
        let super::Kind::NetBox(own) = &system.kind else { continue };
        let at = |name: &SystemName| written.iter().find(|s| s.name.value == name.as_str()).map(|s| s.name.at.clone());
        if own.tie.is_none() {
            let fix = format!("add `[[bridges]]` with `preset = \"netbox\"` and `netbox = \"{}\"`", system.name);
            to.error(at(&system.name), format!("no bridge carries `{}`", system.name), fix);
        }
        let custom = Tie::custom(&system.name);
        if systems.iter().any(|other| other.name == custom) {
            let message = format!("`{custom}` is where alerts of callers of `{}` come from", system.name);
            to.error(at(&custom), message, "choose another name");
        }
    }
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
        let is_rt = preset == Some("rt-extension");
        let first = match is_rt {
            true => self.system(raw, raw.rt.as_ref(), "rt", "rt"),
            false => self.system(raw, raw.opsgenie.as_ref(), "opsgenie", "opsgenie"),
        };
        let pagerduty = self.system(raw, raw.pagerduty.as_ref(), "pagerduty", "pagerduty");
        let name = self.name(raw).unwrap_or_else(|| preset.map(BridgeName::new));
        let usual = if is_rt { Bridge::rt_extension("r", "p") } else { Bridge::opsgenie_proxy("o", "p") };
        let rule = |index: usize| usual.rules.get(index).map_or(Direction::default(), |r| r.direction);
        let (all, updates) = (["status", "note", "both", "ignore"], ["ignore", "status"]);
        let updates = if is_rt { updates.as_slice() } else { &updates[..1] };
        let there = self.direction(&raw.there, rule(0), &all, updates);
        let back = self.direction(&raw.back, rule(1), &all, updates);
        preset?;
        let (first, pagerduty) = (first?, pagerduty?);
        self.check_services(raw, &first, &pagerduty, (&there, &back));
        let label = |name: &SystemName| {
            self.systems.iter().find(|s| s.name == *name).map_or(name.to_string(), |s| s.label.clone())
        };
        let (a, b) = ((first.as_str(), label(&first)), (pagerduty.as_str(), label(&pagerduty)));
        let bridge = Bridge::pair(name?.as_str(), (a.0, &a.1), (b.0, &b.1), there, back);
        Some(Bridge { marks: is_rt.then(|| first.clone()).into_iter().collect(), ..bridge })
    }

    /// Whatever pages must have a service, and incidents become tickets only where a service says in which queue.
    fn check_services(
        &mut self,
        raw: &RawBridge,
        first: &SystemName,
        pagerduty: &SystemName,
        (there, back): (&Direction, &Direction),
    ) {
        let of = |name: &SystemName| self.systems.iter().find(|s| s.name == *name).map(|s| &s.kind);
        let Some(super::Kind::PagerDuty(own)) = of(pagerduty) else { return };
        let at = raw.pagerduty.as_ref().map_or(raw.at.clone(), |named| named.at.clone());
        let without = match of(first) {
            Some(super::Kind::Rt(rt)) => {
                if back.created.status && rt.services.is_empty() {
                    let fix = format!(
                        "add `[systems.{first}.services.\"*\"]` with `create_queue = \"QUEUE\"`, or `created = \"ignore\"` under \
                         [bridges.rules.pagerduty-to-rt]"
                    );
                    let message =
                        format!("`{first}` maps no `services`, so no incident of {pagerduty} becomes a ticket");
                    self.to.warn(raw.at.clone(), message, fix);
                }
                rt.queues
                    .iter()
                    .find(|(_, queue)| queue.service.is_none())
                    .map(|(name, _)| format!("the queue `{name}`"))
            }
            _ => Some("what this bridge makes".to_owned()),
        };
        if let Some(what) = without.filter(|_| own.service_id.is_none() && there.created.status) {
            let message = format!("{what} has no PagerDuty service");
            let fix = format!("add `service_id` to [systems.{pagerduty}], or `service` to each queue");
            self.to.error(at, message, fix);
        }
    }

    fn netbox(&mut self, raw: &RawBridge) -> Option<(SystemName, Tie)> {
        let netbox = self.system(raw, raw.netbox.as_ref(), "netbox", "netbox");
        let alerts = self.system(raw, raw.events.as_ref(), "events", "pagerduty-events");
        let account = || {
            let alerts = self.systems.iter().find(|s| Some(&s.name) == alerts.as_ref())?;
            let super::Kind::Alerts(own) = &alerts.kind else { return None };
            own.account.clone()
        };
        let confirm = match &raw.confirm {
            Some(named) => self.system(raw, Some(named), "confirm", "pagerduty"),
            None => account(),
        };
        let name = self.name(raw).unwrap_or_else(|| Some(BridgeName::new("netbox")));
        let there = self.direction(&raw.there, Tie::usual(), &["status", "ignore"], &["ignore"]);
        let back = self.direction(&raw.back, Direction::default(), &["status", "note", "both", "ignore"], &["ignore"]);
        for (written, what) in
            [(&raw.there.noted, "an alert takes no notes"), (&raw.back.created, "no Event is made there")]
        {
            if let Some(written) = written.as_ref().filter(|written| written.value != "ignore") {
                self.to.error(
                    written.at.clone(),
                    format!("this cannot be \"{}\": {what}", written.value),
                    "write \"ignore\"",
                );
            }
        }
        if confirm.is_none() && raw.confirm.is_none() {
            if back != Direction::default() {
                let fix = "add `confirm = \"NAME\"` with the system of kind pagerduty, whose people are to be followed";
                self.to.error(raw.at.clone(), "what is to come back from PagerDuty cannot be known", fix);
            } else {
                let fix = "add `confirm = \"NAME\"` with the system of kind pagerduty for its service; without it, that PagerDuty \
                           took the event has to do";
                self.to.warn(raw.at.clone(), "nobody is asked whether a page exists", fix);
            }
        }
        Some((netbox?, Tie { name: name?, alerts: alerts?, confirm, there, back }))
    }

    /// The name that is written; `Some(None)` when it cannot be one.
    fn name(&mut self, raw: &RawBridge) -> Option<Option<BridgeName>> {
        let name = raw.name.as_ref()?;
        Some(match BridgeName::parse(&name.value) {
            Ok(parsed) => Some(parsed),
            Err(why) => {
                self.to.error(name.at.clone(), format!("`{}` cannot be a name: {why}", name.value), "");
                None
            }
        })
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
    fn system(
        &mut self,
        raw: &RawBridge,
        named: Option<&At<String>>,
        key: &'static str,
        kind: &'static str,
    ) -> Option<SystemName> {
        let Some(named) = named else {
            let message = format!("the bridge does not say which system is its `{key}`");
            self.to.error(raw.at.clone(), message, format!("add `{key} = \"NAME\"` with a name from [systems]"));
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

    fn direction(&mut self, raw: &RawDirection, usual: Direction, all: &[&str], updates: &[&str]) -> Direction {
        Direction {
            created: self.cell("created", raw.created.as_ref(), &["status", "ignore"], usual.created),
            acknowledged: self.cell("acknowledged", raw.acknowledged.as_ref(), all, usual.acknowledged),
            unacknowledged: self.cell("unacknowledged", raw.unacknowledged.as_ref(), all, usual.unacknowledged),
            noted: self.cell("noted", raw.noted.as_ref(), &["note", "ignore"], usual.noted),
            resolved: self.cell("resolved", raw.resolved.as_ref(), all, usual.resolved),
            reopened: self.cell("reopened", raw.reopened.as_ref(), all, usual.reopened),
            updated: self.cell("updated", raw.updated.as_ref(), updates, usual.updated),
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
