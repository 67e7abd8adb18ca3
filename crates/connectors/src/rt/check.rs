//! Looks whether everything that is needed is set up at RT. Nothing is written: which rights there are is read from the
//! links that RT offers with a queue and with a ticket.

use super::client::Failure;
use super::lists::{From, Lists};
use super::settings::{ANY, Queue};
use super::wire::{About, QueueInfo, Ticket, date, quoted};
use super::{NotesAs, Rt};
use crate::outcome::Doing;
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};
use std::collections::BTreeSet;

/// How far RT's clock may be ahead of ours, in milliseconds.
const CLOCKS_APART_MS_MAX: i64 = 120_000;

/// The first version that has this API.
const VERSION_MIN: u32 = 5;

impl Rt {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let mut checks = vec![self.check_connection().await];
        if checks[0].result == CheckResult::Failed {
            return checks;
        }
        checks.push(self.check_user().await);
        let lists = self.lists();
        for name in self.queues_to_check(&lists).await {
            self.check_queue(&lists, &name, &mut checks).await;
        }
        checks.push(self.check_push());
        checks
    }

    async fn check_connection(&self) -> Check {
        const NAME: &str = "connection";
        match self.client.get::<About>(&["rt"], &[]).await {
            Ok(answer) => {
                let version = answer.body.version;
                let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
                if major.is_some_and(|major| major < VERSION_MIN) {
                    return self.found(
                        NAME,
                        CheckResult::Failed,
                        &format!("RT {version}"),
                        "this needs RT 5.0 or newer",
                    );
                }
                self.found(NAME, CheckResult::Ok, &format!("RT {version} takes the token"), "")
            }
            Err(failure) => {
                let remedy = match &failure {
                    Failure::Answer(answer) if matches!(answer.status, 401 | 300..=399) => {
                        "set token to an auth token of a user that may log in: Logged in as > Settings > Auth Tokens"
                    }
                    Failure::NotSent(_) => "check api_url, name resolution, the firewall and the proxy",
                    _ => "check api_url (the address up to and with /REST/2.0), or try again later",
                };
                self.found(NAME, CheckResult::Failed, &self.words_for(&failure), remedy)
            }
        }
    }

    async fn check_user(&self) -> Check {
        self.learn_user().await;
        match self.user.get() {
            Some(user) => self.found("user", CheckResult::Ok, &format!("changes are made as `{user}`"), ""),
            None => self.found(
                "user",
                CheckResult::Warning,
                "RT does not tell whose token it is, so what we change there counts as a person's",
                "let the user of the token be a privileged one",
            ),
        }
    }

    /// The queues that are named, those in which tickets are made, and where all are watched the one that has the newest
    /// ticket.
    async fn queues_to_check(&self, lists: &Lists<'_>) -> BTreeSet<String> {
        let named = self.settings.queues.keys().filter(|name| *name != ANY).cloned();
        let made_in = self.settings.services.values().map(|service| service.create_queue.clone());
        let mut names: BTreeSet<String> = named.chain(made_in).collect();
        if self.settings.queues.contains_key(ANY)
            && let Ok(page) = lists.tickets("id > 0", From::Newest, 1).await
        {
            names.extend(page.items.into_iter().next().map(|ticket| ticket.queue.name));
        }
        names.retain(|name| !name.trim().is_empty());
        names
    }

    async fn check_queue(&self, lists: &Lists<'_>, name: &str, checks: &mut Vec<Check>) {
        let title = format!("queue {name}");
        let info = match self.client.get::<QueueInfo>(&["queue", name], &[]).await {
            Ok(answer) => answer.body,
            Err(failure) => {
                // A queue that is not there is answered like one that we may not see.
                let remedy = "correct the name in queues or create_queue, or give the user of the token the right \
                              SeeQueue on it";
                checks.push(self.found(&title, CheckResult::Failed, &self.words_for(&failure), remedy));
                return;
            }
        };
        let before = checks.len();
        self.check_fields(&title, name, &info, checks);
        let makes = self.settings.services.values().any(|service| service.create_queue == name);
        if info.disabled == "1" {
            let remedy = "enable it, or name another";
            checks.push(self.found(&title, CheckResult::Failed, "the queue is disabled", remedy));
        }
        if makes && !info.links.iter().any(|link| link.reference == "create") {
            checks.push(self.lacks(&title, &["CreateTicket"], name));
        }
        if let Some(queue) = self.settings.queue(name) {
            self.check_statuses(lists, &title, name, queue, &info, checks).await;
        }
        self.check_rights(lists, &title, name, checks).await;
        if checks.len() == before {
            let detail = "it is there, with both fields and the rights that can be seen; whether fields may be written \
                          (ModifyCustomField) and comments be seen (ShowTicketComments) shows with the first of them";
            checks.push(self.found(&title, CheckResult::Ok, detail, ""));
        }
    }

    fn check_fields(&self, title: &str, name: &str, info: &QueueInfo, checks: &mut Vec<Check>) {
        let fields = [&self.settings.id_field, &self.settings.url_field];
        let lacks = |field: &&&String| !info.ticket_custom_fields.iter().any(|f| f.name.eq_ignore_ascii_case(field));
        let missing: Vec<&str> = fields.iter().filter(lacks).map(|field| field.as_str()).collect();
        if missing.is_empty() {
            return;
        }
        let detail = format!("tickets have no custom field {}", missing.join(" and "));
        let remedy = format!(
            "apply it to the queue {name} (Admin > Queues > {name} > Ticket Custom Fields), and give the user of the \
             token the right SeeCustomField on it"
        );
        checks.push(self.found(title, CheckResult::Failed, &detail, &remedy));
    }

    /// Looks for tickets in a status that the settings do not name.
    async fn check_statuses(
        &self,
        lists: &Lists<'_>,
        title: &str,
        name: &str,
        queue: &Queue,
        info: &QueueInfo,
        checks: &mut Vec<Check>,
    ) {
        let known: Vec<&String> = queue.initial.iter().chain(&queue.active).chain(&queue.inactive).collect();
        let others: Vec<String> = known.iter().map(|status| format!("Status != {}", quoted(status))).collect();
        let sql = format!("Queue = {} AND {}", quoted(name), others.join(" AND "));
        let found = lists.tickets(&sql, From::Newest, 1).await.map(|page| page.items).unwrap_or_default();
        let mut unknown: BTreeSet<String> = found.into_iter().map(|ticket| ticket.status).collect();
        let set = [&queue.acknowledged, &queue.resolved, &queue.triggered, &queue.reopened];
        unknown.extend(set.into_iter().filter(|status| !known.contains(status)).cloned());
        let lifecycle = &info.lifecycle;
        let remedy = format!(
            "name all statuses of the lifecycle `{lifecycle}` in initial, active and inactive of queues.{name}"
        );
        if !unknown.is_empty() {
            let unknown = Vec::from_iter(unknown).join("`, `");
            let detail = format!("the settings do not say what the status `{unknown}` means; it counts as active");
            checks.push(self.found(title, CheckResult::Warning, &detail, &remedy));
        } else if !matches!(lifecycle.as_str(), "" | "default") && *queue == Queue::default() {
            let detail = format!("the queue has the lifecycle `{lifecycle}`, and the settings name those of `default`");
            checks.push(self.found(title, CheckResult::Warning, &detail, &remedy));
        }
    }

    /// Reads from the newest ticket of a queue which rights there are.
    async fn check_rights(&self, lists: &Lists<'_>, title: &str, name: &str, checks: &mut Vec<Check>) {
        let newest = match lists.tickets(&format!("Queue = {}", quoted(name)), From::Newest, 1).await {
            Ok(page) => page.items.into_iter().next(),
            Err(failure) => {
                let remedy = "try again later";
                checks.push(self.found(title, CheckResult::Warning, &self.words_for(&failure), remedy));
                return;
            }
        };
        let Some(newest) = newest else {
            let detail = "no ticket can be seen there, so most rights cannot be known";
            let remedy = "nothing, if the queue is empty; else give the user of the token the right ShowTicket";
            checks.push(self.found(title, CheckResult::Warning, detail, remedy));
            return;
        };
        let Ok(ticket) = lists.ticket(&newest.id.to_string()).await.map(|answer| answer.body) else { return };
        let has = |reference: &str| ticket.links.iter().any(|link| link.reference == reference);
        let written = match self.settings.notes {
            NotesAs::Comment => ("comment", "CommentOnTicket"),
            NotesAs::Correspond => ("correspond", "ReplyToTicket"),
        };
        let rights = [written, ("lifecycle", "ModifyTicket")];
        let missing: Vec<&str> = rights.iter().filter(|(link, _)| !has(link)).map(|(_, right)| *right).collect();
        if !missing.is_empty() {
            checks.push(self.lacks(title, &missing, name));
        }
        checks.extend(self.check_clock(&ticket));
    }

    fn check_clock(&self, ticket: &Ticket) -> Option<Check> {
        let ahead_ms = date(&ticket.last_updated)?.ms_since(self.clock.now());
        let detail = format!("RT's clock is {} s ahead of ours", ahead_ms / 1_000);
        let remedy = "set both clocks by a time server: what was last is told by them";
        (ahead_ms > CLOCKS_APART_MS_MAX).then(|| self.found("clock", CheckResult::Warning, &detail, remedy))
    }

    fn check_push(&self) -> Check {
        let detail = match self.takes_posts() {
            true => "posts of the scrip must carry a secret",
            false => "no secret is set for posts of a scrip, so none are taken; changes are found by reading alone",
        };
        self.found("push", CheckResult::Ok, detail, "")
    }

    fn lacks(&self, title: &str, rights: &[&str], queue: &str) -> Check {
        let rights = rights.join(" and ");
        let detail = format!("the user of the token has not the right {rights}");
        let remedy = format!("give it (Admin > Queues > {queue} > User Rights or Group Rights)");
        self.found(title, CheckResult::Failed, &detail, &remedy)
    }

    fn words_for(&self, failure: &Failure) -> String {
        match self.failed(failure, Doing::Read) {
            Outcome::NotApplied { reason, .. } => reason,
            _ => failure.to_string(),
        }
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}
