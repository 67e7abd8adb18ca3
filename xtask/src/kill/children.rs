//! The two programs: the sandbox, which stays, and the bridge, which does not.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http;

/// Starts a program that writes one line of JSON when it is ready.
fn start(command: &mut Command, log: &Path) -> Result<(Child, Value)> {
    let log_file: File = OpenOptions::new().create(true).append(true).open(log).context("could not open a log")?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file).spawn().context("could not start")?;
    let mut line = String::new();
    let stdout = child.stdout.take().expect("standard output was asked to be a pipe");
    BufReader::new(stdout).read_line(&mut line).context("could not read the line of readiness")?;
    match serde_json::from_str(&line) {
        Ok(ready) => Ok((child, ready)),
        Err(_) => {
            let _ = child.kill();
            let status = child.wait().context("could not wait")?;
            let told = fs::read_to_string(log).unwrap_or_default();
            anyhow::bail!("it did not get ready ({status}): {}", told.lines().last().unwrap_or_default())
        }
    }
}

/// The look-alikes of both systems.
pub(super) struct Sandbox {
    child: Child,
    ready: Value,
    pub(super) control_port: u16,
}

impl Sandbox {
    pub(super) fn start(binary: &Path, dir: &Path, seed: u64) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["sandbox", "--json", "--seed", &seed.to_string()]).current_dir(dir);
        let (child, ready) = start(&mut command, &dir.join("sandbox.log")).context("the sandbox")?;
        let control_port = http::port_of(ready["control"].as_str().unwrap_or_default())?;
        Ok(Self { child, ready, control_port })
    }

    /// Asks the control API for something that must succeed.
    pub(super) fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        http::control(self.control_port, method, path, body)
    }

    pub(super) fn state(&self) -> Result<Value> {
        http::get(self.control_port, "/state")
    }

    /// Lets PagerDuty send its webhooks to a bridge that will be there. Opsgenie's are sent by the clients.
    pub(super) fn subscribe(&self, port: u16) -> Result<()> {
        let secret = self.text("pagerduty", "webhook_secret")?;
        let url = format!("http://127.0.0.1:{port}/pd-webhook");
        self.control("POST", "/pagerduty/webhooks", &json!({"url": url, "secret": secret}))?;
        Ok(())
    }

    pub(super) fn text(&self, system: &str, key: &str) -> Result<String> {
        let text = self.ready[system][key].as_str();
        Ok(text.with_context(|| format!("the sandbox does not tell {system}.{key}"))?.to_owned())
    }

    /// Writes the configuration of an impatient bridge: what takes minutes otherwise must happen within the drill.
    pub(super) fn write_config(&self, dir: &Path, port: u16) -> Result<PathBuf> {
        let text = format!(
            r#"listen = "127.0.0.1:{port}"
store = "sqlite:{store}"

[systems.opsgenie]
kind = "opsgenie"
api_url = "{opsgenie_url}"
api_key = "{api_key}"
integration_id = "{integration}"
calls_per_minute = 0
lease_s = 10
timeout_s = 1

[systems.pagerduty]
kind = "pagerduty"
api_url = "{pagerduty_url}"
api_token = "{token}"
from = "{from}"
service_id = "{service}"
webhook_secrets = "{secret}"
calls_per_minute = 0
lease_s = 10
timeout_s = 1

[[bridges]]
preset = "opsgenie-proxy"
opsgenie = "opsgenie"
pagerduty = "pagerduty"

[delivery]
first_wait_s = 1
longest_wait_s = 2
unanswered_wait_s = 1
"#,
            store = dir.join("pagebridge.db").display(),
            opsgenie_url = self.text("opsgenie", "url")?,
            api_key = self.text("opsgenie", "api_key")?,
            integration = self.text("opsgenie", "integration_id")?,
            pagerduty_url = self.text("pagerduty", "url")?,
            token = self.text("pagerduty", "user_token")?,
            from = self.text("pagerduty", "from")?,
            service = self.text("pagerduty", "service_id")?,
            secret = self.text("pagerduty", "webhook_secret")?,
        );
        let path = dir.join("pagebridge.toml");
        fs::write(&path, text).context("could not write the configuration")?;
        Ok(path)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One life of the bridge.
pub(super) struct Bridge(Option<Child>);

impl Bridge {
    pub(super) fn start(binary: &Path, dir: &Path, config: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["serve", "--json", "--log", "warn", "--config"]).arg(config).current_dir(dir);
        let (child, _) = start(&mut command, &dir.join("bridge.log")).context("the bridge")?;
        Ok(Self(Some(child)))
    }

    /// Kills it as a power cut would; says how it ended if it was over already.
    pub(super) fn kill(mut self) -> Option<ExitStatus> {
        let mut child = self.0.take().expect("taken only here and in drop");
        let ended = child.try_wait().ok().flatten();
        let _ = child.kill();
        let _ = child.wait();
        ended
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
