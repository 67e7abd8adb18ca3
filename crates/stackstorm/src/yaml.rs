//! YAML for people to read: block style, keys in the order given, text in quotes only where it needs them.

use serde_json::Value;

/// A node.
pub(crate) enum Yaml {
    /// Text, a number, yes or no.
    Plain(Value),
    /// A map; keys in this order.
    Map(Vec<(String, Yaml)>),
    /// A list.
    List(Vec<Yaml>),
}

impl Yaml {
    pub(crate) fn map<const N: usize>(fields: [(&str, Yaml); N]) -> Self {
        Self::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub(crate) fn list<T: Into<Yaml>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// Writes a document.
    pub(crate) fn document(&self) -> Vec<u8> {
        let mut text = String::from("---\n");
        self.write(0, &mut text);
        text.into_bytes()
    }

    /// Writes the node from the beginning of a line on, so far in.
    fn write(&self, indent: usize, text: &mut String) {
        let margin = " ".repeat(indent);
        match self {
            Self::Map(fields) => {
                for (key, value) in fields {
                    *text += &format!("{margin}{}:", scalar(key));
                    value.write_after(indent, text);
                }
            }
            Self::List(items) => {
                for item in items {
                    *text += &format!("{margin}-");
                    item.write_after(indent, text);
                }
            }
            Self::Plain(value) => *text += &format!("{margin}{}\n", plain(value)),
        }
    }

    /// Writes the node behind `key:` or `-`.
    fn write_after(&self, indent: usize, text: &mut String) {
        match self {
            Self::Map(fields) if fields.is_empty() => *text += " {}\n",
            Self::List(items) if items.is_empty() => *text += " []\n",
            Self::Map(_) | Self::List(_) => {
                text.push('\n');
                self.write(indent + 2, text);
            }
            Self::Plain(Value::String(lines)) if is_block(lines) => {
                let chomp = if lines.ends_with('\n') { "" } else { "-" };
                *text += &format!(" |{chomp}\n");
                let margin = " ".repeat(indent + 2);
                for line in lines.lines() {
                    *text += if line.is_empty() { "" } else { &margin };
                    *text += line;
                    text.push('\n');
                }
            }
            Self::Plain(value) => *text += &format!(" {}\n", plain(value)),
        }
    }
}

impl From<Value> for Yaml {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self::Map(fields.into_iter().map(|(key, value)| (key, value.into())).collect()),
            Value::Array(items) => Self::list(items),
            other => Self::Plain(other),
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Plain(Value::from(text))
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Plain(Value::from(text))
    }
}

impl From<bool> for Yaml {
    fn from(flag: bool) -> Self {
        Self::Plain(Value::from(flag))
    }
}

impl From<usize> for Yaml {
    fn from(number: usize) -> Self {
        Self::Plain(Value::from(number))
    }
}

/// Whether a text can be a block: several lines, none of which could be mistaken for the margin.
fn is_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || !c.is_control();
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(printable)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Text as it is where it can be nothing else, or in double quotes as JSON has it, which YAML reads the same but for a few characters that it
/// wants written as numbers.
fn scalar(text: &str) -> String {
    let begins = |c: char| c.is_ascii_alphabetic();
    let within = |c: char| c.is_ascii_alphanumeric() || " _-./(),;'+=".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let safe = text.starts_with(begins)
        && text.chars().all(within)
        && !text.ends_with(' ')
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if safe {
        return text.to_owned();
    }
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let quoted = Value::from(text).to_string();
    quoted.chars().map(|c| if unprintable(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again_as_it_was() {
        let values = json!({
            "a": ["yes", "No", "1", "1.5", "~", "", " a", "a ", "a: b", "a #b", "- a", "{{ x }}", "#42", "ü", "\u{7f}", "tab\there", "'q'", "\"q\""],
            "lines": ["one\ntwo", "one\ntwo\n", "one\n\n  three\n", "\n two", "one\n\n", " one\ntwo", "a\r\nb"],
            "on": {"empty": {}, "none": [], "null": null, "n": -4, "f": 0.5, "t": true},
            "nested": [{"a": [[1, 2], {"b": "c"}]}],
            "12": "e5", "1e5": "0x10",
        });
        let text = String::from_utf8(Yaml::from(values.clone()).document()).expect("text");
        let read: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, values, "{text}");
    }
}
