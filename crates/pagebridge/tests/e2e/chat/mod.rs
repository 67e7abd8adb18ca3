//! Commands in chats: the real program, the sandbox's PagerDuty, and a small stand-in for what the chats answer.

mod buttons;
mod forms;
mod lab;
mod later;
mod plain;
