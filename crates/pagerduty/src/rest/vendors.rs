//! Vendors: the products that integrations are made for.
//!
//! ```
//! use pagerduty::{Client, Paging, rest::vendors};
//!
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&vendors::list(Paging::default()))?.url.path(), "/vendors");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::object::object;
use crate::call::{Call, Segment, object as object_at, page};
use crate::ids::VendorId;
use crate::page::{Page, Paging};

object! {
    /// A vendor.
    Vendor(VendorId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// Address of its site.
        website_url: Option<String>,
        /// Address of its picture.
        logo_url: Option<String>,
        /// Type of integration it needs, e.g. `generic_events_api_inbound_integration`.
        generic_service_type: Option<String>,
    }
}

/// Lists vendors (`GET /vendors`).
pub fn list(paging: Paging) -> Call<Page<Vendor>> {
    page([Segment::Fixed("vendors")], "vendors").paging(paging)
}

/// Reads one vendor (`GET /vendors/{id}`).
pub fn get(id: &VendorId) -> Call<Vendor> {
    object_at(Method::GET, [Segment::Fixed("vendors"), Segment::Id(id.as_str())], "vendor")
}
