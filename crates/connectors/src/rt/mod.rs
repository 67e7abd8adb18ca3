//! Request Tracker 5: tickets by REST 2, followed by listings.

mod settings;

pub use settings::{ANY, Closing, NotesAs, Priority, Queue, Service, Settings};
