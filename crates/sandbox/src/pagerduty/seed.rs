//! What an account holds before anybody did anything.

use jiff::Timestamp;

use super::model::{
    ContactKind, ContactMethod, ExtensionSchema, Integration, NotificationRule, Policy, PolicyIx, Priority, Rule,
    Service, ServiceIx, Shelf, Target, Urgency, User, UserIx, Vendor,
};
use crate::config::Credentials;
use crate::random::Random;

const DELAY_MINUTES: u32 = 30;
const GLOBAL_KEY_SEED: u64 = 0x610B;
const PRIORITY_COLORS: [&str; 5] = ["a8171c", "f2711c", "fbbd08", "21ba45", "2185d0"];

/// What an account starts with.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) users: Shelf<User>,
    pub(crate) policies: Shelf<Policy>,
    pub(crate) services: Shelf<Service>,
    pub(crate) integrations: Shelf<Integration>,
    pub(crate) priorities: Shelf<Priority>,
    pub(crate) vendors: Shelf<Vendor>,
    pub(crate) extension_schemas: Shelf<ExtensionSchema>,
}

impl Seed {
    /// Draws the ids and keys that were not given.
    pub(crate) fn draw(
        random: &mut Random,
        automation: &str,
        from: String,
        given: &Credentials,
        now: Timestamp,
    ) -> Seed {
        let people = [
            (automation, from),
            ("Ann Berg", "ann.berg@example.test".to_owned()),
            ("Ben Okafor", "ben.okafor@example.test".to_owned()),
        ];
        let users = people.into_iter().map(|(name, email)| user(random, name, email)).collect();
        let policies = [policy(random, "Default", &[1, 2]), policy(random, "Second Line", &[2])].into_iter().collect();
        let services = [("Production", given.service_id.clone()), ("Office", None)].into_iter().enumerate();
        let services = services.map(|(place, (name, id))| {
            let id = id.unwrap_or_else(|| random.short_id());
            Service::new(id, name, PolicyIx(place), now)
        });
        let services = services.collect();
        let keys = [given.routing_key.clone(), None].into_iter().enumerate();
        let integrations = keys.map(|(place, key)| Integration {
            id: random.short_id(),
            kind: Integration::EVENTS_V2.to_owned(),
            name: "Events API V2".to_owned(),
            service: ServiceIx(place),
            key: Some(key.unwrap_or_else(|| random.hex32())),
            email: None,
            vendor: None,
            created_at: now,
        });
        let mut integrations: Shelf<Integration> = integrations.collect();
        let priorities = PRIORITY_COLORS.iter().zip(1..).map(|(color, number)| Priority {
            id: random.short_id(),
            name: format!("P{number}"),
            description: String::new(),
            color: (*color).to_owned(),
        });
        let priorities = priorities.collect();
        let vendors = vendors(random);
        let extension_schemas = extension_schemas(random);
        integrations.add(global_key(given, now));
        Seed { users, policies, services, integrations, priorities, vendors, extension_schemas }
    }
}

/// Makes the account's own routing key, which sends everything to the first service.
fn global_key(given: &Credentials, now: Timestamp) -> Integration {
    // A generator of its own: what is drawn after the seed stays as it was before there was such a key.
    let mut random = Random::new(GLOBAL_KEY_SEED);
    let key = given.global_routing_key.clone().unwrap_or_else(|| format!("R{}", &random.hex32()[1..]));
    Integration {
        id: random.short_id(),
        kind: Integration::GLOBAL.to_owned(),
        name: "Default Global Orchestration".to_owned(),
        service: ServiceIx(0),
        key: Some(key),
        email: None,
        vendor: None,
        created_at: now,
    }
}

/// Makes a user who is reached by e-mail at once, as every new user of PagerDuty is.
pub(crate) fn user(random: &mut Random, name: &str, email: String) -> User {
    let mut user = User::new(random.short_id(), name, email.clone());
    let contact_method = random.short_id();
    let rule = |id: String, urgency| NotificationRule {
        id,
        delay_minutes: 0,
        contact_method: contact_method.clone(),
        urgency,
    };
    user.notification_rules = vec![rule(random.short_id(), Urgency::High), rule(random.short_id(), Urgency::Low)];
    user.contact_methods.push(ContactMethod {
        id: contact_method.clone(),
        kind: ContactKind::Email,
        label: "Default".to_owned(),
        address: email,
        country_code: 1,
        short_email: false,
        enabled: true,
        blacklisted: false,
    });
    user
}

/// Makes a policy that asks one user after the other.
fn policy(random: &mut Random, name: &str, users: &[usize]) -> Policy {
    let id = random.short_id();
    let rules = users.iter().map(|user| Rule {
        id: random.short_id(),
        delay_minutes: DELAY_MINUTES,
        targets: vec![Target::User(UserIx(*user))],
        round_robin: false,
    });
    let rules = rules.collect();
    Policy {
        id,
        name: name.to_owned(),
        description: None,
        rules,
        num_loops: 0,
        handoffs_always: false,
        teams: Vec::new(),
    }
}

fn vendors(random: &mut Random) -> Shelf<Vendor> {
    let known = [
        ("Prometheus", "https://prometheus.io", Integration::EVENTS_V2),
        ("Grafana", "https://grafana.com", Integration::EVENTS_V2),
        ("Amazon CloudWatch", "https://aws.amazon.com/cloudwatch", Integration::EVENTS_V1),
        ("Nagios", "https://www.nagios.org", Integration::EVENTS_V1),
        ("Email", "https://www.pagerduty.com", Integration::EMAIL),
    ];
    let vendor = |(name, website_url, kind): (&str, &str, &str)| Vendor {
        id: random.short_id(),
        name: name.to_owned(),
        website_url: website_url.to_owned(),
        integration_kind: kind.to_owned(),
    };
    known.into_iter().map(vendor).collect()
}

fn extension_schemas(random: &mut Random) -> Shelf<ExtensionSchema> {
    let types = ["trigger", "acknowledge", "resolve", "delegate", "escalate", "unacknowledge", "assign"];
    let schema = |(key, label, description): (&str, &str, &str)| ExtensionSchema {
        id: random.short_id(),
        key: key.to_owned(),
        label: label.to_owned(),
        description: description.to_owned(),
        send_types: types.map(str::to_owned).to_vec(),
    };
    let known = [
        ("GenericV2Webhook", "Generic V2 Webhook", "Posts incidents to an address, in the form of old"),
        ("CustomIncidentAction", "Custom Incident Action", "Posts an incident when somebody presses a button"),
    ];
    known.into_iter().map(schema).collect()
}
