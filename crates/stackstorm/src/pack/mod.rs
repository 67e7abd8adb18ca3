//! The files of a pack.

mod about;
mod action;
mod alias;
mod rule;

use pagebridge_actions::{Catalogue, Surface};

use crate::Files;

pub use action::field_name;

/// The pack of this name before us was 2.0.0; a change of the pack's form is a new version.
const VERSION: &str = "3.0.0";

/// What the pack is called in StackStorm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ref {
    /// `pagerduty`: it takes the place of the pack of this name, and what refers to that pack goes on.
    #[default]
    PagerDuty,
    /// `pagebridge`: beside it.
    Pagebridge,
}

impl Ref {
    /// Gives the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PagerDuty => "pagerduty",
            Self::Pagebridge => "pagebridge",
        }
    }
}

/// Makes all files of a pack.
pub fn pack(name: Ref) -> Files {
    let catalogue = Catalogue::new();
    let actions: Vec<_> = catalogue.actions().filter(|action| action.surfaces.contains(&Surface::StackStorm)).collect();
    let mut files = about::files(name, actions.len());
    for row in &actions {
        files.insert(format!("actions/{}.yaml", row.name), action::file(row).document());
    }
    for (title, file) in alias::files(name) {
        files.insert(format!("aliases/{title}.yaml"), file.document());
    }
    files.insert("rules/trigger_from_webhook.yaml".to_owned(), rule::file(name).document());
    files
}
