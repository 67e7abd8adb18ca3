//! Carries out one delivery at RT.

use super::client::Answer;
use super::lists::{From, STORY};
use super::map::{Group, bare_name};
use super::poll::ticket_number;
use super::wire::{
    Change, Made, NOBODY, NOTE_CHARS_MAX, NewMessage, NewTicket, Page, Ref, Ticket, ago, date, date_text, quoted,
};
use super::{NotesAs, Rt};
use crate::outcome::{Doing, holds, no_record, noted, rejected};
use crate::text::{is_blank, marked};
use ::pagerduty::text::cut;
use pagebridge_core::{Content, Delivery, Outcome, RecordId, RecordRef, Status, Step};
use serde_json::json;
use std::collections::BTreeMap;

/// Longest first message of a ticket, in characters.
const BODY_CHARS_MAX: usize = 100_000;

/// How much further back than the incident's beginning its ticket is looked for, in milliseconds.
const MADE_BEFORE_MS_MAX: i64 = 120_000;

/// Pages of transactions in which a note is looked for, newest first.
const NOTE_PAGES_MAX: usize = 3;

const PLAIN: &str = "text/plain";

impl Rt {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let record = delivery.record.as_ref().map(|r| &r.id);
        let ended = match (&delivery.step, record) {
            (Step::Create, _) => self.create(delivery).await,
            (Step::Find, _) => self.find(delivery).await,
            (Step::SetStatus { from, to }, Some(id)) => self.set_status(id, *from, *to, delivery.by.as_deref()).await,
            (Step::AddNote(_), Some(id)) => self.add_note(id, delivery).await,
            (Step::Update { .. }, Some(id)) => self.tell_again(id, &delivery.content).await,
            (Step::Mark, Some(id)) => self.mark(id, delivery.belongs_to.as_ref()).await,
            (_, None) => Ok(no_record()),
        };
        ended.unwrap_or_else(|outcome| outcome)
    }

    /// A ticket is looked for each time before it is made: an answer may have been lost, and a person or another bridge
    /// may have made one.
    async fn create(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if let Some(ticket) = self.look_for(delivery).await? {
            return self.made(ticket).await;
        }
        let content = &delivery.content;
        let Some(service) = self.settings.service(content.service.as_deref()) else {
            return Err(rejected(
                format!("no queue is set for the service `{}`", content.service.as_deref().unwrap_or("-")),
                "add the service, or `*`, to `services` of the system, then release",
            ));
        };
        let (words, fields) = (self.words(), self.fields(belonging(delivery)));
        let new = NewTicket {
            queue: &service.create_queue,
            subject: &words.subject(content),
            content: &body(delivery),
            content_type: PLAIN,
            priority: words.priority_number(content),
            custom_fields: fields,
        };
        let made = self.client.post::<Made>(&["ticket"], &new).await;
        let id = made.map_err(|failure| self.failed(&failure, Doing::Create))?.body.id;
        let record = words.record(id);
        // What RT does not know it leaves out without a word. The ticket is there, so whatever this finds is no failure.
        match self.lists().ticket(&id.to_string()).await {
            Ok(Answer { body: ticket, .. }) if !self.is_marked_with(&ticket, belonging(delivery).0) => {
                let (system, field) = (&self.settings.system, &self.settings.id_field);
                tracing::warn!(%system, ticket = id, field, "RT did not keep the custom field; see `pagebridge doctor`");
            }
            _ => {}
        }
        Ok(holds(Some(record), Status::Triggered))
    }

    /// A ticket that is there already and has moved is a reading: what a person did there must be carried on.
    async fn made(&self, ticket: Ticket) -> Result<Outcome, Outcome> {
        let standing = self.standing(&ticket).await?;
        let words = self.words();
        Ok(match standing.status {
            Status::Triggered => holds(Some(words.record(ticket.id)), Status::Triggered),
            _ => Outcome::Read(words.reading(&ticket, standing)),
        })
    }

    async fn find(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let Some(ticket) = self.look_for(delivery).await? else { return Ok(Outcome::Missing) };
        let standing = self.standing(&ticket).await?;
        Ok(holds(Some(self.words().record(ticket.id)), standing.status))
    }

    /// Finds the ticket of an incident: by the custom field, or, when an attempt to make one may have succeeded and RT may
    /// not have kept the field, by what we wrote.
    async fn look_for(&self, delivery: &Delivery) -> Result<Option<Ticket>, Outcome> {
        let (id, _) = belonging(delivery);
        let field = format!("CF.{{{}}}", self.settings.id_field);
        let sql = format!("{} = {}", quoted(&field), quoted(id));
        // RT searches without regard to case, and takes a text that looks like a field for one.
        let mut marked = self.search(&sql).await?;
        marked.retain(|ticket| self.is_marked_with(ticket, id));
        // Of several, one that is open counts, else the newest.
        let open = marked.iter().position(|ticket| self.words().group(ticket) != Group::Inactive);
        let found = match open {
            Some(place) => marked.into_iter().nth(place),
            None => marked.pop(),
        };
        if found.is_some() || !delivery.uncertain && delivery.step != Step::Find {
            return Ok(found);
        }
        self.learn_user().await;
        let Some(user) = self.user.get() else { return Ok(None) };
        let since = self.clock.now().ms_since(delivery.opened_at).saturating_add(MADE_BEFORE_MS_MAX);
        let subject = self.words().subject(&delivery.content);
        let sql = format!("Creator = {} AND Subject = {} AND Created > {}", quoted(user), quoted(&subject), ago(since));
        let unmarked = |ticket: &Ticket| ticket.field(&self.settings.id_field).is_none() && ticket.subject == subject;
        Ok(self.search(&sql).await?.into_iter().find(unmarked))
    }

    /// The oldest tickets that a search finds.
    async fn search(&self, sql: &str) -> Result<Vec<Ticket>, Outcome> {
        let page = self.lists().tickets(sql, From::Oldest, 1).await;
        page.map(|page| page.items).map_err(|failure| self.failed(&failure, Doing::Read))
    }

    async fn ticket(&self, id: &RecordId) -> Result<Answer<Ticket>, Outcome> {
        let number = ticket_number(id)?;
        let answer = self.lists().ticket(&number.to_string()).await;
        answer.map_err(|failure| self.failed(&failure, Doing::Read))
    }

    async fn set_status(
        &self,
        id: &RecordId,
        from: Option<Status>,
        to: Status,
        by: Option<&str>,
    ) -> Result<Outcome, Outcome> {
        let Answer { body: ticket, etag, .. } = self.ticket(id).await?;
        if ticket.id != ticket_number(id)? && ticket.field(&self.settings.id_field).is_some() {
            return Ok(Outcome::Read(self.merged(ticket_number(id)?, ticket.id)));
        }
        self.learn_user().await;
        let (words, group) = (self.words(), self.words().group(&ticket));
        let over = group == Group::Inactive;
        // Whether somebody has taken a ticket that is to be over does not matter.
        if !(to == Status::Resolved && group != Group::Inactive) {
            let standing = self.standing(&ticket).await?;
            if standing.status == to {
                return Ok(holds(None, to));
            }
            if from.is_some_and(|from| from != standing.status) {
                return Ok(Outcome::Read(words.reading(&ticket, standing)));
            }
        }
        let queue = words.queue(&ticket);
        let started = self.started_after(&ticket);
        let owner = self.new_owner(&ticket, to, by).await?;
        let mut change = Change { owner: owner.as_deref(), ..Change::default() };
        match (to, group) {
            (Status::Resolved, _) => change.status = Some(&queue.resolved),
            // RT's status says so already: what is missing is a word that somebody has taken it.
            (Status::Acknowledged, Group::Active) => change.started = Some(&started),
            (Status::Acknowledged, Group::Initial) => change.status = Some(&queue.acknowledged),
            (Status::Acknowledged | Status::Triggered, Group::Inactive) => change.status = Some(&queue.reopened),
            (Status::Triggered, _) => change.status = Some(&queue.triggered),
        }
        let mut etag = etag;
        if change.owner == Some(NOBODY) {
            // Only its owner may give a ticket back.
            let stolen = self.client.put(&["ticket", &id.0, "steal"], etag.as_deref(), &json!({})).await;
            stolen.map_err(|failure| self.failed(&failure, Doing::Write))?;
            etag = None;
        }
        let said = self.put(id, etag.as_deref(), &change).await?;
        if over && to == Status::Acknowledged {
            // Opened again, it is nobody's; that somebody has it is said by a change of its own, which comes after.
            self.put(id, None, &Change { started: Some(&started), ..Change::default() }).await?;
        }
        self.written(id, &ticket, to, &said).await
    }

    /// Says what a change has led to. RT answers 200 in any case.
    async fn written(&self, id: &RecordId, before: &Ticket, to: Status, said: &[String]) -> Result<Outcome, Outcome> {
        let after = self.ticket(id).await?.body;
        let standing = self.standing(&after).await?;
        if standing.status == to {
            return Ok(holds(None, to));
        }
        if after.status != before.status {
            return Ok(Outcome::Read(self.words().reading(&after, standing)));
        }
        let queue = &before.queue.name;
        Ok(rejected(
            format!("RT took the change, and the ticket is still `{}`: {}", after.status, sentences(said)),
            format!(
                "give the user of the token the right ModifyTicket on the queue {queue}, and set the statuses of \
                 queues.{queue} to ones that its lifecycle allows from `{}`; then release",
                after.status
            ),
        ))
    }

    /// A time to set as the beginning of the work: now, or a second after the one that is set, since setting the same is
    /// no change.
    fn started_after(&self, ticket: &Ticket) -> String {
        let now = self.clock.now();
        let is_set = date(&ticket.started).is_some_and(|set| set.0.div_euclid(1_000) == now.0.div_euclid(1_000));
        date_text(if is_set { now.plus_ms(1_000) } else { now })
    }

    /// Whom to give the ticket to; `None` leaves it as it is.
    async fn new_owner(&self, ticket: &Ticket, to: Status, by: Option<&str>) -> Result<Option<String>, Outcome> {
        let owned = !matches!(ticket.owner.id.as_str(), "" | NOBODY);
        match (to, by) {
            (Status::Triggered, _) if self.settings.owner_acknowledges && owned => Ok(Some(NOBODY.to_owned())),
            (Status::Acknowledged, Some(by)) if self.settings.set_owner && !owned => {
                self.user_like(bare_name(by)).await
            }
            _ => Ok(None),
        }
    }

    /// The name of the only user with this e-mail address, name, or full name.
    async fn user_like(&self, name: &str) -> Result<Option<String>, Outcome> {
        let fields: &[&str] = if name.contains('@') { &["EmailAddress"] } else { &["Name", "RealName"] };
        for field in fields {
            let query = json!([{"field": field, "value": name}]).to_string();
            let page = self.client.get::<Page<Ref>>(&["users"], &[("query", &query), ("fields", "Name")]).await;
            let users = page.map_err(|failure| self.failed(&failure, Doing::Read))?.body.items;
            if let [user] = users.as_slice()
                && !is_blank(&user.id)
            {
                return Ok(Some(user.id.clone()));
            }
        }
        Ok(None)
    }

    async fn put(&self, id: &RecordId, etag: Option<&str>, change: &Change<'_>) -> Result<Vec<String>, Outcome> {
        let answer = self.client.put(&["ticket", &id.0], etag, change).await;
        answer.map(|answer| answer.body).map_err(|failure| self.failed(&failure, Doing::Write))
    }

    async fn add_note(&self, id: &RecordId, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let number = ticket_number(id)?;
        if delivery.uncertain
            && let Some(note) = self.find_note(number, &delivery.mark).await?
        {
            return Ok(noted(Some(note)));
        }
        let verb = match self.settings.notes {
            NotesAs::Comment => "comment",
            NotesAs::Correspond => "correspond",
        };
        let content = marked(&delivery.note, &delivery.mark, NOTE_CHARS_MAX);
        let message = NewMessage { content: &content, content_type: PLAIN };
        let answer = self.client.post::<Vec<String>>(&["ticket", &number.to_string(), verb], &message).await;
        Ok(noted(answer.map_err(|failure| self.failed(&failure, Doing::Write))?.made))
    }

    /// The transaction that holds a note with this mark.
    async fn find_note(&self, ticket: i64, mark: &str) -> Result<Option<String>, Outcome> {
        let failed = |failure| self.failed(&failure, Doing::Read);
        if mark.is_empty() {
            return Ok(None);
        }
        let lists = self.lists();
        let story = lists.story(&[ticket], STORY, NOTE_PAGES_MAX).await.map_err(failed)?;
        let notes: Vec<i64> = story.iter().filter(|t| t.is_note()).map(|t| t.id).collect();
        let texts = lists.texts(&notes).await.map_err(failed)?;
        Ok(texts.into_iter().find(|(_, text)| text.contains(mark)).map(|(id, _)| id.to_string()))
    }

    /// Tells again what the incident is about.
    async fn tell_again(&self, id: &RecordId, content: &Content) -> Result<Outcome, Outcome> {
        let Answer { body: ticket, etag, .. } = self.ticket(id).await?;
        let words = self.words();
        let (subject, priority) = (words.subject(content), words.priority_number(content));
        let change = Change {
            subject: (ticket.subject != subject).then_some(&subject),
            priority: priority.filter(|number| ticket.priority != Some(*number)),
            ..Change::default()
        };
        if change == Change::default() {
            return Ok(told());
        }
        let said = self.put(id, etag.as_deref(), &change).await?;
        let after = self.ticket(id).await?.body;
        if after.subject == subject && (priority.is_none() || after.priority == priority) {
            return Ok(told());
        }
        Ok(rejected(
            format!("RT took the new subject or priority and did not keep it: {}", sentences(&said)),
            format!("give the user of the token the right ModifyTicket on the queue {}", ticket.queue.name),
        ))
    }

    /// Writes down which incident a ticket belongs to.
    async fn mark(&self, id: &RecordId, incident: Option<&RecordRef>) -> Result<Outcome, Outcome> {
        let Some(incident) = incident else { return Ok(told()) };
        let Answer { body: ticket, etag, .. } = self.ticket(id).await?;
        let belonging = (incident.id.0.as_str(), incident.url.as_deref());
        if self.is_marked(&ticket, belonging) {
            return Ok(told());
        }
        let change = Change { custom_fields: self.fields(belonging), ..Change::default() };
        let said = self.put(id, etag.as_deref(), &change).await?;
        let after = self.ticket(id).await?.body;
        if self.is_marked(&after, belonging) {
            return Ok(told());
        }
        let (queue, field, url) = (&after.queue.name, &self.settings.id_field, &self.settings.url_field);
        let remedy = if after.has_field(field) {
            format!("give the user of the token the right ModifyCustomField on the fields {field} and {url}")
        } else {
            format!(
                "apply the custom fields {field} and {url} to the queue {queue}, and give the user of the token the \
                 rights SeeCustomField and ModifyCustomField on them"
            )
        };
        Ok(rejected(format!("RT did not keep the custom fields of ticket {id}: {}", sentences(&said)), remedy))
    }

    fn fields<'a>(&'a self, (id, url): (&'a str, Option<&'a str>)) -> BTreeMap<&'a str, &'a str> {
        let url = url.map(|url| (self.settings.url_field.as_str(), url));
        std::iter::once((self.settings.id_field.as_str(), id)).chain(url).collect()
    }

    fn is_marked_with(&self, ticket: &Ticket, id: &str) -> bool {
        ticket.field(&self.settings.id_field) == Some(id.trim())
    }

    fn is_marked(&self, ticket: &Ticket, (id, url): (&str, Option<&str>)) -> bool {
        let has_url = url.is_none_or(|url| ticket.field(&self.settings.url_field) == Some(url.trim()));
        self.is_marked_with(ticket, id) && has_url
    }
}

/// Which incident a new ticket belongs to; without one, the key that it is made with.
fn belonging(delivery: &Delivery) -> (&str, Option<&str>) {
    match &delivery.belongs_to {
        Some(record) => (&record.id.0, record.url.as_deref()),
        None => (&delivery.create_key, None),
    }
}

/// The first message of a ticket.
fn body(delivery: &Delivery) -> String {
    let url = delivery.belongs_to.as_ref().and_then(|record| record.url.as_deref());
    let parts = [Some(delivery.content.body.trim()), url];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    cut(&parts.join("\n\n"), BODY_CHARS_MAX).into_owned()
}

/// RT's sentences about a change, in one line.
fn sentences(said: &[String]) -> String {
    const SHOWN_CHARS_MAX: usize = 300;
    if said.is_empty() {
        return "it says nothing about it".to_owned();
    }
    cut(&said.join("; "), SHOWN_CHARS_MAX).into_owned()
}

/// Done, and nothing is said about the status.
fn told() -> Outcome {
    Outcome::Delivered { record: None, status: None, status_at: None, note: None }
}
