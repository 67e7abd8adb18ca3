//! A line of text as words: blanks part them, quotes hold them together.

/// One word, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) is_quoted: bool,
    /// Where it begins in the line, in bytes; with its quote.
    pub(crate) start: usize,
}

impl Word {
    /// Whether it is this word of ours, in whatever case.
    pub(crate) fn is(&self, word: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

/// The quote that ends what this one begins; phones write curly ones.
fn closing(quote: char) -> Option<&'static [char]> {
    match quote {
        '"' => Some(&['"']),
        '\'' => Some(&['\'']),
        '\u{201c}' | '\u{201e}' => Some(&['\u{201d}', '\u{201c}']),
        '\u{2018}' => Some(&['\u{2019}']),
        _ => None,
    }
}

/// Parts a line. A quote counts only at the beginning of a word, and only if it is closed at the end of one.
pub(crate) fn split(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        let start = line.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { return words };
        if let Some((inner, after)) = closing(first).and_then(|ends| quoted(&trimmed[first.len_utf8()..], ends)) {
            words.push(Word { text: inner.to_owned(), is_quoted: true, start });
            rest = after;
            continue;
        }
        let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        words.push(Word { text: trimmed[..end].to_owned(), is_quoted: false, start });
        rest = &trimmed[end..];
    }
}

/// What stands before the closing quote, and what comes after it.
fn quoted<'t>(text: &'t str, ends: &[char]) -> Option<(&'t str, &'t str)> {
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == ',');
    let found = text.char_indices().find(|(at, c)| ends.contains(c) && is_end(&text[at + c.len_utf8()..]));
    found.map(|(at, c)| (&text[..at], &text[at + c.len_utf8()..]))
}

/// What a line says from one place on: without the quotes, if all of it is quoted.
pub(crate) fn rest(line: &str, start: usize) -> String {
    let text = line[start..].trim();
    match split(text).as_slice() {
        [only] if only.is_quoted => only.text.clone(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_hold_words_together() {
        for (line, wanted) in [
            ("  ack  42 ", vec!["ack", "42"]),
            (r#"ack "key:db 1" from x"#, vec!["ack", "key:db 1", "from", "x"]),
            ("a 'b c' d", vec!["a", "b c", "d"]),
            ("a \u{201c}b c\u{201d}", vec!["a", "b c"]),
            ("it's don't", vec!["it's", "don't"]),
            (r#"a "b c"#, vec!["a", "\"b", "c"]),
            (r#""a"b c""#, vec!["a\"b c"]),
            (r#""a b",c"#, vec!["a b", ",c"]),
            ("", vec![]),
        ] {
            assert_eq!(texts(line), wanted, "{line}");
        }
    }

    #[test]
    fn the_rest_is_as_it_was_written() {
        let line = r#"note 42  two  blanks and "quotes""#;
        assert_eq!(rest(line, split(line)[2].start), r#"two  blanks and "quotes""#);
        assert_eq!(rest(r#"x "all of it""#, 1), "all of it");
        assert_eq!(rest(r#"x "this" and "that""#, 1), r#""this" and "that""#);
    }
}
