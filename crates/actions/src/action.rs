//! One operation as data.

use serde_json::Value;

use crate::param::Param;
use crate::schema;
use crate::special::Special;

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Name, e.g. `incident.acknowledge`.
    pub name: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// What else is good to know; may be empty.
    pub description: &'static str,
    /// What it changes.
    pub effect: Effect,
    /// In whose name.
    pub identity: Identity,
    /// Where it is offered.
    pub surfaces: &'static [Surface],
    /// Since when there is an action of this name.
    pub since: Since,
    /// The fields of its input, without those that come from elsewhere (`from_email`, `maximum`).
    pub params: &'static [Param],
    pub(crate) route: Route,
    pub(crate) special: Special,
}

/// What an action changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    ReadOnly,
    /// Something is made or changed.
    Writes,
    /// Something is lost that cannot be had back.
    Destructive,
}

/// In whose name an action is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// In nobody's.
    Unneeded,
    /// A user's name is sent if there is one, and not asked for by PagerDuty.
    Accepted,
    /// An account's key needs the e-mail address of a user; a user's own key does not.
    Needed,
}

/// Where an action is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// As a command.
    Cli,
    /// At `POST /api/v1/actions/{name}`.
    Http,
    /// In chats.
    Chat,
    /// In the exported StackStorm pack.
    StackStorm,
    /// As a tool for assistants.
    Mcp,
}

/// Since when there is an action of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It has the name and the input of an action of the StackStorm pack 2.0.0.
    Pack,
    /// Since this version of ours.
    Version(&'static str),
}

const PROGRAMS: &[Surface] = &[Surface::Cli, Surface::Http, Surface::StackStorm, Surface::Mcp];
const EVERYWHERE: &[Surface] = &[Surface::Cli, Surface::Http, Surface::Chat, Surface::StackStorm, Surface::Mcp];

/// The main request of an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: Verb,
    /// With `{name}` for what comes from the input.
    pub(crate) path: &'static str,
    /// Name of the object in the body.
    pub(crate) wrapper: Option<&'static str>,
    /// What the body has besides the input, by path; left out where the object around it is not there.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    pub(crate) answer: Answer,
    /// Whether a repeat does no harm, for those that are not `PUT` or `DELETE`.
    pub(crate) repeatable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What of the answer is the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The object of this name.
    Object(&'static str),
    /// The list of this name, which has no pages.
    All(&'static str),
    /// The list of this name, page after page up to `maximum`, which has this preset.
    List(&'static str, i64),
    /// All of it.
    Whole,
    /// `{"deleted": true}`.
    Deleted,
    /// `{"success": true}`.
    Success,
    /// A list that the action's own code makes.
    Made,
}

impl Route {
    const fn new(method: Verb, path: &'static str, answer: Answer) -> Self {
        Self { method, path, wrapper: None, fixed: &[], answer, repeatable: false }
    }

    pub(crate) const fn get(path: &'static str, answer: Answer) -> Self {
        Self::new(Verb::Get, path, answer)
    }

    pub(crate) const fn post(path: &'static str, answer: Answer) -> Self {
        Self::new(Verb::Post, path, answer)
    }

    pub(crate) const fn put(path: &'static str, answer: Answer) -> Self {
        Self::new(Verb::Put, path, answer)
    }

    pub(crate) const fn delete(path: &'static str) -> Self {
        Self::new(Verb::Delete, path, Answer::Deleted)
    }

    /// A body `{"<name>": {...}}`.
    pub(crate) const fn wrapped(mut self, name: &'static str) -> Self {
        self.wrapper = Some(name);
        self
    }

    pub(crate) const fn fixed(mut self, fixed: &'static [(&'static str, &'static str)]) -> Self {
        self.fixed = fixed;
        self
    }

    pub(crate) const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

impl Action {
    /// Makes a row; whether it only reads is seen from the method.
    pub(crate) const fn new(name: &'static str, title: &'static str, route: Route, params: &'static [Param]) -> Self {
        let effect = match route.method {
            Verb::Get => Effect::ReadOnly,
            Verb::Delete => Effect::Destructive,
            Verb::Post | Verb::Put => Effect::Writes,
        };
        Self {
            name,
            title,
            description: "",
            effect,
            identity: Identity::Unneeded,
            surfaces: PROGRAMS,
            since: Since::Version("0.1.0"),
            params,
            route,
            special: Special::None,
        }
    }

    pub(crate) const fn about(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub(crate) const fn pack(mut self) -> Self {
        self.since = Since::Pack;
        self
    }

    pub(crate) const fn chat(mut self) -> Self {
        self.surfaces = EVERYWHERE;
        self
    }

    pub(crate) const fn by(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    pub(crate) const fn destroys(mut self) -> Self {
        self.effect = Effect::Destructive;
        self
    }

    pub(crate) const fn special(mut self, special: Special) -> Self {
        self.special = special;
        self
    }

    /// Gives all fields of the input: those of the row, and those that come from elsewhere (`from_email`, `maximum`).
    pub fn fields(&self) -> Vec<Param> {
        schema::params(self)
    }

    /// Tells whether it goes to the Events API, which wants a routing key, and not to the REST API, which wants a token.
    pub fn sends_event(&self) -> bool {
        matches!(self.special, Special::Event(_))
    }

    /// Gives the JSON Schema of the input.
    pub fn input(&self) -> Value {
        schema::input(self)
    }

    /// Gives the JSON Schema of the result of one success; where several ids are given, of each.
    pub fn output(&self) -> Value {
        schema::output(self)
    }

    /// Tells whether a second run with the same input changes nothing more.
    pub fn is_repeatable(&self) -> bool {
        self.route.repeatable || self.route.method != Verb::Post
    }

    /// Gives the main request, e.g. `PUT /incidents/{entity_id}`.
    pub fn call(&self) -> String {
        format!("{} {}", self.route.method.as_str(), self.route.path)
    }
}
