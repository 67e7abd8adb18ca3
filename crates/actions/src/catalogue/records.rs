//! What happened: log entries and notifications.

use super::{INCLUDE, IS_OVERVIEW, PAGE, SINCE, UNTIL, UTC};
use crate::action::{Action, Answer, Route};
use crate::param::{Kind, Param};
use crate::special::Special;

const FILTERS: &[&str] = &["sms_notification", "email_notification", "phone_notification", "push_notification"];

pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "log_entry.find",
        "List log entries",
        Route::get("/log_entries", Answer::List("log_entries", PAGE)),
        &[INCLUDE, UTC, IS_OVERVIEW, SINCE, UNTIL],
    )
    .pack(),
    Action::new(
        "log_entry.get",
        "Read a log entry",
        Route::get("/log_entries/{entity_id}", Answer::Object("log_entry")),
        &[Param::entity("Id of the log entry, or a list of ids"), INCLUDE, UTC],
    )
    .pack(),
    Action::new(
        "notification.find",
        "List notifications",
        Route::get("/notifications", Answer::List("notifications", PAGE)),
        &[INCLUDE, UTC, SINCE, UNTIL, Param::query("filter", "Of this kind only").of(Kind::Choice(FILTERS))],
    )
    .special(Special::LastDays)
    .about("Without times, those of the last 30 days.")
    .pack(),
];
