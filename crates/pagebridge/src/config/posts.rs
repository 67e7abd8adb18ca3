//! Channels in chats, where incidents are shown.

use super::findings::Findings;
use super::raw::{RawBridge, RawSystem};
use super::resolve::Resolver;
use super::section::{At, Section};
use super::text::Text;
use super::{Kind, Mattermost, Slack, System, Teams};
use pagebridge_connectors::mattermost::Buttons;
use pagebridge_core::{Bridge, BridgeName, Role, SystemName};

/// The name of the bridge of the preset, unless it is given another.
const NAME: &str = "chat";

/// `kind = "slack"`, `"mattermost"` or `"teams"` as it is written.
#[derive(Debug)]
pub(crate) enum RawChat {
    Slack {
        bot_token: Option<At<Text>>,
        channel: Option<At<Text>>,
    },
    Mattermost {
        bot_token: Option<At<Text>>,
        channel_id: Option<At<Text>>,
        button_secret: Option<At<Text>>,
        public_url: Option<At<Text>>,
    },
    Teams {
        workflow_url: Option<At<Text>>,
    },
}

impl RawChat {
    /// The words for the kinds.
    pub(super) const KINDS: [&'static str; 3] = ["slack", "mattermost", "teams"];

    pub(super) fn read(kind: &str, section: &mut Section<'_>) -> Self {
        match kind {
            "slack" => Self::Slack { bot_token: section.secret("bot_token"), channel: section.text("channel") },
            "mattermost" => Self::Mattermost {
                bot_token: section.secret("bot_token"),
                channel_id: section.text("channel_id"),
                button_secret: section.secret("button_secret"),
                public_url: section.text("public_url"),
            },
            _ => Self::Teams { workflow_url: section.secret("workflow_url") },
        }
    }

    /// The usual label and address.
    pub(super) fn usual(&self) -> (&'static str, &'static str) {
        match self {
            Self::Slack { .. } => ("Slack", pagebridge_connectors::slack::API_URL),
            Self::Mattermost { .. } => ("Mattermost", ""),
            Self::Teams { .. } => ("Teams", ""),
        }
    }
}

impl Resolver<'_> {
    pub(super) fn chat(&mut self, raw: &RawSystem, own: &RawChat) -> Option<Kind> {
        let section = (format!("systems.{}", raw.name.value), raw.at.clone());
        match own {
            RawChat::Slack { bot_token, channel } => {
                let token = self.needed_secret(bot_token.as_ref(), "bot_token", &section);
                let channel = self.needed(channel.as_ref(), "channel", &section);
                Some(Kind::Slack(Slack { bot_token: token?, channel: channel? }))
            }
            RawChat::Mattermost { bot_token, channel_id, button_secret, public_url } => {
                let token = self.needed_secret(bot_token.as_ref(), "bot_token", &section);
                let channel = self.needed(channel_id.as_ref(), "channel_id", &section);
                let address = match &raw.api_url {
                    Some(_) => Some(()),
                    None => self.needed(None, "api_url", &section).map(drop),
                };
                let buttons = match (button_secret, public_url) {
                    (None, None) => Some(None),
                    _ => {
                        let secret = self.needed_secret(button_secret.as_ref(), "button_secret", &section);
                        let url = match public_url {
                            Some(_) => {
                                self.url_of(public_url.as_ref(), "this is not the address of this bridge").ok()?
                            }
                            None => self.needed(None, "public_url", &section),
                        };
                        secret.zip(url).map(|(secret, public_url)| Some(Buttons { secret, public_url }))
                    }
                };
                address?;
                Some(Kind::Mattermost(Mattermost { bot_token: token?, channel_id: channel?, buttons: buttons? }))
            }
            RawChat::Teams { workflow_url } => {
                let url = self.needed_secret(workflow_url.as_ref(), "workflow_url", &section);
                Some(Kind::Teams(Teams { workflow_url: url? }))
            }
        }
    }
}

/// A bridge of the preset `chat`.
pub(super) struct Posting {
    name: BridgeName,
    pagerduty: SystemName,
    channels: Vec<SystemName>,
}

