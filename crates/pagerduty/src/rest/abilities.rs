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

use crate::call::{Call, Segment, nothing, object};

const ABILITIES: Segment<'static> = Segment::Fixed("abilities");

/// Lists the names of the abilities (`GET /abilities`), e.g. `teams`.
pub fn list() -> Call<Vec<String>> {
    object(Method::GET, [ABILITIES], "abilities")
}

/// Asks for one ability (`GET /abilities/{name}`): a success if the account has it, 402 if not, 404 if there is no such ability.
pub fn test(name: &str) -> Call<()> {
    nothing(Method::GET, [ABILITIES, Segment::Id(name)])
}
