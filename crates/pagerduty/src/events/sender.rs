//! One place for what all events of a program have in common.

use super::{Enqueued, Event, EventError, Severity, enqueue};
use crate::error::Error;
use crate::secret::Secret;
use crate::walk::Caller;

/// Sends events that share a routing key, a source, and what else is set here; one call per verb.
///
/// ```no_run
/// use pagerduty::Client;
/// use pagerduty::events::{Sender, Severity};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sender = Sender::new(Client::builder().build()?, "0123456789abcdef0123456789abcdef", "netbox");
/// sender.trigger("disk full", Severity::Critical, "db-1/disk").await?;
/// sender.acknowledge("db-1/disk").await?;
/// sender.resolve("db-1/disk").await?;
/// // Another service, and everything that an event can say.
/// let network = sender.to("fedcba9876543210fedcba9876543210");
/// network.send(&network.event("link down", Severity::Error).with_dedup_key("core-1/eth0")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sender<C> {
    caller: C,
    routing_key: Secret,
    source: String,
    component: Option<String>,
    group: Option<String>,
    client: Option<(String, Option<String>)>,
}

impl<C: Caller> Sender<C> {
    /// Takes who carries calls out ([`Client`](crate::Client), or [`Retrying`](crate::Retrying) to have them repeated), the routing
    /// key, and the source of all events.
    pub fn new(caller: C, routing_key: impl Into<Secret>, source: impl Into<String>) -> Self {
        let (routing_key, source) = (routing_key.into(), source.into());
        Self { caller, routing_key, source, component: None, group: None, client: None }
    }

    /// Sets the component of events that name none of their own.
    #[must_use]
    pub fn with_component(mut self, component: impl Into<String>) -> Self {
        self.component = Some(component.into());
        self
    }

    /// Sets the group of events that name none of their own.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Names the sending program, and where to see its problems.
    #[must_use]
    pub fn with_client(mut self, name: impl Into<String>, url: Option<String>) -> Self {
        self.client = Some((name.into(), url));
        self
    }

    /// The same to another routing key. An alert must be acknowledged and resolved with the key that it was triggered with.
    #[must_use]
    pub fn to(&self, routing_key: impl Into<Secret>) -> Self {
        Self { routing_key: routing_key.into(), ..self.clone() }
    }

    /// A trigger with what all events have in common, to be filled further and given to [`send`](Self::send).
    pub fn event(&self, summary: impl Into<String>, severity: Severity) -> Event {
        let mut event = Event::trigger(self.routing_key.clone(), summary, self.source.as_str(), severity);
        if let Some(component) = &self.component {
            event = event.with_component(component.as_str());
        }
        if let Some(group) = &self.group {
            event = event.with_group(group.as_str());
        }
        if let Some((name, url)) = &self.client {
            event = event.with_client(name.as_str(), url.clone());
        }
        event
    }

    /// Triggers an alert, or adds to the open one with this key.
    ///
    /// # Errors
    /// [`SendError`] if it cannot be sent, or was not taken.
    pub async fn trigger(
        &self,
        summary: impl Into<String> + Send,
        severity: Severity,
        dedup_key: impl Into<String> + Send,
    ) -> Result<Enqueued, SendError> {
        self.send(&self.event(summary, severity).with_dedup_key(dedup_key)).await
    }

    /// Acknowledges the open alert with this key.
    ///
    /// # Errors
    /// [`SendError`] if it cannot be sent, or was not taken.
    pub async fn acknowledge(&self, dedup_key: impl Into<String> + Send) -> Result<Enqueued, SendError> {
        self.send(&Event::acknowledge(self.routing_key.clone(), dedup_key)).await
    }

    /// Resolves the open alert with this key.
    ///
    /// # Errors
    /// [`SendError`] if it cannot be sent, or was not taken.
    pub async fn resolve(&self, dedup_key: impl Into<String> + Send) -> Result<Enqueued, SendError> {
        self.send(&Event::resolve(self.routing_key.clone(), dedup_key)).await
    }

    /// Sends any event.
    ///
    /// # Errors
    /// [`SendError`] if it cannot be sent, or was not taken.
    pub async fn send(&self, event: &Event) -> Result<Enqueued, SendError> {
        Ok(self.caller.call(&enqueue(event)?).await?.value)
    }
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It cannot be sent as it is; nothing was sent.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The call failed; [`Error::class`] says what that means.
    #[error(transparent)]
    Call(#[from] Error),
}
