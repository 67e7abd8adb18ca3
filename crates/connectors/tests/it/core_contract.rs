//! What the core makes of the outcomes that are easy to get wrong.

use crate::support::{FarSide, NOW, on, pagerduty};
use pagebridge_core::{
    Bridge, Bridges, Incident, IncidentId, Input, News, Opening, Status, SystemName, Transition, What, Work, transition,
};
use pagebridge_ports::Connector;
use serde_json::json;

fn take(incident: Option<&Incident>, input: &Input) -> Incident {
    let bridges = Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]);
    let Transition { written, .. } = transition(incident, &[], input, &bridges, IncidentId(1), NOW);
    written.expect("it changes something").incident
}

/// A person acknowledged the incident before we learned that it was made: that goes back to the origin, and is not
/// undone.
#[tokio::test]
async fn what_a_person_did_before_the_making_was_known_is_carried_on() {
    let opened =
        take(None, &Input::news(SystemName::new("opsgenie"), "key-1", News::Opened(Opening::titled("disk full"))));
    let pd = SystemName::new("pagerduty");
    let Some(Work::Deliver(mut create)) = opened.work(&pd, "x") else { panic!("nothing to deliver") };
    create.uncertain = true;
    const FIND: &str = "GET /incidents?incident_key=key-1&service_ids%5B%5D=PSVC001&statuses%5B%5D=triggered\
        &statuses%5B%5D=acknowledged&statuses%5B%5D=resolved&sort_by=created_at%3Adesc&limit=100";
    let found = json!({"incidents": [{"id": "R", "status": "acknowledged", "incident_key": "key-1",
        "last_status_change_by": {"id": "PANN", "type": "user_reference", "summary": "Ann"}}]});
    let far_side = FarSide::follows([on(FIND, 200, found)]).await;
    let outcome = pagerduty(&far_side.url).deliver(&create).await;
    far_side.done();
    let what = What::Settled { number: create.number, step: Some(create.step), started_at: NOW, outcome };
    let after = take(Some(&opened), &Input::about(pd.clone(), what));
    let want = |incident: &Incident, system: &str| incident.link(system).and_then(|link| link.want);
    assert_eq!(want(&after, "pagerduty"), Some(Status::Acknowledged));
    assert_eq!(want(&after, "opsgenie"), Some(Status::Acknowledged));
    assert!(matches!(after.work(&pd, "x"), Some(Work::Poll { .. })), "nothing is left to do there");
}
