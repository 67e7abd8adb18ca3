//! A place for the store under test, and short verbs.

use crate::{Options, SqliteStore};
use pagebridge_core::{Bridge, Bridges};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pagebridge-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("makes a directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn rules() -> Bridges {
    Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]).with_instance("test")
}

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, rules(), Options::not_durable_for_simulations_only()).expect("opens")
}
