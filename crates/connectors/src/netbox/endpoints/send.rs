//! Has things sent: each is kept first, and then waited for.

use super::answer::{self, Failed, OfMany, Sent};
use super::ask::{Custom, Resolve, SendIncident};
use super::{Endpoints, Stop};
use crate::events::wire::{Kept, Said};
use crate::netbox::map;
use crate::netbox::routes;
use crate::netbox::wire::{Kind, Name, Object};
use futures_util::{StreamExt, TryStreamExt, stream};
use pagebridge_core::{
    Content, Event, EventAction, IncidentId, Input, Key, KeyKind, News, Outcome, Role, Status, SystemName, Urgency,
    What,
};
use pagebridge_ports::{Answer, Desk, Ending, StoreError, Ticket};
use serde_json::{Map, json};

/// Objects that are read from NetBox at the same time.
const READS_AT_ONCE: usize = 8;

/// The key of the alert that a test opens and ends.
const TEST_KEY: &str = "netbox-test-event";

const KEPT: &str = "It is kept and sent again until PagerDuty takes it; do not repeat the request.";

impl Endpoints {
    pub(super) async fn send_event(&self, id: i64, desk: &Desk) -> Result<Answer, Stop> {
        let object = self.object(Name { kind: Kind::Event, id }).await?;
        let sent = self.send(&object, self.action_of(&object), desk).await?;
        Ok(answer::sent(&format!("Event {id}"), "", &sent))
    }

    pub(super) async fn send_incident(&self, asked: SendIncident, desk: &Desk) -> Result<Answer, Stop> {
        let object = self.object(Name { kind: Kind::Incident, id: asked.id }).await?;
        let sent = self.send(&object, asked.action, desk).await?;
        Ok(answer::sent(&format!("Incident {}", asked.id), &answer::by_action(asked.action), &sent))
    }

    pub(super) async fn resolve_event(&self, asked: Resolve, desk: &Desk) -> Result<Answer, Stop> {
        let (sent, key) = match asked {
            Resolve::Event(id) => {
                let object = self.object(Name { kind: Kind::Event, id }).await?;
                (self.send(&object, EventAction::Resolve, desk).await?, map::alert_key(&object))
            }
            Resolve::Key(key) => (self.resolve_key(&key, desk).await?, key),
        };
        Ok(answer::resolved(&sent, &key))
    }

    pub(super) async fn send_events(&self, ids: Vec<i64>, desk: &Desk) -> Result<Vec<(i64, OfMany)>, StoreError> {
        let until = desk.clock.now().plus_ms(self.settings.timeout_ms);
        let begun = stream::iter(ids).map(async |id| Ok::<_, StoreError>((id, self.begin(id, desk).await?)));
        let begun: Vec<(i64, Begun)> = begun.buffered(READS_AT_ONCE).try_collect().await?;
        let mut ended = Vec::with_capacity(begun.len());
        for (id, begun) in begun {
            let within_ms = until.ms_since(desk.clock.now()).max(0);
            ended.push((
                id,
                match begun {
                    Begun::Not(one) => one,
                    Begun::Kept(ticket) => OfMany::Sent(self.ended(ticket, within_ms, desk).await?),
                },
            ));
        }
        Ok(ended)
    }

    async fn begin(&self, id: i64, desk: &Desk) -> Result<Begun, StoreError> {
        let object = match self.netbox.object(Name { kind: Kind::Event, id }).await {
            Ok(object) => object,
            Err(Outcome::Missing) => return Ok(Begun::Not(OfMany::NotFound)),
            Err(outcome) => return Ok(Begun::Not(OfMany::Unread(unread(&outcome)))),
        };
        let input = self.input(&object, self.action_of(&object)).await;
        let ticket = desk.accept(input, &one_of_a_kind()).await?;
        Ok(ticket.map_or_else(|| Begun::Not(OfMany::Sent(no_bridge())), Begun::Kept))
    }

    pub(super) async fn trigger_custom(&self, asked: Custom, desk: &Desk) -> Result<Sent, StoreError> {
        let key = asked.dedup_key.clone().unwrap_or_else(one_of_a_kind);
        let settings = &self.netbox.settings;
        let said = Said {
            summary: asked.summary,
            source: Some(asked.source.unwrap_or_else(|| settings.source.clone())),
            severity: Some(asked.severity.to_owned()),
            component: Some(asked.component.unwrap_or_else(|| settings.component.clone())),
            group: Some(asked.group.unwrap_or_else(|| settings.group.clone())),
            class: Some(asked.event_class),
            details: (!asked.custom_details.is_empty()).then_some(asked.custom_details),
            ..Said::default()
        };
        self.send_own(EventAction::Trigger, &key, said, desk).await
    }

