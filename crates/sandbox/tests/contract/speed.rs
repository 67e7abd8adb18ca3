//! The sandbox must not be what a load test measures.

use std::sync::Arc;
use std::time::Instant;

use pagebridge_sandbox::{Config, PagerDutyConfig};

use crate::common::World;

/// Printed, with a floor so low that only a change of kind (a scan per create) can fail it on a busy machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_stay_fast_as_incidents_pile_up() {
    const LANES: usize = 32;
    const EACH: usize = 100;
    let pagerduty = PagerDutyConfig { rest_per_minute: None, ..PagerDutyConfig::default() };
    let world = Arc::new(World::with(Config { pagerduty, ..Config::default() }).await);
    let begun = Instant::now();
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let world = world.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    world.incident("x", Some(&format!("{lane}-{number}"))).await;
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("every create succeeds");
    }
    let per_second = (LANES * EACH) as f64 / begun.elapsed().as_secs_f64();
    println!("{per_second:.0} creates per second, client and sandbox in one unoptimised process");
    assert_eq!(world.sandbox.snapshot().pagerduty.incidents.len(), LANES * EACH);
    assert!(per_second > 200.0, "{per_second:.0} creates per second");
}
