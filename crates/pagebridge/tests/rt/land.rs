//! A queue of the real Request Tracker, a look-alike of PagerDuty, and a place for a bridge between them.

use crate::lab::{Lab, User, field, number};
use crate::world::{Bridge, World, until};
use serde_json::{Value, json};
use std::path::PathBuf;

/// How the bridge learns what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It looks every few seconds, and nobody tells it.
    Read,
    /// RT's scrip and PagerDuty's webhooks tell it, and it hardly ever looks.
    Told,
    Both,
}

/// What one test plays in.
pub(crate) struct Land {
    pub(crate) lab: Lab,
    pub(crate) world: World,
    /// A queue that no other test uses.
    pub(crate) queue: String,
    pub(crate) news: News,
    /// Whose token the bridge has.
    pub(crate) user: User,
    /// Whether tickets that are older than the bridge are carried on.
    pub(crate) backlog: bool,
    pub(crate) service: String,
}

/// What there is in the end.
pub(crate) struct Settled {
    pub(crate) tickets: Vec<Value>,
    pub(crate) incidents: Vec<Value>,
}

/// What a webhook subscription made for the extension sends.
pub(crate) const WEBHOOK_TOKEN: &str = "1-14-0123456789abcdef0123456789abcdef";

/// What RT's scrip shows when it posts.
const SECRET: &str = "push-token-of-the-tests";

impl Land {
    /// A land; `None` without a server.
    pub(crate) async fn new(name: &str, news: News) -> Option<Self> {
        match news {
            News::Read => Some(Self::with(Lab::find()?, name, news).await),
            // There is one scrip of ours in an RT.
            News::Told | News::Both => Self::apart(name, news).await,
        }
    }

    /// The same with a server of its own, which can be stopped.
    pub(crate) async fn apart(name: &str, news: News) -> Option<Self> {
        Some(Self::with(Lab::find()?.copy(name).await, name, news).await)
    }

    async fn with(lab: Lab, name: &str, news: News) -> Self {
        let mut world = World::config(&format!("rt-{name}")).await;
        let service = world.ready["pagerduty"]["service_id"].as_str().expect("an id").to_owned();
        world.set("RT_URL", &json!(lab.url));
        world.set("RT_PUSH_TOKEN", &json!(SECRET));
        world.set("PATH", &json!(std::env::var("PATH").unwrap_or_default()));
        world.control("pagerduty/settings", json!({"rest_per_minute": null})).await;
        Self { lab, world, queue: Lab::queue(), news, user: User::Bridge, backlog: true, service }
    }

    /// The tag of a ticket, which is the key of its incident.
    pub(crate) fn tag(id: u64) -> String {
        format!("[rt.test #{id}]")
    }

