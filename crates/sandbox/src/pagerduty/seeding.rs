//! Puts what a seed file says in place of what an account starts with.

use jiff::Timestamp;
use serde_json::json;

use super::lifecycle::{INCIDENT_TYPE, Opening};
use super::model::{
    Actor, Filter, Integration, IntegrationIx, Kept, Layer, MaintenanceWindow, Member, NotificationRule, Override,
    Policy, PolicyIx, Restriction, Rule, Schedule, ScheduleIx, Service, ServiceIx, ServiceState, Shelf, Subscription,
    SupportHours, Target, Team, TeamIx, TeamRole, Urgency, UrgencyChoice, UrgencyRule, User, UserIx,
};
use super::seed;
use super::state::State;
use super::subscriptions::check_delivery;
use crate::config::Credentials;
use crate::random::Random;
use crate::seed_file::{
    SeedError, SeedFile, SeedIncident, SeedIntegrationKind, SeedLayer, SeedPolicy, SeedSchedule, SeedService,
    SeedStatus, SeedSubscription, SeedTarget, SeedTeam, SeedUrgency, SeedUser,
};

const LOOPS_MAX: u32 = 9;
const KEY_CHARACTERS: usize = 32;

type Seeded<T> = Result<T, SeedError>;

impl State {
    /// Replaces users (but the automation user), teams, schedules, policies, services and subscriptions by the file's,
    /// and opens its incidents.
    ///
    /// The first service gets the id and the key that the credentials give, unless the file gives others.
    pub(crate) fn plant(&mut self, file: &SeedFile, given: &Credentials, now: Timestamp) -> Seeded<()> {
        self.users = [self.user(self.automation_user).clone()].into_iter().collect();
        self.automation_user = UserIx(0);
        self.policies = Shelf::default();
        self.services = Shelf::default();
        self.integrations = Shelf::default();
        self.now = now;
        each(&file.users, "users", |user, at| self.plant_user(user, at))?;
        each(&file.teams, "teams", |team, at| self.plant_team(team, at))?;
        each(&file.schedules, "schedules", |schedule, at| self.plant_schedule(schedule, at))?;
        each(&file.escalation_policies, "escalation_policies", |policy, at| self.plant_policy(policy, at))?;
        if file.services.is_empty() {
            return Err(wrong("services", "there must be at least one service"));
        }
        each(&file.services, "services", |service, at| self.plant_service(service, given, at, now))?;
        each(&file.maintenance_windows, "maintenance_windows", |window, at| {
            if window.end <= window.start {
                return Err(wrong(&format!("{at}.end"), "must be after `start`"));
            }
            let service = |(place, name): (usize, &String)| {
                find(&self.services, name, &format!("{at}.services[{place}]"), "service", |one| vec![&one.name])
            };
            let services = window.services.iter().enumerate().map(service).collect::<Seeded<Vec<ServiceIx>>>()?;
            self.windows_made += 1;
            let number = self.windows_made;
            let (id, description) = (self.random.short_id(), window.description.clone());
            let (start, end, created_by) = (window.start, window.end, self.automation_user);
            self.windows.add(MaintenanceWindow { id, number, start, end, description, services, created_by });
            Ok(())
        })?;
        // Subscriptions come last: nobody is told of what was there at the start.
        each(&file.incidents, "incidents", |incident, at| self.plant_incident(incident, at, now))?;
        each(&file.webhook_subscriptions, "webhook_subscriptions", |one, at| self.plant_subscription(one, at))
    }

    fn plant_user(&mut self, given: &SeedUser, at: &str) -> Seeded<()> {
        if !given.email.contains('@') {
            return Err(wrong(&format!("{at}.email"), "must be an e-mail address"));
        }
        if self.user_by_email(&given.email).is_some() {
            return Err(wrong(&format!("{at}.email"), &format!("`{}` has already been taken", given.email)));
        }
        let mut user = seed::user(&mut self.random, &given.name, given.email.clone());
        user.id = fresh(&mut self.random, &self.users, given.id.as_ref(), at)?;
        user.job_title.clone_from(&given.job_title);
        if let Some(role) = &given.role {
            user.role.clone_from(role);
        }
        if let Some(zone) = &given.time_zone {
            user.time_zone = known_zone(zone, at)?;
        }
        if let Some(rules) = &given.notification_rules {
            let contact_method = user.contact_methods[0].id.clone();
            user.notification_rules = rules
                .iter()
                .map(|rule| NotificationRule {
                    id: self.random.short_id(),
                    delay_minutes: rule.delay_minutes,
                    contact_method: contact_method.clone(),
                    urgency: urgency(rule.urgency),
                })
                .collect();
        }
        self.users.add(user);
        Ok(())
    }

