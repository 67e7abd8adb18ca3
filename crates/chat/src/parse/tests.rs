use super::*;

const NOW: i64 = 1_772_366_400_000; // 2026-03-01T12:00:00Z
const HOUR: i64 = 3_600_000;

fn what(text: &str) -> What {
    parse(text, NOW).unwrap_or_else(|misread| panic!("{text}: {misread:?}")).what
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_four_aliases_are_read_word_for_word() {
    let create = |text: &str| What::Create { description: text.to_owned() };
    assert_eq!(what("create incident the disk is full"), create("the disk is full"));
    assert_eq!(what("CREATE  Incident \"the disk is full\""), create("the disk is full"));
    assert_eq!(what("create incident it's from ann@example.com"), create("it's from ann@example.com"));
    assert_eq!(what("create incident \"a\" and \"b\""), create("\"a\" and \"b\""));
    let open = |statuses: &[&'static str]| What::Incidents { statuses: statuses.to_vec(), is_alias: true };
    for (text, statuses) in [
        ("get open incidents", &["triggered", "acknowledged"][..]),
        ("Get Open Incidents triggered", &["triggered"]),
        ("get open incidents [triggered,acknowledged]", &["triggered", "acknowledged"]),
        ("get open incidents statuses=[triggered, resolved]", &["triggered", "resolved"]),
        ("get open incidents statuses=acknowledged", &["acknowledged"]),
        ("get open incidents triggered acknowledged triggered", &["triggered", "acknowledged"]),
    ] {
        assert_eq!(what(text), open(statuses), "{text}");
    }
    let read = parse("ack incident id Q123 from ann@example.com", NOW).expect("read");
    assert_eq!(read.what, What::Acknowledge { incidents: names(&["Q123"]) });
    assert_eq!(read.from.as_deref(), Some("ann@example.com"));
    let read = parse("resolve incident id Q123 from ann@example.com", NOW).expect("read");
    assert_eq!(read.what, What::Resolve { incidents: names(&["Q123"]) });
    assert_eq!(read.from.as_deref(), Some("ann@example.com"));
    let read = parse("resolve incident id Q123", NOW).expect("read");
    assert_eq!((read.what, read.from), (What::Resolve { incidents: names(&["Q123"]) }, None));
}

#[test]
fn incidents_are_named_by_id_number_or_key_and_may_be_several() {
    for (text, wanted) in [
        ("ack 42", &["42"][..]),
        ("ACK 42 43", &["42", "43"]),
        ("acknowledge #42, #43 and Q12AB", &["#42", "#43", "Q12AB"]),
        ("ack [42,43]", &["42", "43"]),
        ("ack incidents 42 42", &["42"]),
        ("ack key:db/disk,1", &["key:db/disk,1"]),
        ("ack \"key:db disk\" 43", &["key:db disk", "43"]),
        ("!ack 42", &["42"]),
        ("/ack 42", &["42"]),
    ] {
        assert_eq!(what(text), What::Acknowledge { incidents: names(wanted) }, "{text}");
    }
}

#[test]
fn the_short_forms() {
    let note = |text: &str| What::Note { incident: "42".to_owned(), text: text.to_owned() };
    assert_eq!(what("note 42 failing over  now"), note("failing over  now"));
    assert_eq!(what("note incident 42 \"failing over\""), note("failing over"));
    assert_eq!(what("note 42 heard from ann@example.com"), note("heard from ann@example.com"));
    let snooze = |incidents: &[&str], seconds| What::Snooze { incidents: names(incidents), seconds };
    assert_eq!(what("snooze 42 2h"), snooze(&["42"], 7_200));
    assert_eq!(what("snooze 42 for 90 minutes"), snooze(&["42"], 5_400));
    assert_eq!(what("snooze 42 43 2 hours"), snooze(&["42", "43"], 7_200));
    assert_eq!(what("snooze 42"), snooze(&["42"], 900));
    let to = |to: &[&str]| What::Reassign { incidents: names(&["42"]), to: names(to) };
    assert_eq!(what("reassign 42 to ann@example.com"), to(&["ann@example.com"]));
    assert_eq!(what("assign 42 to @ann"), to(&["@ann"]));
    assert_eq!(what("reassign 42 to Ann Berg, bob@example.com"), to(&["Ann Berg", "bob@example.com"]));
    let escalate = |level| What::Escalate { incident: "42".to_owned(), level };
    assert_eq!(what("escalate 42"), escalate(None));
    assert_eq!(what("escalate 42 to level 2"), escalate(Some(2)));
    assert_eq!(what("escalate 42 to 3"), escalate(Some(3)));
    assert_eq!(what("escalate 42 level 2"), escalate(Some(2)));
    let merge = What::Merge { sources: names(&["43", "44"]), target: "42".to_owned() };
    assert_eq!(what("merge 43 44 into 42"), merge);
    assert_eq!(what("show #42"), What::Show { incident: "#42".to_owned() });
    assert_eq!(what("incident 42"), What::Show { incident: "42".to_owned() });
    let open = What::Incidents { statuses: vec!["triggered", "acknowledged"], is_alias: false };
    assert_eq!(what("incidents"), open);
}

#[test]
fn who_is_on_call() {
    let about = |about: Option<&str>| What::OnCall { about: about.map(str::to_owned) };
    for (text, wanted) in [
        ("who is on call", None),
        ("who is on call?", None),
        ("oncall", None),
        ("on call Primary", Some("Primary")),
        ("who is on call for Data Base?", Some("Data Base")),
        ("Who Is On Call for \"Data Base\"", Some("Data Base")),
    ] {
        assert_eq!(what(text), about(wanted), "{text}");
    }
}

#[test]
fn overrides() {
    let wanted = |from_ms, until_ms| What::Override {
        schedule: "Data Base".to_owned(),
        user: "ann@example.com".to_owned(),
        from_ms,
        until_ms,
    };
    for (text, from, until) in [
        ("override Data Base by ann@example.com for 8h", 0, 8),
        ("override \"Data Base\" for ann@example.com for 8 hours", 0, 8),
        ("override Data Base by ann@example.com until 18:00", 0, 6),
        ("override Data Base by ann@example.com from 14:00 until 18:00", 2, 6),
        ("override Data Base by ann@example.com from 14:00 to 18:00", 2, 6),
        ("override Data Base by ann@example.com from 14:00..18:00", 2, 6),
        ("override Data Base by ann@example.com from 22:00 until 06:00", 10, 18),
        ("override Data Base by ann@example.com from 2026-03-01T14:00Z for 1h", 2, 3),
    ] {
        assert_eq!(what(text), wanted(NOW + from * HOUR, NOW + until * HOUR), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_told_with_the_nearest_command() {
    let near = |text: &str| match parse(text, NOW) {
        Err(Misread::Unknown { near, .. }) => near.map(|verb| verb.names[0]),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(near("akc 42"), Some("ack"));
    assert_eq!(near("resolv 42"), Some("resolve"));
    assert_eq!(near("Incident5"), Some("incidents"));
    assert_eq!(near("hello there"), Some("help"));
    assert_eq!(near("abracadabra"), None);
    let wrong = |text: &str| match parse(text, NOW) {
        Err(Misread::Wrong { verb, why }) => (verb.names[0], why),
        other => panic!("{text}: {other:?}"),
    };
    for (text, verb, why) in [
        ("ack", "ack", "name an incident"),
        ("ack from ann@example.com", "ack", "name an incident"),
        ("note 42", "note", "what to write"),
        ("note 42,43 text", "note", "one incident"),
        ("snooze 42 8d", "snooze", "a week at most"),
        ("snooze 42 for ever", "snooze", "`ever` is no time"),
        ("reassign 42", "reassign", "to whom"),
        ("reassign 42 to ,", "reassign", "to whom"),
        ("escalate 42 to level top", "escalate", "a number"),
        ("escalate 42 43", "escalate", "one incident"),
        ("merge 42 43", "merge", "into which"),
        ("show 42 43", "show", "one incident"),
        ("create incident", "create incident", "what is wrong"),
        ("get open incidents closed", "incidents", "`closed` is no status"),
        ("override Primary", "override", "who takes it"),
        ("override Primary by ann", "override", "for how long"),
        ("override Primary by ann for ever", "override", "`ever` is no duration"),
        ("override Primary by ann from 10:00", "override", "how long"),
        ("override Primary by ann from 2026-03-02T10:00 until 2026-03-02T09:00", "override", "before it begins"),
        ("override Primary by ann from noon until 18:00", "override", "`noon` is no time"),
    ] {
        let (said, reason) = wrong(text);
        assert!(said == verb && reason.contains(why), "{text}: {said}: {reason}");
    }
    assert_eq!(what(""), What::Help { about: None });
    assert_eq!(what("help snooze"), What::Help { about: Some(&command::SNOOZE) });
    let many = format!("ack {}", (1..=51).map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
    assert!(matches!(parse(&many, NOW), Err(Misread::Wrong { .. })));
}

#[test]
fn no_text_makes_it_stumble() {
    for text in
        ["\u{1f525}\u{1f525}", "ack \u{1f525}", "get", "ge\u{e4}", "override by", "override a by b from", "\"", "' '"]
    {
        let _ = parse(text, NOW);
    }
}
