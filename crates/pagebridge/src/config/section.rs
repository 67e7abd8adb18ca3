//! Reading tables of the file key by key, so that everything wrong is found in one go.

use super::findings::Findings;
use super::text::Text;
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Range<usize>,
}

/// One table of the file. Keys that nobody asked for by the [`end`](Self::end) are refused.
pub(crate) struct Section<'a> {
    table: &'a DeTable<'a>,
    /// Its name, such as `systems.pagerduty`; empty for the file as a whole.
    pub(crate) name: String,
    /// Where it is, for what it lacks.
    pub(crate) at: Range<usize>,
    asked: Vec<&'static str>,
    findings: &'a RefCell<Findings>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(table: &'a DeTable<'a>, name: String, at: Range<usize>, findings: &'a RefCell<Findings>) -> Self {
        Self { table, name, at, asked: Vec::new(), findings }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, value)| value)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let message = format!("`{key}` is {}, and {wanted} is expected", kind(value.get_ref()));
        self.findings.borrow_mut().error(value.span(), message, "");
    }

    /// A text, or where it is to be found.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<At<Text>> {
        let value = self.take(key)?;
        self.text_of(key, value, false)
    }

    /// A text that must never be shown.
    pub(crate) fn secret(&mut self, key: &'static str) -> Option<At<Text>> {
        let value = self.take(key)?;
        self.text_of(key, value, true)
    }

    /// One or several texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<At<Text>> {
        self.several(key, false)
    }

    /// One or several texts that must never be shown.
    pub(crate) fn secrets(&mut self, key: &'static str) -> Vec<At<Text>> {
        self.several(key, true)
    }

    fn several(&mut self, key: &'static str, secret: bool) -> Vec<At<Text>> {
        match self.take(key) {
            None => Vec::new(),
            Some(value) => match value.get_ref() {
                DeValue::Array(all) => all.iter().filter_map(|v| self.text_of(key, v, secret)).collect(),
                _ => self.text_of(key, value, secret).into_iter().collect(),
            },
        }
    }

    fn text_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>, secret: bool) -> Option<At<Text>> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(Text::Inline(text.to_string())),
            DeValue::Table(table) => self.source_of(key, table, value.span()),
            _ => {
                self.wrong(key, value, "a text or `{ env = \"NAME\" }` or `{ file = \"PATH\" }`");
                None
            }
        };
        if secret && !matches!(text, Some(Text::Env { .. } | Text::File(_))) {
            self.findings.borrow_mut().hide(value.span());
        }
        Some(At { value: text?, at: value.span() })
    }

    fn source_of(&self, key: &str, table: &'a DeTable<'a>, at: Range<usize>) -> Option<Text> {
        let mut section = Section::new(table, format!("{}{key}", self.prefix()), at.clone(), self.findings);
        let (env, file, default) = (section.word("env"), section.word("file"), section.word("default"));
        section.end();
        match (env, file, default) {
            (Some(name), None, default) => Some(Text::Env { name: name.value, default: default.map(|d| d.value) }),
            (None, Some(path), None) => Some(Text::File(path.value.into())),
            _ => {
                let message = format!("`{key}` does not say where its text is");
                let fix =
                    "write `{ env = \"NAME\" }`, `{ env = \"NAME\", default = \"TEXT\" }` or `{ file = \"PATH\" }`";
                self.findings.borrow_mut().error(at, message, fix);
                None
            }
        }
    }

    /// A text that stands in the file itself.
    pub(crate) fn word(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.take(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(key, value, "a text");
            return None;
        };
        Some(At { value: text.to_string(), at: value.span() })
    }

    /// One of several words; must be there.
    pub(crate) fn one_of(&mut self, key: &'static str, known: &[&'static str]) -> Option<&'static str> {
        if !self.table.iter().any(|(k, _)| k.get_ref() == key) {
            self.asked.push(key);
            let message = format!("[{}] has no `{key}`", self.name);
            self.findings.borrow_mut().error(
                self.at.clone(),
                message,
                format!("add `{key} = ` with {}", listed(known)),
            );
            return None;
        }
        self.choice(key, known)
    }

    /// One of several words, if it is there.
    pub(crate) fn choice(&mut self, key: &'static str, known: &[&'static str]) -> Option<&'static str> {
        let word = self.word(key)?;
        let found = known.iter().find(|k| **k == word.value).copied();
        if found.is_none() {
            let message = format!("`{key}` cannot be \"{}\"", word.value);
            self.findings.borrow_mut().error(word.at, message, format!("write {}", listed(known)));
        }
        found
    }

    /// A list of texts that stand in the file itself.
    pub(crate) fn words(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.take(key)?;
        let DeValue::Array(all) = value.get_ref() else {
            self.wrong(key, value, "a list of texts");
            return None;
        };
        let word = |v: &Spanned<DeValue<'a>>| match v.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), at: v.span() }),
            _ => {
                self.wrong(key, v, "a text");
                None
            }
        };
        Some(all.iter().filter_map(word).collect())
    }

    /// A whole number within a range.
    pub(crate) fn number(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<At<i64>> {
        let value = self.take(key)?;
        self.number_of(key, value, range)
    }

    fn number_of(&self, key: &str, value: &Spanned<DeValue<'_>>, range: RangeInclusive<i64>) -> Option<At<i64>> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong(key, value, "a whole number");
            return None;
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| range.contains(n));
        if number.is_none() {
            let message = format!("`{key}` is out of range");
            let fix = format!("it may be {} to {}", range.start(), range.end());
            self.findings.borrow_mut().error(value.span(), message, fix);
        }
        Some(At { value: number?, at: value.span() })
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<At<bool>> {
        let value = self.take(key)?;
        let Some(flag) = value.get_ref().as_bool() else {
            self.wrong(key, value, "`true` or `false`");
            return None;
        };
        Some(At { value: flag, at: value.span() })
    }

    /// A table within this one.
    pub(crate) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.take(key)?;
        self.section_of(key, value)
    }

    fn section_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Section<'a>> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, &format!("a table `[{}{key}]`", self.prefix()));
            return None;
        };
        Some(Section::new(table, format!("{}{key}", self.prefix()), value.span(), self.findings))
    }

    /// A list of tables, such as `[[bridges]]`.
    pub(crate) fn list(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(all) = value.get_ref() else {
            self.wrong(key, value, &format!("a list of tables `[[{}{key}]]`", self.prefix()));
            return Vec::new();
        };
        all.iter().filter_map(|v| self.section_of(key, v)).collect()
    }

    /// Whole numbers within a range, under names that the user chose, in the order of the file.
    pub(crate) fn numbers(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Vec<(At<String>, At<i64>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut all: Vec<_> = section.table.iter().collect();
        all.sort_by_key(|(name, _)| name.span().start);
        let pair = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let text: &std::borrow::Cow<'a, str> = name.get_ref();
            if matches!(value.get_ref(), DeValue::Table(_)) {
                let fix = "a name with dots stands in quotes: `\"incident.acknowledge\" = 20`";
                section.findings.borrow_mut().error(name.span(), format!("`{text}` is a table, not a number"), fix);
                return None;
            }
            let name = At { value: text.to_string(), at: name.span() };
            Some((name, section.number_of(text, value, range.clone())?))
        };
        all.into_iter().filter_map(pair).collect()
    }

    /// Texts under names that the user chose, in the order of the file.
    pub(crate) fn pairs(&mut self, key: &'static str) -> Vec<(At<String>, At<String>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut all: Vec<_> = section.table.iter().collect();
        all.sort_by_key(|(name, _)| name.span().start);
        let pair = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let text: &std::borrow::Cow<'a, str> = name.get_ref();
            let DeValue::String(word) = value.get_ref() else {
                section.wrong(text, value, "a text");
                return None;
            };
            let name = At { value: text.to_string(), at: name.span() };
            Some((name, At { value: word.to_string(), at: value.span() }))
        };
        all.into_iter().filter_map(pair).collect()
    }

    /// Tables under names that the user chose, in the order of the file.
    pub(crate) fn named(&mut self, key: &'static str) -> Vec<(At<String>, Section<'a>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut all: Vec<_> = section.table.iter().collect();
        all.sort_by_key(|(name, _)| name.span().start);
        let named = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let text: &std::borrow::Cow<'a, str> = name.get_ref();
            let within = section.section_of(text, value)?;
            Some((At { value: text.to_string(), at: name.span() }, within))
        };
        all.into_iter().filter_map(named).collect()
    }

    fn prefix(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}.", self.name) }
    }

    /// Refuses the keys that nobody asked for.
    pub(crate) fn end(self) {
        let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
        for (key, value) in self.table.iter().filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref())) {
            let mut findings = self.findings.borrow_mut();
            // Whatever it is, it may be a secret under a misspelt name.
            hide(value, &mut findings);
            let known = self.asked.join(", ");
            let fix = match nearest(key.get_ref(), &self.asked) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {known}"),
            };
            findings.error(key.span(), format!("unknown key `{}`{place}", key.get_ref()), fix);
        }
    }
}

/// Hides every text within a value, however deep.
fn hide(value: &Spanned<DeValue<'_>>, findings: &mut Findings) {
    match value.get_ref() {
        DeValue::Table(table) => table.values().for_each(|v| hide(v, findings)),
        DeValue::Array(all) => all.iter().for_each(|v| hide(v, findings)),
        _ => findings.hide(value.span()),
    }
}

fn listed(known: &[&str]) -> String {
    known.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known word that somebody probably meant.
pub(crate) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let scored = known.iter().map(|k| (strsim::levenshtein(word, k), *k));
    scored.min().filter(|(d, k)| *d <= 1 + k.len() / 4).map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_word_is_recognised_and_a_strange_one_is_not() {
        let known = ["listen", "store", "instance"];
        for (word, wanted) in
            [("lisen", Some("listen")), ("stroe", Some("store")), ("stor", Some("store")), ("colour", None)]
        {
            assert_eq!(nearest(word, &known), wanted, "{word}");
        }
    }
}
