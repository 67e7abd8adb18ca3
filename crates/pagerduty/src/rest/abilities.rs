//! What the account's plan includes; also the cheapest way to test a token.
//!
//! ```
//! use pagerduty::{Client, rest::abilities};
//!
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&abilities::list())?.url.path(), "/abilities");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use crate::call::{Call, Segment, object};

/// Lists the names of the abilities (`GET /abilities`), e.g. `teams`.
pub fn list() -> Call<Vec<String>> {
    object(Method::GET, [Segment::Fixed("abilities")], "abilities")
}
