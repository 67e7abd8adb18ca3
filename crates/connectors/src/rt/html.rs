//! What a message in HTML says, as plain text.

/// Elements that begin on a line of their own.
const BLOCKS: [&str; 17] = [
    "address",
    "blockquote",
    "br",
    "div",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "li",
    "p",
    "pre",
    "table",
    "tr",
    "ul",
];

/// Elements whose content is no text.
const HIDDEN: [&str; 4] = ["head", "script", "style", "title"];

/// Leaves out the marks, keeps the breaks between paragraphs, and reads the usual names of characters.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push(&mut text, &rest[..start]);
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(end) = rest.find('>') else {
            break;
        };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let name = name_of(tag);
        if HIDDEN.contains(&name.as_str()) && !tag.starts_with('/') {
            rest = after_end(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    if !rest.starts_with('<') {
        push(&mut text, rest);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn name_of(tag: &str) -> String {
    let name = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric);
    name.collect::<String>().to_ascii_lowercase()
}

/// What follows the end of an element.
fn after_end<'a>(rest: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let at = rest.as_bytes().windows(end.len()).position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
    at.and_then(|at| rest.get(at..)).unwrap_or_default()
}

/// Adds text, with runs of blanks as one.
fn push(text: &mut String, html: &str) {
    for c in decoded(html).chars() {
        let blank = c.is_whitespace();
        if !blank {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

fn decoded(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(end, _)| end);
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((c, end)) => {
                text.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?;
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "euro" => '€',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_reduced_to_what_it_says() {
        let table = [
            ("<p>Disk <b>full</b></p><p>on db-07</p>", "Disk full\non db-07"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<html><head><title>t</title><style>p { x }</style></head><body>x</body></html>", "x"),
            ("<script>if (1 < 2) { alert() }</script>y", "y"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2 &#8364; &#x20AC; &nbsp; &bogus; &", "1 < 2 && 3 > 2 € € &bogus; &"),
            ("a <!-- <p>no</p> --> b", "a b"),
            ("  many\n\n   blanks ", "many blanks"),
            ("cut off <a href='x", "cut off"),
            ("<script>never ends", ""),
            ("<ul><li>one</li><li>zwei ü</li></ul>", "one\nzwei ü"),
            ("", ""),
        ];
        for (html, text) in table {
            assert_eq!(to_text(html), text, "{html}");
        }
    }
}