    fn plant_team(&mut self, given: &SeedTeam, at: &str) -> Seeded<()> {
        let mut members = Vec::new();
        for (place, member) in given.members.iter().enumerate() {
            let at = format!("{at}.members[{place}]");
            let role = member.role.as_deref().unwrap_or("manager");
            let role = TeamRole::parse(role).ok_or_else(|| {
                wrong(&format!("{at}.role"), &format!("`{role}` is none of observer, responder, manager"))
            })?;
            members.push(Member { user: self.seeded_user(&member.user, &format!("{at}.user"))?, role });
        }
        let id = fresh(&mut self.random, &self.teams, given.id.as_ref(), at)?;
        let (name, description) = (given.name.clone(), given.description.clone());
        self.teams.add(Team { id, name, description, parent: None, default_role: "manager".to_owned(), members });
        Ok(())
    }

    fn plant_schedule(&mut self, given: &SeedSchedule, at: &str) -> Seeded<()> {
        let mut layers = Vec::new();
        for (place, layer) in given.layers.iter().enumerate() {
            layers.push(self.planted_layer(layer, place, &format!("{at}.layers[{place}]"))?);
        }
        let mut overrides = Vec::new();
        for (place, one) in given.overrides.iter().enumerate() {
            let at = format!("{at}.overrides[{place}]");
            let user = self.seeded_user(&one.user, &format!("{at}.user"))?;
            if one.end <= one.start {
                return Err(wrong(&format!("{at}.end"), "must be after `start`"));
            }
            overrides.push(Override { id: self.random.long_id("Q"), start: one.start, end: one.end, user });
        }
        let team = |(place, name): (usize, &String)| self.seeded_team(name, &format!("{at}.teams[{place}]"));
        let teams = given.teams.iter().enumerate().map(team).collect::<Seeded<Vec<TeamIx>>>()?;
        let time_zone = known_zone(&given.time_zone, at)?;
        let id = fresh(&mut self.random, &self.schedules, given.id.as_ref(), at)?;
        let name = given.name.clone();
        self.schedules.add(Schedule { id, name, description: None, time_zone, layers, overrides, teams });
        Ok(())
    }

    fn planted_layer(&mut self, given: &SeedLayer, place: usize, at: &str) -> Seeded<Layer> {
        if given.turn_seconds == 0 {
            return Err(wrong(&format!("{at}.turn_seconds"), "must be more than 0"));
        }
        if given.users.is_empty() {
            return Err(wrong(&format!("{at}.users"), "must name at least one user"));
        }
        let user = |(place, name): (usize, &String)| self.seeded_user(name, &format!("{at}.users[{place}]"));
        let users = given.users.iter().enumerate().map(user).collect::<Seeded<Vec<UserIx>>>()?;
        let restriction = |one: &crate::seed_file::SeedRestriction| Restriction {
            weekday: one.weekday,
            start: one.start,
            duration_seconds: one.duration_seconds,
        };
        if given.restrictions.iter().any(|one| one.weekday.is_some_and(|day| !(1..=7).contains(&day))) {
            return Err(wrong(&format!("{at}.restrictions"), "a weekday is 1 (Monday) to 7"));
        }
        Ok(Layer {
            id: self.random.short_id(),
            name: given.name.clone().unwrap_or_else(|| format!("Layer {}", place + 1)),
            start: given.start,
            end: given.end,
            virtual_start: given.start,
            turn_seconds: given.turn_seconds,
            users,
            restrictions: given.restrictions.iter().map(restriction).collect(),
        })
    }