    /// The configuration of the bridge, in a file.
    pub(crate) fn config(&self) -> PathBuf {
        let Self { queue, service, backlog, .. } = self;
        let token = self.user.token();
        let (interval_s, sweep_s, poll_s) = match self.news {
            News::Told => (3_600, 3_600, 3_600),
            News::Read | News::Both => (2, 10, 5),
        };
        let text = format!(
            r#"
[systems.rt]
kind = "rt"
api_url = {{ env = "RT_URL" }}
token = {{ env = "RT_TOKEN", default = "{token}" }}
rtname = "rt.test"
webhook_secrets = {{ env = "RT_PUSH_TOKEN" }}
backlog = {backlog}
interval_s = {interval_s}
sweep_s = {sweep_s}

[systems.rt.queues."{queue}"]
service = "{service}"

[systems.rt.services."{service}"]
create_queue = "{queue}"
name = "Checkout"

[systems.pagerduty]
kind = "pagerduty"
api_url = {{ env = "PAGERDUTY_API_URL" }}
api_token = {{ env = "PAGERDUTY_API_TOKEN" }}
from = {{ env = "PAGERDUTY_FROM" }}
service_id = "{service}"
webhook_secrets = {{ env = "PAGERDUTY_WEBHOOK_SECRET" }}
webhook_tokens = "{WEBHOOK_TOKEN}"

[[bridges]]
preset = "rt-extension"
rt = "rt"
pagerduty = "pagerduty"

[bridges.rules.rt-to-pagerduty]
noted = "note"
reopened = "status"

[bridges.rules.pagerduty-to-rt]
noted = "note"
reopened = "status"

[polling]
interval_s = {poll_s}
quiet_s = {poll_s}
"#
        );
        let path = self.world.dir.join("rt.toml");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Starts a bridge where there was one, which nobody has to be told.
    pub(crate) async fn start_again(&self) -> Bridge {
        let config = self.config();
        self.world.bridge(&["--config", config.to_str().expect("text")]).await
    }

    /// Starts a bridge, and lets it be told what it is to be told.
    pub(crate) async fn start(&self) -> Bridge {
        let bridge = self.start_again().await;
        if self.news != News::Read {
            let secret = self.world.get("PAGERDUTY_WEBHOOK_SECRET");
            let hook = json!({"url": format!("{}/pd-webhook", bridge.url), "secret": secret});
            self.world.control("pagerduty/webhooks", hook).await;
            self.install_scrip(&bridge).await;
        }
        bridge
    }

    /// Puts the exported scrip into RT, and once more: the second time finds it there.
    async fn install_scrip(&self, bridge: &Bridge) {
        let token = self.world.dir.join("push-token");
        std::fs::write(&token, format!("{SECRET}\n")).expect("a file");
        let (url, token) = (format!("{}/hooks/rt", bridge.url), token.to_str().expect("text"));
        let args = ["export", "rt-scrip", "--url", &url, "--token-file", token, "--queue", &self.queue];
        assert!(self.scrip(&args).await.contains("was installed"));
        assert!(self.scrip(&args).await.contains("is there already"));
    }

    /// Runs what an export gives, and gives what it says.
    pub(crate) async fn scrip(&self, args: &[&str]) -> String {
        let exported = self.world.run(args).await;
        assert_eq!(exported.code, Some(0), "{exported:?}");
        assert!(!exported.out.contains(SECRET), "the token is not in it");
        let script = self.world.dir.join("rt-scrip.pl");
        std::fs::write(&script, &exported.out).expect("a file");
        self.lab.perl(&script).await
    }

    /// Somebody triggers an incident of our service.
    pub(crate) async fn trigger(&self, title: &str) -> Value {
        self.world.control("pagerduty/incidents", json!({"title": title, "service_id": self.service})).await
    }

    /// Waits for the one incident with this key.
    pub(crate) async fn incident(&self, key: &str) -> Value {
        until(&format!("an incident with the key {key}"), async || {
            let state = self.world.state().await;
            state.has_incident(key).then(|| state.incident(key).clone())
        })
        .await
    }

    /// The incident with this key or id.
    async fn of(&self, key: &str) -> Value {
        let state = self.world.state().await;
        let found = state.incidents().iter().find(|one| one["incident_key"] == key || one["id"] == key);
        found.expect("the incident is there").clone()
    }

    /// A person does something to the incident with this key or id.
    pub(crate) async fn act(&self, key: &str, action: &str, body: Value) {
        let id = self.of(key).await["id"].as_str().expect("an id").to_owned();
        self.world.in_pagerduty(&id, action, body).await;
    }

    /// Waits for an incident to be in a status.
    pub(crate) async fn status(&self, key: &str, status: &str) {
        let what = format!("{key} to be {status}");
        until(&what, async || (self.of(key).await["status"] == status).then_some(())).await;
    }

    /// Waits for a note of an incident; it must be there once.
    pub(crate) async fn note(&self, key: &str, text: &str) {
        let has = |note: &Value| note["content"].as_str().is_some_and(|content| content.contains(text));
        let count = until(&format!("the note {text:?}"), async || {
            let incident = self.of(key).await;
            let count = incident["notes"].as_array().expect("a list").iter().filter(|note| has(note)).count();
            (count > 0).then_some(count)
        })
        .await;
        assert_eq!(count, 1, "{text}");
    }

    /// Waits for a ticket to be as it should.
    pub(crate) async fn ticket(&self, what: &str, id: u64, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, async || Some(self.lab.ticket(id).await).filter(&fits)).await
    }

