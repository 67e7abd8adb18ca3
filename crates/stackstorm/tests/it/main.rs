//! The pack, and the validator that it has to pass.

mod faults;
mod pack;
