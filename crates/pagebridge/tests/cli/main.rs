//! The real program: what people type, what they read, and how it ends.

mod pair;
mod rest;
mod texts;
mod world;
