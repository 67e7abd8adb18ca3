//! The presets, cell by cell, as the documents of the integrations that they replace have them.

use pagebridge_core::{Bridge, Bridges, Cell, ChangeKind, Direction, Mark, SystemName};
use pagebridge_core::{IncidentId, NoteId};

const KINDS: [ChangeKind; 6] = [
    ChangeKind::Created,
    ChangeKind::Acknowledged,
    ChangeKind::Unacknowledged,
    ChangeKind::Noted,
    ChangeKind::Resolved,
    ChangeKind::Reopened,
];

fn word(cell: Cell) -> &'static str {
    match (cell.status, cell.note) {
        (false, false) => "-",
        (true, false) => "status",
        (false, true) => "note",
        (true, true) => "status + note",
    }
}

fn cells(bridge: &Bridge, from: &str, to: &str) -> Vec<&'static str> {
    let (from, to) = (SystemName::new(from), SystemName::new(to));
    KINDS.iter().map(|kind| word(bridge.cell(&from, &to, *kind))).collect()
}

#[test]
fn the_opsgenie_proxy_does_what_its_document_says() {
    let bridge = Bridge::opsgenie_proxy("og", "pd");
    let table: Vec<String> = KINDS
        .iter()
        .zip(cells(&bridge, "og", "pd").iter().zip(cells(&bridge, "pd", "og")))
        .map(|(kind, (there, back))| format!("{}: {there} | {back}", kind.as_str()))
        .collect();
    assert_eq!(
        table,
        [
            "created: status | -",
            "acknowledged: status + note | status",
            "un-acknowledged: note | status",
            "noted: note | note",
            "resolved: note | note",
            "reopened: - | -",
        ]
    );
    assert_eq!(bridge.label(&SystemName::new("og")), "Opsgenie");
    assert_eq!(bridge.label(&SystemName::new("elsewhere")), "elsewhere");
}

#[test]
fn following_means_everything_but_making() {
    let cells = KINDS.map(|kind| word(Direction::FOLLOW.cell(kind)));
    assert_eq!(cells, ["-", "status", "status", "note", "status", "status"]);
    assert!(KINDS.into_iter().all(|kind| Direction::default().cell(kind) == Cell::IGNORE));
}

#[test]
fn systems_without_a_rule_do_not_touch_each_other() {
    let bridge = Bridge::opsgenie_proxy("og", "pd");
    for (from, to) in [("og", "og"), ("og", "rt"), ("rt", "pd"), ("pd", "pd")] {
        assert_eq!(cells(&bridge, from, to), ["-"; 6], "{from} to {to}");
    }
}

#[test]
fn an_incident_opens_where_a_rule_makes_records_and_nowhere_else() {
    let proxy = Bridge::opsgenie_proxy("og", "pd");
    let makes = Direction { created: Cell::STATUS, ..Direction::FOLLOW };
    let other = Bridge::pair("second", ("og", "Opsgenie"), ("rt", "RT"), makes, Direction::FOLLOW);
    let bridges = Bridges::new(vec![proxy.clone(), other.clone()]);
    let (og, pd) = (SystemName::new("og"), SystemName::new("pd"));
    assert_eq!(bridges.opening(&og, None, false), Some(&proxy));
    assert_eq!(bridges.opening(&og, Some(&other.name), false), Some(&other));
    assert_eq!(bridges.opening(&pd, None, false), None);
    assert_eq!(bridges.opening(&pd, Some(&proxy.name), false), None);
    assert_eq!(bridges.get(&other.name), Some(&other));
}

/// The mark ends every mirrored note, and it is all that tells ours from a person's.
#[test]
fn a_mark_survives_what_far_sides_do_to_notes() {
    let mark = Mark { instance: "k3x9".into(), incident: IncidentId(9_000_000_000), note: NoteId(4_294_967_295) };
    let text = mark.render();
    assert_eq!(text, "[pb:k3x9-9000000000-4294967295]");
    for note in [
        format!("ana (Opsgenie): on it {text}"),
        format!("<p>ana: on it {text}</p>"),
        format!("on it\r\n{text}\r\n"),
        format!("quoted [pb:k3x9-1-1] and then {text}"),
        format!("größer als 日本 {text} 🙂"),
    ] {
        assert_eq!(Mark::find(&note).as_ref(), Some(&mark), "{note}");
    }
    assert_eq!(Mark::find(&text[..text.len() - 1]), None, "a mark that was cut is none");
    assert_eq!(Mark::find("[pb:k3x9-1-4294967296]"), None, "no note has this number");
}
