//! Commands that talk to PagerDuty directly, against its look-alike: what people read, what programs read, and how it ends.

mod account;
mod changes;
mod tables;

use crate::world::{Ended, World};
use pagebridge_sandbox::{ClockMode, Config, Running, Sandbox, SeedFile};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// An account that is the same each time, and a world whose environment names it.
struct Land {
    world: World,
    sandbox: Running,
}

impl Land {
    async fn new(name: &str) -> Self {
        let config = Config {
            seed_file: Some(SeedFile::parse(include_str!("seed.json")).expect("a seed file")),
            start: Some("2026-11-27T12:00:00Z".parse().expect("a time")),
            clock: ClockMode::Manual,
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await.expect("free ports");
        let mut world = World::new(name);
        for (name, value) in [
            ("PAGERDUTY_API_URL", sandbox.pagerduty_url.as_str()),
            ("PD_API_TOKEN", sandbox.account_token.as_str()),
            ("PAGERDUTY_FROM", "ann@example.test"),
            ("PD_ROUTING_KEY", KEY),
        ] {
            world.env.push((name.to_owned(), value.to_owned()));
        }
        Self { world, sandbox }
    }

    /// Sets a variable, or takes it away.
    fn set(&mut self, name: &str, value: Option<&str>) {
        self.world.env.retain(|(other, _)| other != name);
        self.world.env.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    async fn run(&self, line: &str) -> Ended {
        self.world.run(&line.split_whitespace().collect::<Vec<_>>()).await
    }

    /// Runs a command that has to succeed, and gives what it said.
    async fn said(&self, line: &str) -> String {
        let ended = self.run(line).await;
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        self.shown(line, &ended)
    }

    /// Runs commands, and gives all that they said, as in a terminal.
    async fn story(&self, lines: &[&str]) -> String {
        let mut story = String::new();
        for line in lines {
            let ended = self.run(line).await;
            story += &self.shown(line, &ended);
            story += &format!("[{}]\n\n", ended.code.unwrap_or(-1));
        }
        story
    }

    fn shown(&self, line: &str, ended: &Ended) -> String {
        let text = format!("$ pagebridge {line}\n{}{}", ended.out, ended.err);
        text.replace(&self.sandbox.pagerduty_url, "http://sandbox")
    }
}
