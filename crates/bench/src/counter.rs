//! Stands between the program and a far side, and counts what goes through.

use crate::load::content_length;
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What has gone through so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Through {
    pub(crate) calls: u64,
    /// From the end of a request to the begin of its answer.
    pub(crate) answering: Duration,
    /// Of the answers.
    pub(crate) bytes: u64,
}

/// One way through.
pub(crate) struct Counter {
    pub(crate) address: SocketAddr,
    through: Arc<Mutex<Through>>,
}

impl Counter {
    /// Listens for connections, each of which leads to `to`. Its threads end with the process.
    pub(crate) fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let through = Arc::<Mutex<Through>>::default();
        let counted = through.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if let Err(error) = join(near, to, &counted) {
                    eprintln!("a call did not get through to {to}: {error:#}");
                }
            }
        });
        Ok(Self { address, through })
    }

    pub(crate) fn so_far(&self) -> Through {
        *self.through.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn join(near: TcpStream, to: SocketAddr, through: &Arc<Mutex<Through>>) -> Result<()> {
    let far = TcpStream::connect(to).context("it cannot be reached")?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let asked = Arc::<Mutex<Option<Instant>>>::default();
    let (back_from, back_to) = (far.try_clone()?, near.try_clone()?);
    let (there, back) = ((through.clone(), asked.clone()), (through.clone(), asked));
    // What breaks off is told to both ends, which see to it themselves.
    std::thread::spawn(move || {
        let _ = requests(&near, &far, &there.0, &there.1);
        let _ = far.shutdown(Shutdown::Write);
    });
    std::thread::spawn(move || {
        let _ = answers(&back_from, &back_to, &back.0, &back.1);
        let _ = back_to.shutdown(Shutdown::Both);
    });
    Ok(())
}

fn requests(
    mut near: &TcpStream,
    mut far: &TcpStream,
    through: &Mutex<Through>,
    asked: &Mutex<Option<Instant>>,
) -> std::io::Result<()> {
    let (mut buffer, mut requests) = (vec![0; 16 * 1024], Requests::default());
    loop {
        let count = near.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let begun = requests.take(&buffer[..count]);
        through.lock().unwrap_or_else(PoisonError::into_inner).calls += begun;
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        far.write_all(&buffer[..count])?;
    }
}

fn answers(
    mut far: &TcpStream,
    mut near: &TcpStream,
    through: &Mutex<Through>,
    asked: &Mutex<Option<Instant>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = far.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let waited = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        {
            let mut through = through.lock().unwrap_or_else(PoisonError::into_inner);
            through.answering += waited.map_or(Duration::ZERO, |since| since.elapsed());
            through.bytes += count as u64;
        }
        near.write_all(&buffer[..count])?;
    }
}

/// Finds where requests begin in what a connection carries.
#[derive(Default)]
struct Requests {
    head: Vec<u8>,
    /// What is left of a body.
    body: usize,
}

impl Requests {
    /// Says how many requests have been told whole up to their body.
    fn take(&mut self, mut bytes: &[u8]) -> u64 {
        let mut begun = 0;
        while !bytes.is_empty() {
            let skipped = self.body.min(bytes.len());
            self.body -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                break;
            }
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some(end) = self.head.windows(4).position(|window| window == b"\r\n\r\n") else { break };
            bytes = &bytes[end + 4 - before..];
            self.body = content_length(&String::from_utf8_lossy(&self.head[..end]));
            self.head.clear();
            begun += 1;
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_however_they_are_cut() {
        let text = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\nGET /c HTTP/1.1\r\n\r\n";
        for size in 1..text.len() {
            let mut requests = Requests::default();
            assert_eq!(text.chunks(size).map(|chunk| requests.take(chunk)).sum::<u64>(), 3, "pieces of {size}");
        }
    }

    #[test]
    fn what_goes_through_is_counted() {
        let far = TcpListener::bind("127.0.0.1:0").expect("a port");
        let counter = Counter::start(far.local_addr().expect("bound")).expect("listens");
        let mut near = TcpStream::connect(counter.address).expect("it listens");
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
        let (mut there, _) = far.accept().expect("it comes through");
        let mut request = [0; 18];
        there.read_exact(&mut request).expect("whole");
        there.write_all(b"HTTP/1.1 204 X\r\n\r\n").expect("answered");
        let mut answer = [0; 18];
        near.read_exact(&mut answer).expect("whole");
        let through = counter.so_far();
        assert_eq!((through.calls, through.bytes), (1, 18));
        assert!(through.answering > Duration::ZERO);
    }
}
