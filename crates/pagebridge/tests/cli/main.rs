//! The real program: what people type, what they read, and how it ends.

mod pair;
mod texts;
mod world;
