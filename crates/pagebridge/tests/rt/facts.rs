//! What the connector takes for granted about Request Tracker, asked of the one that is installed.

use crate::lab::{Lab, User, field, number, variable};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn it_answers_with_its_version_to_a_token_and_to_nothing_else() {
    let Some(lab) = Lab::find() else { return };
    assert_eq!(lab.get(User::Bridge, "rt").await["Version"], variable("RT_TEST_VERSION"));
    let token = User::Bridge.token();
    let unauthorized = json!({"message": "Unauthorized"});
    for wrong in [format!("Bearer {token}"), "token 1-1-00000000000000000000000000000000".to_owned()] {
        let said = lab.call_as(&[("authorization", &wrong)], "rt").await;
        assert_eq!((said.status, said.body), (401, unauthorized.clone()));
    }
    // It takes whoever names a browser for a person, and shows a person the way to the login page.
    let said = lab.call_as(&[("user-agent", "Mozilla/5.0"), ("authorization", "token wrong")], "rt").await;
    assert_eq!(said.status, 302);
}

#[tokio::test]
async fn a_put_is_200_also_when_nothing_was_done() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    let before = lab.history(id).await.len();
    assert_eq!(lab.put(User::Bridge, id, json!({"Status": "new"})).await, json!([]));
    assert_eq!(lab.put(User::Bridge, id, json!({"CustomFields": {"No such field": "x"}})).await, json!([]));
    let sentences = lab.put(User::Bridge, id, json!({"Status": "no such status"})).await;
    assert_eq!(sentences.as_array().map(Vec::len), Some(1), "{sentences}");
    assert_eq!(lab.ticket(id).await["Status"], "new");
    assert_eq!(lab.history(id).await.len(), before);
}

#[tokio::test]
async fn a_ticket_that_has_changed_is_not_overwritten() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    let path = format!("ticket/{id}");
    let old = lab.call(User::Bridge, Method::GET, &path, Value::Null).await.etag;
    lab.put(User::Alice, id, json!({"Status": "stalled"})).await;
    let said = lab.call_if(User::Bridge, Method::PUT, &path, json!({"Status": "open"}), &old).await;
    assert_eq!((said.status, said.body), (412, json!({"message": "Precondition Failed"})));
    let fresh = lab.call(User::Bridge, Method::GET, &path, Value::Null).await.etag;
    assert_ne!(fresh, old);
    let said = lab.call_if(User::Bridge, Method::PUT, &path, json!({"Status": "open"}), &fresh).await;
    assert_eq!(said.status, 200);
    assert_eq!(lab.ticket(id).await["Status"], "open");
}

#[tokio::test]
async fn what_does_not_exist_looks_like_an_empty_list() {
    let Some(lab) = Lab::find() else { return };
    for query in ["Queue = 'No such queue'", "CF.{No such field} = 'Q1'"] {
        let page = lab.search(User::Bridge, "tickets", &[("query", query)]).await;
        assert_eq!((&page["count"], &page["items"]), (&json!(0), &json!([])), "{query}");
    }
    let said = lab.call(User::Bridge, Method::GET, "queue/No%20such%20queue", Value::Null).await;
    assert_eq!(said.status, 403);
    let bare = lab.get(User::Bridge, "queue/Bare").await;
    assert_eq!(bare["TicketCustomFields"], json!([]), "only here it shows that a field is not applied");
}

#[tokio::test]
async fn rights_that_are_missing_are_told_in_different_ways() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    let comment = json!({"Content": "It is the log volume", "ContentType": "text/plain"});
    for (user, id) in [(User::Mute, id), (User::Powerless, id), (User::Bridge, 999_999_999)] {
        let said = lab.call(user, Method::POST, &format!("ticket/{id}/comment"), comment.clone()).await;
        assert_eq!(said.status, 400, "{user:?} {id}: {said:?}");
    }
    for (method, body) in [(Method::GET, Value::Null), (Method::PUT, json!({"Status": "open"}))] {
        assert_eq!(lab.call(User::Powerless, method, &format!("ticket/{id}"), body).await.status, 403);
    }
    for (user, queue) in [(User::Powerless, &*queue), (User::Bridge, "Closed"), (User::Bridge, "No such queue")] {
        let said = lab.call(user, Method::POST, "ticket", json!({"Queue": queue, "Subject": "x"})).await;
        assert_eq!(said.status, 403, "{user:?} {queue}: {said:?}");
    }
}

