//! What can be asked for in a chat, and how it is written.

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) what: What,
    /// In whose name, if somebody else's was given: an e-mail address.
    pub(crate) from: Option<String>,
}

/// What is to be done. Incidents are named by id, number (`42`, `#42`) or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Create {
        description: String,
    },
    /// In the words of the old alias when `is_alias`.
    Incidents {
        statuses: Vec<&'static str>,
        is_alias: bool,
    },
    Show {
        incident: String,
    },
    Acknowledge {
        incidents: Vec<String>,
    },
    Resolve {
        incidents: Vec<String>,
    },
    Note {
        incident: String,
        text: String,
    },
    Snooze {
        incidents: Vec<String>,
        seconds: i64,
    },
    Reassign {
        incidents: Vec<String>,
        to: Vec<String>,
    },
    Escalate {
        incident: String,
        level: Option<i64>,
    },
    Merge {
        sources: Vec<String>,
        target: String,
    },
    OnCall {
        about: Option<String>,
    },
    Override {
        schedule: String,
        user: String,
        from_ms: i64,
        until_ms: i64,
    },
    Help {
        about: Option<&'static Verb>,
    },
}

/// One way to begin a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verb {
    /// Its names, the usual one first.
    pub(crate) names: &'static [&'static str],
    /// How it is written.
    pub(crate) usage: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
}

macro_rules! verbs {
    ($($name:ident: [$($word:literal),+], $usage:literal, $about:literal;)+) => {
        $(pub(crate) const $name: Verb = Verb { names: &[$($word),+], usage: $usage, about: $about };)+
        /// All of them, in the order of the help.
        pub(crate) const VERBS: &[&Verb] = &[$(&$name),+];
    };
}

verbs! {
    INCIDENTS: ["incidents", "get open incidents", "open incidents", "list incidents"], "incidents [triggered|acknowledged|resolved]",
        "list incidents; without a status those that are open";
    SHOW: ["show", "incident"], "show INCIDENT", "tell how an incident stands, with its last notes";
    ACK: ["ack", "acknowledge"], "ack INCIDENT..", "acknowledge incidents";
    RESOLVE: ["resolve"], "resolve INCIDENT..", "resolve incidents";
    NOTE: ["note"], "note INCIDENT TEXT", "write a note";
    SNOOZE: ["snooze"], "snooze INCIDENT.. [TIME]", "snooze incidents, e.g. `snooze 42 2h`; without a time for 15 minutes";
    REASSIGN: ["reassign", "assign"], "reassign INCIDENT.. to PERSON..", "give incidents to people: an e-mail address, @name or a name";
    ESCALATE: ["escalate"], "escalate INCIDENT [to level N]", "escalate an incident; without a level to the next";
    MERGE: ["merge"], "merge INCIDENT.. into INCIDENT", "merge incidents into one";
    CREATE: ["create incident", "create"], "create incident DESCRIPTION", "trigger an incident";
    ONCALL: ["who is on call", "oncall", "on call", "on-call", "whois on call"], "who is on call [for NAME]",
        "list who is on call; for a schedule, an escalation policy or a service";
    OVERRIDE: ["override"], "override SCHEDULE by PERSON [from TIME] until TIME | for DURATION",
        "have somebody else take a part of a schedule, e.g. `override Primary by ann@example.com for 8h`; times are UTC";
    HELP: ["help"], "help [COMMAND]", "tell what can be asked for";
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    /// It begins with no word that is known; perhaps this one was meant.
    Unknown { word: String, near: Option<&'static Verb> },
    /// It begins well.
    Wrong { verb: &'static Verb, why: String },
}

/// The verb that somebody probably meant.
pub(crate) fn nearest(word: &str) -> Option<&'static Verb> {
    let word = word.to_lowercase();
    let first = |name: &'static str| name.split(' ').next().unwrap_or(name);
    let near = |verb: &&'static Verb| verb.names.iter().map(|name| strsim::levenshtein(&word, first(name))).min();
    let (steps, verb) = VERBS.iter().copied().filter_map(|verb| Some((near(&verb)?, verb))).min_by_key(|(d, _)| *d)?;
    (steps <= 1 + word.chars().count() / 3).then_some(verb)
}