    fn plant_policy(&mut self, given: &SeedPolicy, at: &str) -> Seeded<()> {
        if given.rules.is_empty() {
            return Err(wrong(&format!("{at}.rules"), "must have at least one level"));
        }
        if given.num_loops > LOOPS_MAX {
            return Err(wrong(&format!("{at}.num_loops"), "must be 0 to 9"));
        }
        let mut rules = Vec::new();
        for (place, rule) in given.rules.iter().enumerate() {
            let at = format!("{at}.rules[{place}]");
            if rule.delay_minutes == 0 {
                return Err(wrong(&format!("{at}.delay_minutes"), "must be at least 1"));
            }
            let target = |(place, target): (usize, &SeedTarget)| {
                let at = format!("{at}.targets[{place}]");
                Ok(match target {
                    SeedTarget::User(name) => Target::User(self.seeded_user(name, &format!("{at}.user"))?),
                    SeedTarget::Schedule(name) => {
                        let found: ScheduleIx =
                            find(&self.schedules, name, &format!("{at}.schedule"), "schedule", |one| vec![&one.name])?;
                        Target::Schedule(found)
                    }
                })
            };
            let targets = rule.targets.iter().enumerate().map(target).collect::<Seeded<Vec<Target>>>()?;
            let id = self.random.short_id();
            rules.push(Rule { id, delay_minutes: rule.delay_minutes, targets, round_robin: false });
        }
        let team = given.team.as_ref().map(|name| self.seeded_team(name, &format!("{at}.team"))).transpose()?;
        let id = fresh(&mut self.random, &self.policies, given.id.as_ref(), at)?;
        self.policies.add(Policy {
            id,
            name: given.name.clone(),
            description: None,
            rules,
            num_loops: given.num_loops,
            handoffs_always: false,
            teams: team.into_iter().collect(),
        });
        Ok(())
    }

    fn plant_service(&mut self, given: &SeedService, keys: &Credentials, at: &str, now: Timestamp) -> Seeded<()> {
        let is_first = self.services.len() == 0;
        let policy = &given.escalation_policy;
        let policy: PolicyIx =
            find(&self.policies, policy, &format!("{at}.escalation_policy"), "escalation policy", |one| {
                vec![&one.name]
            })?;
        let id = given.id.as_ref().or(keys.service_id.as_ref().filter(|_| is_first));
        let id = fresh(&mut self.random, &self.services, id, at)?;
        let mut service = Service::new(id, &given.name, policy, now);
        service.description.clone_from(&given.description);
        if given.disabled {
            service.state = ServiceState::Disabled;
        }
        service.acknowledgement_seconds = given.acknowledgement_timeout.filter(|seconds| *seconds > 0);
        service.auto_resolve_seconds = given.auto_resolve_timeout.filter(|seconds| *seconds > 0);
        if let Some(text) = &given.urgency {
            service.urgency_rule = UrgencyRule::Constant(choice(text, &format!("{at}.urgency"))?);
        }
        support_hours(&mut service, given, at)?;
        if let Some(seconds) = given.group_alerts_seconds {
            service.alert_grouping = json!({"type": "time", "config": {"timeout": seconds}});
        }
        let service = self.services.add(service);
        if given.integrations.is_empty() {
            let key = keys.routing_key.as_ref().filter(|_| is_first);
            self.plant_integration(
                service,
                None,
                SeedIntegrationKind::EventsV2,
                key,
                &format!("{at}.integrations"),
                now,
            )?;
        }
        for (place, one) in given.integrations.iter().enumerate() {
            let key = one.key.as_ref().or(keys.routing_key.as_ref().filter(|_| is_first && place == 0));
            let at = format!("{at}.integrations[{place}]");
            let made = self.plant_integration(service, one.id.as_ref(), one.kind, key, &at, now)?;
            if let Some(name) = &one.name {
                self.integrations[made].name.clone_from(name);
            }
        }
        Ok(())
    }

