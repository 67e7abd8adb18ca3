//! What the follower keeps in the store, so that it is known after a restart and by other nodes and commands.

use super::NetBox;
use pagebridge_core::Timestamp;
use pagebridge_ports::{Store, StoreError};

impl NetBox {
    /// Keeps when NetBox was first followed.
    pub(super) async fn keep_begun(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        if self.follow.state().begun.is_some() {
            return Ok(());
        }
        let name = format!("netbox/{}/begun", self.settings.system);
        let kept = store.kept().await?;
        let before = kept.iter().find(|(kept, _)| *kept == name).and_then(|(_, at)| at.expose().parse().ok());
        if before.is_none() {
            store.keep(&name, &now.0.to_string()).await?;
        }
        self.follow.state().begun = Some(before.map_or(now, Timestamp));
        Ok(())
    }

    /// Keeps what was sent by hand, so that it is known after a restart.
    pub(super) async fn keep_ordered(&self, store: &dyn Store) -> Result<(), StoreError> {
        let name = format!("netbox/{}/ordered", self.settings.system);
        let kept = store.kept().await?;
        let kept = kept.iter().find(|(kept, _)| *kept == name).map_or("", |(_, names)| names.expose());
        let new = self.follow.state().merge_ordered(kept);
        match new {
            Some(names) if names.is_empty() => store.forget(&name).await,
            Some(names) => store.keep(&name, &names).await,
            None => Ok(()),
        }
    }

    /// Keeps when a webhook last came, so that another process can tell.
    pub(super) async fn keep_heard(&self, store: &dyn Store) -> Result<(), StoreError> {
        let heard = {
            let state = self.follow.state();
            state.heard.filter(|_| state.heard != state.heard_kept)
        };
        if let Some(at) = heard {
            store.keep(&self.heard_name(), &at.0.to_string()).await?;
            self.follow.state().heard_kept = Some(at);
        }
        Ok(())
    }

    fn heard_name(&self) -> String {
        format!("netbox/{}/heard", self.settings.system)
    }

    pub(super) async fn heard_lately(&self, store: &dyn Store) -> Result<String, StoreError> {
        let name = self.heard_name();
        let kept = store.kept().await?;
        let at = kept.iter().find(|(kept, _)| *kept == name).and_then(|(_, at)| at.expose().parse::<i64>().ok());
        Ok(match at {
            Some(at) => {
                let ago = self.clock.now().ms_since(Timestamp(at)) / 60_000;
                format!("the last webhook came {ago} minutes ago")
            }
            None => "no webhook has come yet: without an event rule in NetBox, changes are seen up to one look later"
                .to_owned(),
        })
    }
}
