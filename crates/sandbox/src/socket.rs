//! A socket that can be reset instead of closed, and read again from where somebody else stopped.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Makes its socket end with a reset, whatever layers lie above it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A socket that is reset instead of closed when its switch is on.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    switch: ResetSwitch,
    /// Bytes that were read ahead by another protocol on the same connection.
    ahead: Bytes,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Socket {
        drop(stream.set_nodelay(true));
        Socket { stream, switch: ResetSwitch::default(), ahead: Bytes::new() }
    }

    /// Gives back what was read ahead of the next protocol.
    pub(crate) fn rewound(mut self, ahead: Bytes) -> Socket {
        self.ahead = ahead;
        self
    }

    pub(crate) fn switch(&self) -> ResetSwitch {
        self.switch.clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.switch.is_on() {
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let part = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead[..part]);
            self.ahead.advance(part);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.switch.is_on() {
            // TLS would take its leave before the reset.
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.is_on() {
            // A half-close would tell the client "end of stream" before the reset does.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.switch.is_on() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