    /// Waits for the one ticket of an incident.
    pub(crate) async fn ticket_of(&self, incident: &str) -> u64 {
        until(&format!("a ticket of {incident}"), async || {
            let tickets = self.tickets().await;
            let mut found = tickets.iter().filter(|ticket| field(ticket, "PagerDuty ID") == incident);
            let id = found.next().map(|ticket| number(&ticket["id"]));
            assert!(found.next().is_none(), "two tickets of {incident}: {tickets:#?}");
            id
        })
        .await
    }

    /// Waits for a message of a ticket; it must be there once.
    pub(crate) async fn comment(&self, id: u64, text: &str) {
        let count = until(&format!("the message {text:?}"), async || {
            let messages = self.lab.messages(id).await;
            let count = messages.iter().filter(|message| message.contains(text)).count();
            (count > 0).then_some(count)
        })
        .await;
        assert_eq!(count, 1, "{text}");
    }

    /// All tickets of the queue, whatever their status.
    pub(crate) async fn tickets(&self) -> Vec<Value> {
        let query = format!("Queue = '{}' AND id > 0", self.queue);
        let fields = "Subject,Status,CustomFields,LastUpdated";
        let (mut all, mut number) = (Vec::new(), 1);
        loop {
            let page_number = number.to_string();
            let parameters = [
                ("query", &*query),
                ("fields", fields),
                ("orderby", "id"),
                ("per_page", "100"),
                ("page", &page_number),
            ];
            let page = self.lab.search(User::Root, "tickets", &parameters).await;
            let items = page["items"].as_array().expect("a list");
            all.extend(items.iter().cloned());
            if items.len() < 100 {
                return all;
            }
            number += 1;
        }
    }

    /// What there is once everything has been carried on. What the bridge heard of later than of all else has been, and so
    /// has all else: a last ticket and a last incident come round, and are left out of what is given.
    pub(crate) async fn settled(&self, bridge: &Bridge) -> Settled {
        bridge.settled().await;
        let last = self.lab.create(User::Alice, &self.queue, "The last ticket", json!({})).await;
        let last_key = Self::tag(last);
        let incident = self.incident(&last_key).await;
        self.ticket("the last ticket's incident", last, |t| field(t, "PagerDuty ID") == incident["id"]).await;
        let other = self.trigger("The last incident").await;
        let other_ticket = self.ticket_of(other["id"].as_str().expect("an id")).await;
        bridge.settled().await;
        let mut tickets = self.tickets().await;
        tickets.retain(|ticket| ![last, other_ticket].contains(&number(&ticket["id"])));
        let mut incidents = self.world.state().await.incidents().to_vec();
        incidents.retain(|one| ![&incident["id"], &other["id"]].contains(&&one["id"]));
        Settled { tickets, incidents }
    }

    /// Checks that each ticket names an incident, each incident is named by a ticket, and there is nothing else.
    pub(crate) async fn paired(&self, bridge: &Bridge, count: usize) -> Settled {
        let settled = self.settled(bridge).await;
        let mut named: Vec<&str> = settled.tickets.iter().map(|ticket| field(ticket, "PagerDuty ID")).collect();
        let mut there: Vec<&str> = settled.incidents.iter().filter_map(|one| one["id"].as_str()).collect();
        named.sort_unstable();
        there.sort_unstable();
        assert_eq!(named, there, "the fields of the tickets, and the incidents");
        assert_eq!(there.len(), count);
        settled
    }

    /// Runs a command of the program with the configuration.
    pub(crate) async fn run(&self, args: &[&str]) -> crate::program::Ended {
        let config = self.config();
        self.world.run(&[args, &["--config", config.to_str().expect("text")]].concat()).await
    }
}
