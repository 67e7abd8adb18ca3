//! What one client meets: a sandbox and, on the way to it, the bridge.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Against;
use super::tools::Tools;
use crate::http;
use crate::kept::Kept;
use crate::own;

/// More than the 100 rows of the largest page.
const OPEN_INCIDENTS: usize = 105;
/// What opens the bridge's API, where the configuration asks for it.
const API_TOKEN: &str = "a-token-for-peers-of-enough-letters";

/// The running programs, and how a client reaches them. Dropping it ends them.
pub(super) struct World {
    _programs: Vec<Kept>,
    ready: Value,
    /// Where the client sends to.
    url: String,
    tls_url: String,
    proxy_url: String,
    ca_file: String,
    routing_key: String,
    control_port: u16,
    program: PathBuf,
}

impl World {
    pub(super) fn start(binary: &Path, tools: &Tools, against: Against, example: &str, dir: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["sandbox", "--json"]).current_dir(dir);
        let (sandbox, ready) = Kept::ready(&command, &dir.join("sandbox.log")).context("the sandbox")?;
        let control_port = http::port_of(text(&ready["control"])?)?;
        let pagerduty = &ready["pagerduty"];
        let mut world = Self {
            _programs: vec![sandbox],
            url: text(&pagerduty["url"])?.to_owned(),
            tls_url: text(&pagerduty["tls_url"])?.to_owned(),
            proxy_url: text(&pagerduty["proxy_url"])?.to_owned(),
            ca_file: text(&pagerduty["ca_file"])?.to_owned(),
            routing_key: text(&pagerduty["routing_key"])?.to_owned(),
            ready,
            control_port,
            program: binary.to_owned(),
        };
        match against {
            Against::Sandbox => world.fill()?,
            Against::Bridge => world.put_bridge(tools, example, dir)?,
        }
        Ok(world)
    }

    /// Opens as many incidents as need more than one page.
    fn fill(&self) -> Result<()> {
        for number in 1..=OPEN_INCIDENTS {
            let incident = json!({"title": format!("Open incident {number}")});
            http::control(self.control_port, "POST", "/pagerduty/incidents", &incident)?;
        }
        Ok(())
    }

    /// Starts a bridge that passes events on to the sandbox, with TLS and a proxy in front of it.
    fn put_bridge(&mut self, tools: &Tools, example: &str, dir: &Path) -> Result<()> {
        let port = own::free_port()?;
        let mut command = Command::new(&self.program);
        command.args(["serve", "--json", "--log", "warn", "--config"]).arg(tools.root().join(example));
        command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        command.arg("--store").arg(format!("sqlite:{}", dir.join("pagebridge.db").display()));
        let pagerduty = &self.ready["pagerduty"];
        for (variable, key) in [
            ("PAGERDUTY_EVENTS_URL", "url"),
            ("PAGERDUTY_API_URL", "url"),
            ("PAGERDUTY_ROUTING_KEY", "routing_key"),
            ("PAGERDUTY_API_TOKEN", "user_token"),
            ("PAGERDUTY_FROM", "from"),
            ("PAGERDUTY_SERVICE_ID", "service_id"),
            ("PAGERDUTY_WEBHOOK_SECRET", "webhook_secret"),
        ] {
            command.env(variable, text(&pagerduty[key])?);
        }
        command.env("PAGEBRIDGE_API_TOKEN", API_TOKEN).current_dir(dir);
        let (bridge, _) = Kept::ready(&command, &dir.join("bridge.log")).context("the bridge")?;
        let (front, ready) = Kept::ready(&tools.front(port, dir), &dir.join("front.log")).context("the TLS front")?;
        self.url = format!("http://127.0.0.1:{port}");
        self.tls_url = text(&ready["tls_url"])?.to_owned();
        self.proxy_url = text(&ready["proxy_url"])?.to_owned();
        self.ca_file = text(&ready["ca_file"])?.to_owned();
        self._programs.extend([bridge, front]);
        // As in production, PagerDuty tells the bridge what became of its incidents.
        let subscription =
            json!({"url": format!("{}/pd-webhook", self.url), "secret": &self.ready["pagerduty"]["webhook_secret"]});
        http::control(self.control_port, "POST", "/pagerduty/webhooks", &subscription)?;
        Ok(())
    }

    /// Tells a client's program where to send to and what to expect there.
    pub(super) fn describe(&self, command: &mut Command, against: Against, dir: &Path) {
        let pagerduty = &self.ready["pagerduty"];
        let given = |key: &str| pagerduty[key].as_str().unwrap_or_default();
        command
            .current_dir(dir)
            .env("PEER_AGAINST", against.name())
            .env("PEER_DIR", dir)
            .env("PEER_URL", &self.url)
            .env("PEER_TLS_URL", &self.tls_url)
            .env("PEER_PROXY_URL", &self.proxy_url)
            .env("PEER_CA_FILE", &self.ca_file)
            .env("PEER_ROUTING_KEY", &self.routing_key)
            .env("PEER_CONTROL_URL", format!("http://127.0.0.1:{}", self.control_port))
            .env("PEER_USER_TOKEN", given("user_token"))
            .env("PEER_ACCOUNT_TOKEN", given("account_token"))
            .env("PEER_FROM", given("from"))
            .env("PEER_SERVICE_ID", given("service_id"))
            .env("PEER_API_TOKEN", API_TOKEN)
            .env("PEER_PROGRAM", &self.program)
            .env("PEER_OPEN_INCIDENTS", OPEN_INCIDENTS.to_string());
        // Whom to trust, each in the words of another library.
        for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            command.env(variable, &self.ca_file);
        }
        // A proxy of this machine would not find the sandbox.
        for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command.env("https_proxy", &self.proxy_url).env("no_proxy", "127.0.0.1,localhost");
    }

    /// Returns what the sandbox's PagerDuty holds.
    pub(super) fn far(&self) -> Result<Value> {
        let mut state = http::get(self.control_port, "/state")?;
        Ok(state["pagerduty"].take())
    }
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("the line of readiness lacks an address or a credential")
}
