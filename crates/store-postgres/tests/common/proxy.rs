//! A wire between store and server that tests can cut.
