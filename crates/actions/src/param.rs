//! One field of an action's input: what it may hold, and where it goes in the request.

/// A field of an action's input.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Name, e.g. `entity_id`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it has to be given.
    pub required: bool,
    /// What is taken if it is left out.
    pub preset: Option<Preset>,
    /// For people.
    pub description: &'static str,
    /// Whether it must not be shown, logged or kept.
    pub secret: bool,
    /// Whether several can be given as a list; each one gets its own request and its own outcome.
    pub several: bool,
    pub(crate) place: Place,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// An id.
    Id,
    /// An incident: its id, its number (`42` or `#42`), or its key (`key:` in front where it looks like an id).
    Incident,
    /// Several ids, or names.
    Texts,
    /// Several incidents.
    Incidents,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words.
    Choices(&'static [&'static str]),
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// Yes or no.
    Boolean,
    /// Any JSON object.
    Object,
    /// JSON that has this schema.
    Json(fn() -> serde_json::Value),
}

/// What is taken if a field is left out.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// Text.
    Text(&'static str),
    /// A number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// Words.
    Texts(&'static [&'static str]),
}

/// Where a field goes. Paths into the body have dots, and begin inside the wrapper.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Into the path of the request, where `{name}` stands.
    Path,
    /// Into the query, by this name; a list once for each member.
    Query(&'static str),
    /// Into the body.
    Body(&'static str),
    /// Into the body as a list of references of this type; a text is a list of one.
    References(&'static str, &'static str),
    /// Into the body as a list of objects around a reference of this type: the path, the name of the reference, its type.
    Wrapped(&'static str, &'static str, &'static str),
    /// Into the body as subscribers of this type.
    Subscribers(&'static str),
    /// It is the body.
    Whole,
    /// Nowhere by itself.
    Aside,
}

impl Param {
    const fn new(name: &'static str, kind: Kind, place: Place, description: &'static str) -> Self {
        Self { name, kind, required: false, preset: None, description, secret: false, several: false, place }
    }

    /// What the action is about: one id, or several.
    pub(crate) const fn entity(description: &'static str) -> Self {
        Self { several: true, required: true, ..Self::new("entity_id", Kind::Id, Place::Path, description) }
    }

    /// An id in the path besides what the action is about.
    pub(crate) const fn path(name: &'static str, description: &'static str) -> Self {
        Self { required: true, ..Self::new(name, Kind::Id, Place::Path, description) }
    }

    pub(crate) const fn query(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, Place::Query(name), description)
    }

    /// Several values, each sent as `wire` (`user_ids[]`).
    pub(crate) const fn list(name: &'static str, wire: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Texts, Place::Query(wire), description)
    }

    /// A field of the body by its own name.
    pub(crate) const fn body(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, Place::Body(name), description)
    }

    /// The object as PagerDuty takes it, without the wrapper.
    pub(crate) const fn raw(schema: fn() -> serde_json::Value, description: &'static str) -> Self {
        Self { required: true, ..Self::new("data", Kind::Json(schema), Place::Whole, description) }
    }

    /// Something that the action's own code looks at.
    pub(crate) const fn aside(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self::new(name, kind, Place::Aside, description)
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(crate) const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    pub(crate) const fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(crate) const fn or(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }
}
