//! Every operation as it is sent, in tables: method, path, query, `from`, body.

mod incidents;
mod people;
mod reports;
mod services;
