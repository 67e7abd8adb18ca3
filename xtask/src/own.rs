//! What a server that the tests start has for itself: a directory, a password, a port.

use std::fs::{DirBuilder, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// Makes a directory that only this user can enter.
pub(crate) fn directory(what: &str) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("pagebridge-{what}-{}-{count}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    // Fails when the path exists: it might be somebody else's.
    DirBuilder::new()
        .mode(0o700)
        .create(&dir)
        .with_context(|| format!("could not make the private directory {}", dir.display()))?;
    Ok(dir)
}

/// Makes up a password.
pub(crate) fn password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("could not read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Finds a port that nobody listens on; somebody may until it is used.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("could not find a free port")?;
    Ok(listener.local_addr().context("could not read back the free port")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ() {
        let (one, other) = (password().expect("urandom"), password().expect("urandom"));
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