/// Resolves a bridge of the preset; its name and its PagerDuty have been looked up already.
pub(super) fn posting(
    raw: &RawBridge,
    name: Option<BridgeName>,
    pagerduty: Option<SystemName>,
    systems: &[System],
    written: &[RawSystem],
    to: &mut Findings,
) -> Option<Posting> {
    let Some(named) = raw.channels.as_ref().filter(|all| !all.is_empty()) else {
        let fix = "add `channels = [\"NAME\"]` with systems of kind slack, mattermost or teams";
        to.error(raw.at.clone(), "the bridge does not say in which `channels` incidents are shown", fix);
        return None;
    };
    let mut channels = Vec::new();
    for channel in named {
        let found = systems.iter().find(|system| system.name.as_str() == channel.value);
        match found {
            Some(system) if system.kind.is_chat() && channels.contains(&system.name) => {
                to.error(channel.at.clone(), format!("`{}` is named twice", channel.value), "leave one of them");
            }
            Some(system) if system.kind.is_chat() => channels.push(system.name.clone()),
            Some(system) => {
                let message = format!("`{}` is of kind {}, which is no chat", channel.value, system.kind.as_str());
                to.error(channel.at.clone(), message, "name a system of kind slack, mattermost or teams");
            }
            // A system that is there but wrong has been reported already.
            None if written.iter().any(|system| system.name.value == channel.value) => {}
            None => {
                let message = format!("there is no system `{}`", channel.value);
                to.error(channel.at.clone(), message, "name a system of kind slack, mattermost or teams");
            }
        }
    }
    let name = name.unwrap_or_else(|| BridgeName::new(NAME));
    Some(Posting { name, pagerduty: pagerduty?, channels }).filter(|posting| posting.channels.len() == named.len())
}

/// Has the incidents of all bridges shown that have them in the same PagerDuty, and those that no other bridge carries.
pub(super) fn spread(
    bridges: Vec<Bridge>,
    postings: &[Posting],
    systems: &[System],
    written: &[RawSystem],
    to: &mut Findings,
) -> Vec<Bridge> {
    let label = |name: &SystemName| {
        systems.iter().find(|s| s.name == *name).map_or_else(|| name.to_string(), |system| system.label.clone())
    };
    let mut bridges = bridges;
    for (place, posting) in postings.iter().enumerate() {
        if postings[..place].iter().any(|other| other.pagerduty == posting.pagerduty) {
            let message = format!("two bridges show the incidents of `{}` in chats", posting.pagerduty);
            to.error(None, message, "name all `channels` in one of them");
            continue;
        }
        let labels: Vec<(String, String)> =
            posting.channels.iter().map(|name| (name.to_string(), label(name))).collect();
        let chats: Vec<(&str, &str)> = labels.iter().map(|(name, label)| (name.as_str(), label.as_str())).collect();
        bridges = bridges
            .into_iter()
            .map(
                |bridge| {
                    if has(&bridge, &posting.pagerduty) { bridge.posting(&posting.pagerduty, &chats) } else { bridge }
                },
            )
            .collect();
        let pagerduty = label(&posting.pagerduty);
        bridges.push(Bridge::chat(posting.name.as_str(), (posting.pagerduty.as_str(), &pagerduty), &chats));
    }
    let idle = |system: &&System| system.kind.is_chat() && !postings.iter().any(|p| p.channels.contains(&system.name));
    for system in systems.iter().filter(idle) {
        let at = written.iter().find(|raw| raw.name.value == system.name.as_str()).map(|raw| raw.at.clone());
        let fix = format!("add `[[bridges]]` with `preset = \"chat\"` and `channels = [\"{}\"]`", system.name);
        to.error(at, format!("no bridge shows incidents in `{}`", system.name), fix);
    }
    bridges
}

/// Whether a bridge has its incidents in this PagerDuty.
fn has(bridge: &Bridge, pagerduty: &SystemName) -> bool {
    bridge.posted.is_none() && bridge.systems.iter().any(|(system, _)| system == pagerduty)
}

/// The bridge that shows what no other carries of this PagerDuty.
pub(crate) fn posts_of(bridges: &[Bridge], pagerduty: &SystemName) -> Option<BridgeName> {
    let shows_only = |bridge: &&Bridge| {
        let first = bridge.systems.first().is_some_and(|(system, _)| system == pagerduty);
        let is_post = |system: &SystemName| bridge.roles.contains(&(system.clone(), Role::Post));
        first && bridge.posted.is_some() && bridge.systems.iter().skip(1).all(|(system, _)| is_post(system))
    };
    bridges.iter().find(shows_only).map(|bridge| bridge.name.clone())
}
