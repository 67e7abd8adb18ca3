//! What the row of an action cannot say.

mod create;
mod events;
mod fill;
mod overrides;
mod parts;
pub(crate) mod status;

pub(crate) use self::events::EventKind;
pub(crate) use self::status::Status;

use crate::action::Action;
use crate::input::Args;
use crate::run::{Done, plain};
use crate::session::{Session, Stop};

/// What an action does besides, or instead of, sending its main request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// Nothing.
    None,
    /// Brings incidents to a status; that they have it already is as good.
    Status(Status),
    /// Brings the incidents that fit a filter to a status.
    StatusOfAll(Status),
    /// Makes an incident; that it is open already is as good.
    CreateIncident,
    /// Sends to the Events API.
    Event(EventKind),
    /// Makes overrides, of which each may be refused.
    Overrides,
    /// Reads an escalation policy, and each service on it.
    ServicesOfPolicy,
    /// Reads a service, and each of its integrations.
    IntegrationsOfService,
    /// Fills in who asks for help.
    Requester,
    /// Fills in the type of a contact method.
    ContactMethodType,
    /// Fills in the last 30 days.
    LastDays,
}

pub(crate) async fn carry_out(session: &Session<'_>, action: &Action, mut args: Args) -> Result<Done, Stop> {
    match action.special {
        Special::None => {}
        Special::Status(status) => return status::one(session, action, status, &args).await,
        Special::StatusOfAll(status) => return status::all(session, action, status, &args).await,
        Special::CreateIncident => return create::incident(session, action, &args).await,
        Special::Event(kind) => return events::send(session, kind, &args).await,
        Special::Overrides => return overrides::create(session, action, &args).await,
        Special::ServicesOfPolicy => return parts::services(session, action, &args).await,
        Special::IntegrationsOfService => return parts::integrations(session, action, &args).await,
        Special::Requester => fill::requester(session, &mut args).await?,
        Special::ContactMethodType => fill::contact_method_type(session, &mut args).await?,
        Special::LastDays => fill::last_days(session, &mut args)?,
    }
    plain(session, action, &args).await
}
