//! Users, what reaches them, and teams.

use serde::{Deserialize, Serialize};

use super::{TeamIx, Urgency, UserIx};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// One of PagerDuty's account roles, such as `user` or `observer`.
    pub(crate) role: String,
    /// An IANA name.
    pub(crate) time_zone: String,
    pub(crate) color: String,
    pub(crate) job_title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) contact_methods: Vec<ContactMethod>,
    pub(crate) notification_rules: Vec<NotificationRule>,
}

impl User {
    /// Makes a user with PagerDuty's defaults and nothing that reaches them.
    pub(crate) fn new(id: String, name: &str, email: String) -> User {
        User {
            id,
            name: name.to_owned(),
            email,
            role: "user".to_owned(),
            time_zone: "Etc/UTC".to_owned(),
            color: "purple".to_owned(),
            job_title: None,
            description: None,
            contact_methods: Vec::new(),
            notification_rules: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContactKind {
    Email,
    Phone,
    Sms,
    Push,
    WhatsApp,
}

impl ContactKind {
    const ALL: [ContactKind; 5] =
        [ContactKind::Email, ContactKind::Phone, ContactKind::Sms, ContactKind::Push, ContactKind::WhatsApp];

    /// Returns the object's type.
    pub(crate) fn text(self) -> &'static str {
        match self {
            ContactKind::Email => "email_contact_method",
            ContactKind::Phone => "phone_contact_method",
            ContactKind::Sms => "sms_contact_method",
            ContactKind::Push => "push_notification_contact_method",
            ContactKind::WhatsApp => "whatsapp_contact_method",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<ContactKind> {
        let text = text.strip_suffix("_reference").unwrap_or(text);
        ContactKind::ALL.into_iter().find(|kind| kind.text() == text)
    }
}

/// One way to reach a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContactMethod {
    pub(crate) id: String,
    pub(crate) kind: ContactKind,
    pub(crate) label: String,
    pub(crate) address: String,
    /// For phones only.
    pub(crate) country_code: u16,
    /// For e-mail only.
    pub(crate) short_email: bool,
    /// For phones only: false until the number was verified.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// For phones and push notifications: nothing is sent to it any more.
    #[serde(default)]
    pub(crate) blacklisted: bool,
}

fn yes() -> bool {
    true
}

/// When a user is reached by what, once an incident is assigned to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NotificationRule {
    pub(crate) id: String,
    pub(crate) delay_minutes: u32,
    /// The id of one of the user's contact methods.
    pub(crate) contact_method: String,
    pub(crate) urgency: Urgency,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) parent: Option<TeamIx>,
    /// `manager` or `none`: what a member is without a role of their own.
    pub(crate) default_role: String,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) user: UserIx,
    pub(crate) role: TeamRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TeamRole {
    Observer,
    Responder,
    Manager,
}

impl TeamRole {
    pub(crate) fn text(self) -> &'static str {
        match self {
            TeamRole::Observer => "observer",
            TeamRole::Responder => "responder",
            TeamRole::Manager => "manager",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<TeamRole> {
        [TeamRole::Observer, TeamRole::Responder, TeamRole::Manager].into_iter().find(|role| role.text() == text)
    }
}