    /// Triggers and resolves. The resolve is kept whatever becomes of the trigger, so that nothing stays open.
    pub(super) async fn test(&self, user: &str, desk: &Desk) -> Result<(Sent, Sent), StoreError> {
        let details = [
            ("test", json!(true)),
            ("triggered_by", json!(user)),
            ("message", json!("This is a test event from NetBox")),
        ];
        let settings = &self.netbox.settings;
        let said = Said {
            summary: "NetBox PagerDuty Integration Test".to_owned(),
            source: Some(settings.source.clone()),
            severity: Some("info".to_owned()),
            component: Some("netbox-integration-test".to_owned()),
            group: Some(settings.group.clone()),
            class: Some("test".to_owned()),
            details: Some(Map::from_iter(details.map(|(name, value)| (name.to_owned(), value)))),
            ..Said::default()
        };
        let trigger = self.send_own(EventAction::Trigger, TEST_KEY, said, desk).await?;
        let resolve = self.send_own(EventAction::Resolve, TEST_KEY, Said::default(), desk).await?;
        Ok((trigger, resolve))
    }

    /// An alert by its key alone: one of an object that is known here, or any other behind the routing key.
    async fn resolve_key(&self, key: &str, desk: &Desk) -> Result<Sent, StoreError> {
        for alerts in self.alerts() {
            let Some(incident) = desk.find(alerts, key).await? else { continue };
            let Some(known) = desk.store.incident(incident).await? else { continue };
            let Some(origin) = known.links.first().map(|link| link.system.clone()) else { continue };
            let news = News::Event(Event { action: EventAction::Resolve, content: known.content.unwrap_or_default() });
            let input = Input::about(origin, What::News(news));
            let ticket = desk.accept_for(incident, input, &one_of_a_kind()).await?;
            return self.ended_or_not(ticket, desk).await;
        }
        self.send_own(EventAction::Resolve, key, Said::default(), desk).await
    }

    /// The systems behind whose routing keys alerts of this NetBox are.
    pub(super) fn alerts(&self) -> Vec<&SystemName> {
        let routes = &self.netbox.settings.routes;
        let all = std::iter::once(&routes.default).chain(routes.services.values()).chain(routes.applications.values());
        let mut alerts: Vec<&SystemName> = Vec::new();
        for route in all {
            if !alerts.contains(&&route.alerts) {
                alerts.push(&route.alerts);
            }
        }
        alerts
    }

    async fn object(&self, name: Name) -> Result<Object, Stop> {
        self.netbox.object(name).await.map_err(|outcome| match outcome {
            Outcome::Missing => {
                let kind = if name.kind == Kind::Event { "Event" } else { "Incident" };
                Stop(answer::error(404, format!("{kind} {} not found", name.id)))
            }
            outcome => Stop(answer::error(502, unread(&outcome))),
        })
    }

    /// What an object's own status asks for, as the old module sent it.
    fn action_of(&self, object: &Object) -> EventAction {
        match map::status(object, &self.netbox.settings) {
            Status::Triggered => EventAction::Trigger,
            Status::Acknowledged => EventAction::Acknowledge,
            Status::Resolved => EventAction::Resolve,
        }
    }

    async fn input(&self, object: &Object, action: EventAction) -> Input {
        let (netbox, name) = (&self.netbox, object.name());
        if action != EventAction::Resolve {
            netbox.follow.order(name);
        }
        let graph = netbox.graph().await;
        let chosen = routes::choose(object, &netbox.settings.routes, &graph);
        let bridge = match name.kind {
            Kind::Event => &chosen.route.events,
            Kind::Incident => &chosen.route.incidents,
        };
        let content = map::content(object, &netbox.settings, &chosen);
        let news = News::Event(Event { action, content });
        Input {
            bridge: Some(bridge.clone()),
            create_key: Some(map::alert_key(object)),
            url: Some(netbox.page_of(name)),
            ..Input::news(netbox.settings.system.clone(), &name.to_string(), news)
        }
    }