    fn plant_integration(
        &mut self,
        service: ServiceIx,
        id: Option<&String>,
        kind: SeedIntegrationKind,
        key: Option<&String>,
        at: &str,
        now: Timestamp,
    ) -> Seeded<IntegrationIx> {
        if let Some(key) = key {
            let fits = key.len() == KEY_CHARACTERS && key.chars().all(|character| character.is_ascii_alphanumeric());
            if !fits {
                return Err(wrong(&format!("{at}.key"), "must be 32 letters and digits"));
            }
            if self.integrations.find_by(|one| one.key.as_ref() == Some(key)).is_some() {
                return Err(wrong(&format!("{at}.key"), "another integration has this key"));
            }
        }
        let (kind, name) = match kind {
            SeedIntegrationKind::EventsV2 => (Integration::EVENTS_V2, "Events API V2"),
            SeedIntegrationKind::EventsV1 => (Integration::EVENTS_V1, "Events API V1"),
        };
        let key = key.cloned().unwrap_or_else(|| self.random.hex32());
        let id = fresh(&mut self.random, &self.integrations, id, at)?;
        Ok(self.integrations.add(Integration {
            id,
            kind: kind.to_owned(),
            name: name.to_owned(),
            service,
            key: Some(key),
            email: None,
            vendor: None,
            created_at: now,
        }))
    }

    fn plant_subscription(&mut self, given: &SeedSubscription, at: &str) -> Seeded<()> {
        let filter = match (&given.service, &given.team) {
            (None, None) => Filter::Account,
            (Some(service), None) => {
                let found: ServiceIx =
                    find(&self.services, service, &format!("{at}.service"), "service", |one| vec![&one.name])?;
                Filter::Service(self.service(found).id.clone())
            }
            (None, Some(team)) => Filter::Team(self.teams[self.seeded_team(team, &format!("{at}.team"))?].id.clone()),
            (Some(_), Some(_)) => return Err(wrong(at, "name a service or a team, not both")),
        };
        let headers: Vec<(String, String)> =
            given.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        check_delivery(&given.url, &given.events, &headers).map_err(|why| wrong(at, &why))?;
        self.subscriptions.push(Subscription {
            id: given.id.clone().unwrap_or_else(|| self.random.short_id()),
            url: given.url.clone(),
            description: given.description.clone(),
            headers,
            secrets: vec![given.secret.clone().unwrap_or_else(|| self.webhook_secret.clone())],
            events: given.events.clone(),
            filter,
            active: true,
            removed: false,
        });
        Ok(())
    }

    fn plant_incident(&mut self, given: &SeedIncident, at: &str, now: Timestamp) -> Seeded<()> {
        let service: ServiceIx =
            find(&self.services, &given.service, &format!("{at}.service"), "service", |one| vec![&one.name])?;
        let policy = self.service(service).policy;
        if !self.is_staffed(policy, now) {
            return Err(wrong(&format!("{at}.service"), "nobody is on call for it, so it can have no incident"));
        }
        let priority = given.priority.as_ref().map(|name| {
            self.priority_by(name)
                .ok_or_else(|| wrong(&format!("{at}.priority"), &format!("`{name}` is none of P1 to P5")))
        });
        let by = match &given.by {
            None => self.automation_user,
            Some(name) => self.seeded_user(name, &format!("{at}.by"))?,
        };
        let opening = Opening {
            title: given.title.clone(),
            details: None,
            key: Some(given.key.clone().unwrap_or_else(|| self.random.hex32())),
            service,
            policy,
            urgency: given.urgency.map_or_else(|| self.urgency_at(service, None, now), urgency),
            priority: priority.transpose()?,
            assignee: None,
            client: None,
            incident_type: INCIDENT_TYPE.to_owned(),
            conference_bridge: None,
            alert: None,
        };
        let ix = self.open_incident(opening, Actor::User(self.automation_user), now);
        for (place, note) in given.notes.iter().enumerate() {
            let user = self.seeded_user(&note.user, &format!("{at}.notes[{place}].user"))?;
            self.annotate(ix, user, note.content.clone(), now);
        }
        match given.status {
            SeedStatus::Triggered => {}
            SeedStatus::Acknowledged => self.acknowledge(ix, Actor::User(by), now),
            SeedStatus::Resolved => self.resolve(ix, Actor::User(by), None, now),
        }
        Ok(())
    }

