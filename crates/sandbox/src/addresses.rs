//! Where the look-alikes listen.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::chat::Chats;
use crate::config::Config;
use crate::control::Control;
use crate::listener::{Answer, Bound, Front};
use crate::proxy::Proxy;
use crate::running::{Handle, StartError};
use crate::shell::{Shared, Shell};
use crate::tls::Tls;

/// The addresses of one sandbox, bound.
pub(crate) struct Listeners {
    pagerduty: Bound,
    tls: Bound,
    proxy: Bound,
    opsgenie: Bound,
    netbox: Bound,
    slack: Bound,
    mattermost: Bound,
    teams: Bound,
    control: Bound,
}

/// The same addresses as clients write them.
pub(crate) struct Urls {
    pub(crate) pagerduty: String,
    pub(crate) tls: String,
    pub(crate) proxy: String,
    pub(crate) opsgenie: String,
    pub(crate) netbox: String,
    pub(crate) slack: String,
    pub(crate) mattermost: String,
    pub(crate) teams: String,
    pub(crate) control: String,
}

impl Urls {
    pub(crate) fn chats(&self) -> [&str; 3] {
        [&self.slack, &self.mattermost, &self.teams]
    }
}

impl Listeners {
    pub(crate) async fn bind(config: &Config) -> Result<Listeners, StartError> {
        Ok(Listeners {
            pagerduty: listen("PagerDuty", config.pagerduty_listen).await?,
            tls: listen("PagerDuty over TLS", config.tls.listen).await?,
            proxy: listen("the proxy", config.tls.proxy_listen).await?,
            opsgenie: listen("Opsgenie", config.opsgenie_listen).await?,
            netbox: listen("NetBox", config.netbox_listen).await?,
            slack: listen("Slack", config.slack_listen).await?,
            mattermost: listen("Mattermost", config.mattermost_listen).await?,
            teams: listen("Teams", config.teams_listen).await?,
            control: listen("control", config.control_listen).await?,
        })
    }

    pub(crate) fn urls(&self) -> Urls {
        let plain = |bound: &Bound| format!("http://{}", bound.address);
        Urls {
            pagerduty: plain(&self.pagerduty),
            tls: format!("https://{}", self.tls.address),
            proxy: plain(&self.proxy),
            opsgenie: plain(&self.opsgenie),
            netbox: plain(&self.netbox),
            slack: plain(&self.slack),
            mattermost: plain(&self.mattermost),
            teams: plain(&self.teams),
            control: plain(&self.control),
        }
    }

    pub(crate) fn serve(self, handle: &Handle, shared: &Shared, tls: Tls) {
        let Shared { tracker, cancel, .. } = shared;
        let pagerduty = Arc::new(Shell { inner: handle.pagerduty.clone(), shared: shared.clone() });
        let opsgenie = Arc::new(Shell { inner: handle.opsgenie.clone(), shared: shared.clone() });
        let netbox = Arc::new(Shell { inner: handle.netbox.clone(), shared: shared.clone() });
        let control = Arc::new(Control::new(handle.clone()));
        let secure = Front {
            answerer: pagerduty.clone(),
            local: self.tls.address,
            tls: Some(tls.acceptor),
            cancel: cancel.clone(),
        };
        let secure = Arc::new(secure);
        let proxy = Proxy { front: secure.clone(), names: tls.names, tracker: tracker.clone(), cancel: cancel.clone() };
        tracker.spawn(self.tls.serve(secure, tracker.clone(), cancel.clone()));
        tracker.spawn(self.proxy.serve(Arc::new(proxy), tracker.clone(), cancel.clone()));
        plain(self.pagerduty, pagerduty, shared);
        plain(self.opsgenie, opsgenie, shared);
        plain(self.netbox, netbox, shared);
        let Chats { slack, mattermost, teams } = handle.chats.clone();
        plain(self.slack, Arc::new(Shell { inner: slack, shared: shared.clone() }), shared);
        plain(self.mattermost, Arc::new(Shell { inner: mattermost, shared: shared.clone() }), shared);
        plain(self.teams, Arc::new(Shell { inner: teams, shared: shared.clone() }), shared);
        plain(self.control, control, shared);
    }
}

/// Serves one answerer over plain HTTP.
fn plain(bound: Bound, answerer: Arc<impl Answer>, shared: &Shared) {
    let front = Front { answerer, local: bound.address, tls: None, cancel: shared.cancel.clone() };
    shared.tracker.spawn(bound.serve(Arc::new(front), shared.tracker.clone(), shared.cancel.clone()));
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<Bound, StartError> {
    Bound::bind(address).await.map_err(|source| StartError::Bind { what, address, source })
}
