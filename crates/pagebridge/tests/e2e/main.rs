//! The whole bridge: the real program between two look-alikes, seen only from outside.

mod actions;
mod bad_input;
mod change;
mod chat;
mod circle;
mod commands;
mod disk;
mod doctor;
mod drop_in;
mod events;
mod judging;
mod netbox;
mod outage;
mod posts;
mod program;
mod recipes;
mod rt;
mod send;
mod stackstorm;
mod stopping;
mod subscription;
mod world;
