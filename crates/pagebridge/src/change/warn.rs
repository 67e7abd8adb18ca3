//! Words for the log of a CI system, which obeys some lines of it.

/// A warning, in the form that the CI system shows as one.
pub(crate) fn line(ci: &str, message: &str) -> String {
    match ci {
        "github-actions" => {
            let escaped = message.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
            format!("::warning::{}", harmless(&escaped))
        }
        "azure-pipelines" => format!("##vso[task.logissue type=warning]{}", one_line(&harmless(message))),
        _ => format!("{}: {}", crate::output::yellow("warning"), one_line(&harmless(message))),
    }
}

/// Takes the meaning of a command away from `##vso[..]`, `##[..]` and `##teamcity[..]` anywhere in a line. In JSON, where `##` can stand
/// within texts only, the meaning for whoever reads the JSON stays.
pub(crate) fn harmless(text: &str) -> String {
    text.replace("##", "#\\u0023")
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_command() {
        let evil = "50%\r\n::set-output name=x::y ##vso[task.setvariable]z";
        let github = line("github-actions", evil);
        assert_eq!(github, "::warning::50%25%0D%0A::set-output name=x::y #\\u0023vso[task.setvariable]z");
        let azure = line("azure-pipelines", evil);
        assert_eq!((azure.matches("##vso[").count(), azure.lines().count()), (1, 1));
        assert_eq!(line("jenkins", "a\nb").lines().count(), 1);
        let json = serde_json::json!({"summary": "a ### b ##[x]"});
        let read: serde_json::Value = serde_json::from_str(&harmless(&json.to_string())).expect("still JSON");
        assert_eq!(read, json);
    }
}
