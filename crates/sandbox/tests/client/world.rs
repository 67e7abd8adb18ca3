//! A sandbox, and a sender that is pointed at it.

use pagebridge_sandbox::{Config, Running, Sandbox};
use pagerduty::{Call, Client, RetryPolicy, Retrying};

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) sender: Retrying,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> World {
        let sandbox = Sandbox::start(config).await.expect("free ports");
        let builder = Client::builder()
            .rest_url(&sandbox.pagerduty_url)
            .events_url(&sandbox.pagerduty_url)
            .token(sandbox.account_token.as_str())
            .from(&sandbox.from)
            .no_proxy();
        let client = builder.build().expect("valid settings");
        // Tests do not wait.
        let policy = RetryPolicy { backoff_ms_first: 0, backoff_ms_max: 0, ..RetryPolicy::default() };
        World { sender: Retrying::new(client, policy), sandbox }
    }

    /// Carries out a call that has to succeed.
    pub(crate) async fn value<T>(&self, call: Call<T>) -> T {
        match self.sender.call(&call).await {
            Ok(reply) => reply.value,
            Err(error) => panic!("{call:?}: {error}"),
        }
    }

    /// The lines of the open incidents, each up to the parenthesis.
    pub(crate) async fn open(&self) -> Vec<String> {
        let lines = crate::recipes::incidents::open(&self.sender).await.expect("open incidents");
        lines.iter().map(|line| line.split(" (").next().unwrap_or_default().to_owned()).collect()
    }
}