#[tokio::test]
async fn a_reply_opens_a_ticket_in_the_name_of_the_system_and_a_comment_does_not() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    lab.write(User::Bridge, id, "comment", "only for us").await;
    assert_eq!(lab.ticket(id).await["Status"], "new");
    lab.write(User::Bridge, id, "correspond", "for everybody").await;
    assert_eq!(lab.ticket(id).await["Status"], "open");
    let history = lab.history(id).await;
    let place = history.iter().position(|row| row["Type"] == "Status").expect("the change of status");
    assert_eq!(history[place]["Creator"]["id"], "RT_System");
    assert!(history[..place].iter().any(|row| row["Type"] == "Correspond" && row["Creator"]["id"] == "bridge"));
}

#[tokio::test]
async fn a_merged_ticket_answers_with_the_other_ones_number() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let kept = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    let gone =
        lab.create(User::Alice, &queue, "Disk full as well", json!({"CustomFields": {"PagerDuty ID": "Q1"}})).await;
    lab.put(User::Alice, gone, json!({"MergeInto": kept})).await;
    let ticket = lab.ticket(gone).await;
    assert_eq!(number(&ticket["id"]), kept);
    assert_eq!(field(&ticket, "PagerDuty ID"), "", "the merge does not carry the field along");
}

#[tokio::test]
async fn a_subject_is_cut_and_made_one_line_and_nobody_is_told() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Bridge, &queue, &format!("two\nlines {}", "x".repeat(300)), json!({})).await;
    let subject = lab.ticket(id).await["Subject"].as_str().expect("text").to_owned();
    assert!(subject.starts_with("twolines x"), "{subject}");
    assert_eq!(subject.chars().count(), 200);
}

#[tokio::test]
async fn the_transactions_of_a_queue_are_walked_by_their_numbers() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let mut wanted = Vec::new();
    for n in 0..6 {
        // A requestor is mailed, and each mail is a row that not everybody may see.
        let more = json!({"Requestor": "dana@example.test", "CustomFields": {"PagerDuty ID": format!("Q{n}")}});
        let id = lab.create(User::Alice, &queue, &format!("Disk {n} full"), more).await;
        lab.put(User::Alice, id, json!({"Status": "open", "Priority": 50})).await;
        lab.write(User::Alice, id, "comment", "looking").await;
        let history = lab.history(id).await;
        assert!(history.iter().any(|row| row["Type"] == "EmailRecord"), "{history:?}");
        wanted.extend(history.iter().map(|row| number(&row["id"])));
    }
    let (mut seen, mut cursor) = (Vec::new(), 0);
    loop {
        let query = format!("ObjectType = 'RT::Ticket' AND TicketQueue = '{queue}' AND id > {cursor}");
        let parameters = [
            ("query", &*query),
            ("per_page", "5"),
            ("orderby", "id"),
            ("order", "ASC"),
            ("fields", "ObjectId,Type,Field,OldValue,NewValue,Creator,Created"),
        ];
        let page = lab.search(User::Bridge, "transactions", &parameters).await;
        let items = page["items"].as_array().expect("a list");
        let Some(last) = items.last() else { break };
        assert!(number(&last["id"]) > cursor, "the walk goes on");
        cursor = number(&last["id"]);
        seen.extend(items.iter().map(|row| number(&row["id"])));
    }
    assert_eq!(seen, wanted, "with ShowOutgoingEmail nothing is hidden, and nothing comes twice");
}

#[tokio::test]
async fn a_date_is_understood_in_every_zone_when_it_names_its_own() {
    let Some(lab) = Lab::find() else { return };
    let queue = Lab::queue();
    let id = lab.create(User::Alice, &queue, "Disk full", json!({})).await;
    let updated = lab.ticket(id).await["LastUpdated"].as_str().expect("a time").to_owned();
    assert!(updated.ends_with('Z') && !updated.contains('.'), "{updated}");
    let query = format!("Queue = '{queue}' AND LastUpdated >= '{updated}'");
    let page = lab.search(User::Bridge, "tickets", &[("query", &query), ("fields", "Status")]).await;
    assert_eq!((&page["count"], &page["items"][0]["Status"]), (&json!(1), &json!("new")));
}
