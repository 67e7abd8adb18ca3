//! The search language of alert lists, as far as bridges use it: `field: value` terms, all of which must hold.

use super::model::Alert;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Query {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    field: String,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    Below,
    Above,
    AtMost,
    AtLeast,
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// Names the first term that this look-alike does not know.
    pub(crate) fn parse(text: &str) -> Result<Query, String> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("AND ").or(rest.strip_prefix("and ")) {
                rest = after.trim_start();
                continue;
            }
            let (term, after) = take_term(rest)?;
            terms.push(term);
            rest = after.trim_start();
        }
        Ok(Query { terms })
    }

    pub(crate) fn matches(&self, alert: &Alert) -> bool {
        self.terms.iter().all(|term| term.matches(alert))
    }

    /// Tells whether only open alerts can match, so that closed ones need not be looked at.
    pub(crate) fn only_open(&self) -> bool {
        self.terms.iter().any(|term| term.field == "status" && term.value == "open")
    }
}

const FIELDS: [&str; 14] = [
    "status",
    "alias",
    "alertid",
    "id",
    "tinyid",
    "message",
    "entity",
    "source",
    "priority",
    "tag",
    "tags",
    "owner",
    "acknowledged",
    "issnoozed",
];
const NUMBERS: [&str; 4] = ["createdat", "updatedat", "lastoccurredat", "count"];

fn take_term(text: &str) -> Result<(Term, &str), String> {
    let end = text.find([':', '<', '>', '=']).ok_or_else(|| format!("cannot read `{text}` in the query"))?;
    let field = text[..end].trim().to_lowercase();
    if !FIELDS.contains(&field.as_str()) && !NUMBERS.contains(&field.as_str()) {
        return Err(format!("unknown field `{field}` in the query"));
    }
    let (operator, rest) = take_operator(&text[end..]);
    let rest = rest.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| "a quote in the query is not closed".to_owned())?,
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    Ok((Term { field, operator, value: value.to_owned() }, rest))
}

fn take_operator(text: &str) -> (Operator, &str) {
    let text = text.strip_prefix(':').map_or(text, str::trim_start);
    let signs = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Below),
        (">", Operator::Above),
        ("=", Operator::Is),
    ];
    let found = signs.iter().find_map(|(sign, operator)| text.strip_prefix(sign).map(|rest| (*operator, rest)));
    found.unwrap_or((Operator::Is, text))
}

impl Term {
    fn matches(&self, alert: &Alert) -> bool {
        let value = self.value.as_str();
        let is = |text: &str| text.eq_ignore_ascii_case(value);
        match self.field.as_str() {
            "status" => is(if alert.open { "open" } else { "closed" }) || (is("acked") && alert.acknowledged),
            "alias" => alert.alias == value,
            "alertid" | "id" => alert.id == value,
            "tinyid" => alert.tiny.to_string() == value,
            "message" => alert.message.to_lowercase().contains(&value.to_lowercase()),
            "entity" => is(&alert.entity),
            "source" => is(&alert.source),
            "priority" => is(&format!("P{}", alert.priority)),
            "tag" | "tags" => alert.tags.iter().any(|tag| is(tag)),
            "owner" => is(&alert.owner),
            "acknowledged" => is(if alert.acknowledged { "true" } else { "false" }),
            "issnoozed" => is(if alert.snoozed_until.is_some() { "true" } else { "false" }),
            "createdat" => self.compares(alert.created_at.as_millisecond()),
            "updatedat" => self.compares(alert.updated_at.as_millisecond()),
            "lastoccurredat" => self.compares(alert.last_occurred_at.as_millisecond()),
            _ => self.compares(alert.count as i64),
        }
    }

    fn compares(&self, number: i64) -> bool {
        let Ok(limit) = self.value.parse::<i64>() else {
            return false;
        };
        match self.operator {
            Operator::Is => number == limit,
            Operator::Below => number < limit,
            Operator::Above => number > limit,
            Operator::AtMost => number <= limit,
            Operator::AtLeast => number >= limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_with_or_without_spaces_quotes_and_operators() {
        let query = Query::parse("status: open AND alias:\"a b\" createdAt >= 17").expect("a good query");
        let term =
            |field: &str, operator, value: &str| Term { field: field.to_owned(), operator, value: value.to_owned() };
        assert_eq!(
            query.terms,
            [
                term("status", Operator::Is, "open"),
                term("alias", Operator::Is, "a b"),
                term("createdat", Operator::AtLeast, "17"),
            ]
        );
        assert!(query.only_open());
        assert_eq!(Query::parse(""), Ok(Query::default()));
        assert!(Query::parse("colour: red").is_err());
    }
}