    fn seeded_user(&self, name: &str, at: &str) -> Seeded<UserIx> {
        find(&self.users, name, at, "user", |user: &User| vec![&user.name, &user.email])
    }

    fn seeded_team(&self, name: &str, at: &str) -> Seeded<TeamIx> {
        find(&self.teams, name, at, "team", |team| vec![&team.name])
    }
}

/// Does something with every object of a list, and tells it where the object stands.
fn each<T>(list: &[T], name: &str, mut plant: impl FnMut(&T, &str) -> Seeded<()>) -> Seeded<()> {
    list.iter().enumerate().try_for_each(|(place, one)| plant(one, &format!("{name}[{place}]")))
}

/// Finds an object by its id or one of its names.
fn find<T: Kept>(shelf: &Shelf<T>, name: &str, at: &str, kind: &str, names: fn(&T) -> Vec<&String>) -> Seeded<T::Ix> {
    let found = shelf.find_by(|one| one.id() == name || names(one).into_iter().any(|own| own == name));
    found.ok_or_else(|| {
        let known: Vec<String> = shelf.iter().map(|(_, one)| format!("`{}`", names(one)[0])).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        wrong(at, &format!("no {kind} is called `{name}`; there are: {known}"))
    })
}

/// Takes the given id if it is free, else draws one.
fn fresh<T: Kept>(random: &mut Random, shelf: &Shelf<T>, given: Option<&String>, at: &str) -> Seeded<String> {
    match given {
        None => Ok(random.short_id()),
        Some(id) if id.is_empty() || shelf.find(id).is_some() => {
            Err(wrong(&format!("{at}.id"), &format!("`{id}` is empty or has already been taken")))
        }
        Some(id) => Ok(id.clone()),
    }
}

fn support_hours(service: &mut Service, given: &SeedService, at: &str) -> Seeded<()> {
    let Some(hours) = &given.support_hours else {
        return Ok(());
    };
    let at = format!("{at}.support_hours");
    if given.urgency.is_some() {
        return Err(wrong(&at, "give `urgency` or `support_hours`, not both"));
    }
    if hours.end_time <= hours.start_time {
        return Err(wrong(&format!("{at}.end_time"), "must be after `start_time` on the same day"));
    }
    if hours.days_of_week.is_empty() || !hours.days_of_week.iter().all(|day| (1..=7).contains(day)) {
        return Err(wrong(&format!("{at}.days_of_week"), "must hold days from 1 (Monday) to 7"));
    }
    service.urgency_rule = UrgencyRule::SupportHours {
        during: choice(&hours.urgency_during, &format!("{at}.urgency_during"))?,
        outside: choice(&hours.urgency_outside, &format!("{at}.urgency_outside"))?,
    };
    service.support_hours = Some(SupportHours {
        time_zone: known_zone(&hours.time_zone, &at)?,
        days: hours.days_of_week.clone(),
        start: hours.start_time,
        end: hours.end_time,
    });
    let raises = [(hours.raise_at_start, "support_hours_start"), (hours.raise_at_end, "support_hours_end")];
    service.scheduled_actions = raises
        .into_iter()
        .filter(|(raises, _)| *raises)
        .map(|(_, name)| {
            json!({"type": "urgency_change", "at": {"type": "named_time", "name": name}, "to_urgency": "high"})
        })
        .collect();
    Ok(())
}

fn urgency(given: SeedUrgency) -> Urgency {
    match given {
        SeedUrgency::High => Urgency::High,
        SeedUrgency::Low => Urgency::Low,
    }
}

fn choice(text: &str, at: &str) -> Seeded<UrgencyChoice> {
    UrgencyChoice::parse(text).ok_or_else(|| wrong(at, &format!("`{text}` is none of high, low, severity_based")))
}

fn known_zone(name: &str, at: &str) -> Seeded<String> {
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => {
            Err(wrong(&format!("{at}.time_zone"), &format!("`{name}` is not a time zone, such as Europe/Berlin")))
        }
    }
}

fn wrong(place: &str, why: &str) -> SeedError {
    SeedError::Value { place: place.to_owned(), why: why.to_owned() }
}
