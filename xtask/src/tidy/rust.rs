//! Just enough of Rust's grammar to find functions and modules, without a parser crate.

use std::ops::Range;

/// Rust source whose comments and literals are blanked out, position by position, so that what is
/// left can be searched for words and braces, and line numbers stay true.
pub(crate) struct Code {
    text: String,
}

/// A function with a body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of `fn`, counted from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub(crate) lines: usize,
}

impl Code {
    /// Blanks comments and literals out of `source`.
    pub(crate) fn parse(source: &str) -> Self {
        let mut bytes = source.as_bytes().to_vec();
        let mut at = 0;
        while at < bytes.len() {
            match literal_or_comment(source.as_bytes(), at) {
                Some(end) => {
                    blank(&mut bytes, at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        // Whole literals and comments were replaced by spaces, so no character was cut in two.
        Self { text: String::from_utf8(bytes).expect("only whole characters were replaced") }
    }

    /// Returns what is left, as long as the source was.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the functions that have a body, nested ones included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let words = self.words("fn");
        words.into_iter().filter_map(|at| self.function(at)).collect()
    }

    /// Returns where `word` stands as a word of its own.
    pub(crate) fn words(&self, word: &str) -> Vec<usize> {
        let found = self.text.match_indices(word).map(|(at, _)| at);
        found.filter(|&at| is_word_at(&self.text, at, word.len())).collect()
    }

    /// Returns the identifier that follows position `at`, and where it ends.
    pub(crate) fn identifier_after(&self, at: usize) -> Option<(&str, usize)> {
        let rest = &self.text[at..];
        let start = at + (rest.len() - rest.trim_start().len());
        let length = self.text[start..].find(|c: char| !is_word_char(c)).unwrap_or(self.text.len() - start);
        (length > 0).then(|| (&self.text[start..start + length], start + length))
    }

    /// Returns the position behind the brace that closes the one at `open`.
    pub(crate) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (offset, byte) in self.text[open..].bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some(open + offset + 1),
                b'}' => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }

    /// Reads the function whose `fn` is at `at`; a type such as `fn(u8)` and a declaration are none.
    fn function(&self, at: usize) -> Option<Function> {
        let (name, after) = self.identifier_after(at + "fn".len())?;
        let end = self.closing(self.body(after)?)?;
        Some(Function { name: name.to_owned(), line: 1 + self.newlines(0..at), lines: 1 + self.newlines(at..end) })
    }

    /// Finds the brace that opens a body, unless the signature ends with a semicolon.
    fn body(&self, after: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (offset, byte) in self.text[after..].bytes().enumerate() {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => depth = depth.checked_sub(1)?,
                b'{' if depth == 0 => return Some(after + offset),
                b';' if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    fn newlines(&self, range: Range<usize>) -> usize {
        self.text[range].bytes().filter(|&byte| byte == b'\n').count()
    }
}

/// Tells whether the `length` bytes at `at` are not part of a longer word.
pub(crate) fn is_word_at(text: &str, at: usize, length: usize) -> bool {
    !text[..at].ends_with(is_word_char) && !text[at + length..].starts_with(is_word_char)
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in bytes[range].iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// Returns the end of the comment or literal that starts at `at`, if one does.
fn literal_or_comment(source: &[u8], at: usize) -> Option<usize> {
    let rest = &source[at..];
    if rest.starts_with(b"//") {
        return Some(at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(at + block_comment(rest));
    }
    match rest[0] {
        b'"' => Some(at + quoted(rest, b'"')),
        b'\'' => character(rest).map(|length| at + length),
        b'r' if !is_word_byte_before(source, at) => raw_string(rest).map(|length| at + length),
        _ => None,
    }
}

/// `br"…"` and `cr"…"` begin with a letter that belongs to the literal.
fn is_word_byte_before(source: &[u8], at: usize) -> bool {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    match at.checked_sub(1).map(|before| source[before]) {
        Some(b'b' | b'c') => at >= 2 && is_word(source[at - 2]),
        Some(byte) => is_word(byte),
        None => false,
    }
}

/// Block comments nest.
fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Returns the length of a literal that starts and ends with `quote`.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character literal, as opposed to a lifetime or label.
fn character(rest: &[u8]) -> Option<usize> {
    let first = *rest.get(1)?;
    if first == b'\\' {
        return Some(quoted(rest, b'\''));
    }
    let width = match first {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let body = 2 + hashes;
    let closing: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let found = rest[body..].windows(closing.len()).position(|window| window == closing);
    Some(found.map_or(rest.len(), |at| body + at + closing.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(source: &str) -> Vec<(String, usize, usize)> {
        let functions = Code::parse(source).functions();
        functions.into_iter().map(|function| (function.name, function.line, function.lines)).collect()
    }

    fn found(name: &str, line: usize, lines: usize) -> (String, usize, usize) {
        (name.to_owned(), line, lines)
    }

    #[test]
    fn lines_are_counted_from_fn_to_the_closing_brace() {
        let source = "\npub fn a(\n    x: [u8; 4],\n) -> u8\nwhere\n    u8: Copy,\n{\n    x[0]\n}\nfn b() {}\n";
        assert_eq!(functions(source), [found("a", 2, 8), found("b", 10, 1)]);
    }

    #[test]
    fn types_and_declarations_are_no_functions() {
        assert_eq!(functions("trait T { fn a(&self) -> [u8; 2]; }\ntype F = fn(u8) -> u8;\n"), []);
    }

    #[test]
    fn nested_functions_count_by_themselves() {
        assert_eq!(functions("fn a() {\n  fn b() {\n  }\n}\n"), [found("a", 1, 4), found("b", 2, 2)]);
    }

    #[test]
    fn braces_in_literals_and_comments_are_not_seen() {
        let source = "fn a<'a>(x: &'a str) {\n  // }\n  /* } /* } */ */\n  let c = ['}', '\\'', '\"', 'é'];\n  \
                      let s = \"}\\\"}\";\n  let r = r#\"}\"}\"#;\n  let b = br\"\\\";\n}\nfn z() {}\n";
        assert_eq!(functions(source), [found("a", 1, 8), found("z", 9, 1)]);
    }

    #[test]
    fn blanking_keeps_every_position() {
        let source = "let ü = \"ä\"; // ö\nlet r#type = 'x';\n";
        let code = Code::parse(source);
        assert_eq!(code.text().len(), source.len());
        assert_eq!(code.text().lines().count(), 2);
        assert!(code.text().contains("let r#type ="));
        assert!(!code.text().contains('x'));
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(Code::parse("modal mod a_mod mod2").words("mod"), [6]);
    }
}