    async fn send(&self, object: &Object, action: EventAction, desk: &Desk) -> Result<Sent, StoreError> {
        let input = self.input(object, action).await;
        let ticket = desk.accept(input, &one_of_a_kind()).await?;
        self.ended_or_not(ticket, desk).await
    }

    /// Sends what is none of NetBox's objects.
    async fn send_own(&self, action: EventAction, key: &str, said: Said, desk: &Desk) -> Result<Sent, StoreError> {
        let Some(custom) = &self.settings.custom else { return Ok(Sent::Not(answer::NOT_CONFIGURED.to_owned())) };
        let said = match action {
            EventAction::Trigger => Said { timestamp: time(desk.clock.now().0), ..said },
            EventAction::Acknowledge | EventAction::Resolve => said,
        };
        let content = Content {
            title: if said.summary.is_empty() { format!("alert {key}") } else { said.summary.clone() },
            urgency: match said.severity.as_deref() {
                Some("critical" | "error") => Urgency::High,
                _ => Urgency::Low,
            },
            priority: said.severity.clone(),
            event: serde_json::to_string(&Kept::V2(said)).ok(),
            ..Content::default()
        };
        let input = Input {
            keys: vec![Key { kind: KeyKind::Record, value: key.to_owned() }],
            bridge: Some(custom.bridge.clone()),
            create_key: Some(key.to_owned()),
            ..Input::about(custom.source.clone(), What::News(News::Event(Event { action, content })))
        };
        let ticket = desk.accept(input, &one_of_a_kind()).await?;
        self.ended_or_not(ticket, desk).await
    }

    async fn ended_or_not(&self, ticket: Option<Ticket>, desk: &Desk) -> Result<Sent, StoreError> {
        match ticket {
            Some(ticket) => self.ended(ticket, self.settings.timeout_ms, desk).await,
            None => Ok(no_bridge()),
        }
    }

    /// Waits for the end of the delivery to the alert that an input is about.
    async fn ended(&self, ticket: Ticket, within_ms: i64, desk: &Desk) -> Result<Sent, StoreError> {
        let not = |why: String| Ok(Sent::Not(why));
        let Some((alerts, key)) = alert_of(ticket.incident, desk).await? else {
            return not("it has no alert at PagerDuty".to_owned());
        };
        let failed = |reason: &str, kept: &str| Ok(Sent::Failed(Failed::of(reason, kept)));
        match desk.ending(ticket, &alerts, within_ms).await? {
            Ending::Delivered => Ok(Sent::Done(key)),
            Ending::Nothing => not(format!("there is nothing to send for incident {} of Pagebridge", ticket.incident)),
            Ending::PutOff { reason } => failed(&reason, KEPT),
            Ending::Refused(park) => failed(
                &park.reason,
                &format!("It waits for a person: {}. `pagebridge dead-letters` shows it.", park.remedy),
            ),
            Ending::Waiting => {
                // Of many that wait, the first tells why.
                let last = if within_ms > 0 { self.last_error(desk).await? } else { None };
                let last = last.map(|(_, text)| format!("; the last error was: {text}"));
                failed(&format!("no answer within {} s{}", within_ms / 1_000, last.unwrap_or_default()), KEPT)
            }
        }
    }
}

/// One Event of several, handed in or not.
enum Begun {
    Kept(Ticket),
    Not(OfMany),
}

/// The alert of an incident: behind which routing key, and under which key.
async fn alert_of(incident: IncidentId, desk: &Desk) -> Result<Option<(SystemName, String)>, StoreError> {
    let incident = desk.store.incident(incident).await?;
    let links = incident.into_iter().flat_map(|incident| incident.links);
    let mut alerts = links.filter(|link| link.role == Role::Events);
    Ok(alerts.next().map(|link| (link.system, link.create_key)))
}

fn no_bridge() -> Sent {
    Sent::Not("no bridge of Pagebridge carries it; look at the bridges in its configuration".to_owned())
}

fn unread(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotApplied { reason, .. } | Outcome::Unknown { reason } | Outcome::Rejected { reason, .. } => {
            format!("nothing was sent: {reason}")
        }
        _ => "nothing was sent: NetBox cannot be read".to_owned(),
    }
}

/// A key that nobody has had before: 32 letters and digits.
#[expect(clippy::disallowed_methods, reason = "what is sent by hand is another thing each time")]
fn one_of_a_kind() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// A time in milliseconds as events tell it.
pub(super) fn time(unix_ms: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(unix_ms).ok().map(|at| at.to_string())
}
