//! One pack without fault, and one fault of each kind.

use pagebridge_stackstorm::{Files, check};

fn small() -> Files {
    let files = [
        (
            "pack.yaml",
            "name: Our Tools\nref: tools\ndescription: d\nversion: 1.2.3-rc.1+b5\nauthor: a\nemail: a@example.com\n\
             python_versions: [\"3\"]\nstackstorm_version: \">=3.7.0, <4.0.0\"\nhouse: ours\n",
        ),
        ("config.schema.yaml", "---\ntoken:\n  type: string\n  secret: true\n  required: true\n"),
        (
            "actions/call.yaml",
            "name: call\nrunner_type: http-request\nenabled: true\nentry_point: \"\"\npack: tools\ntags: []\nparameters:\n\
             \x20 url:\n    type: string\n    default: https://example.com\n    immutable: true\n\
             \x20 method:\n    type: string\n    default: POST\n    immutable: true\n\
             \x20 who:\n    type: string\n    required: true\n    position: 0\n\
             \x20 what:\n    type: string\n    enum: [a, b]\n    position: 1\n",
        ),
        (
            "actions/run.yaml",
            "name: run\nrunner_type: local-shell-script\nentry_point: run.sh\nparameters:\n  sudo:\n    default: true\n    immutable: true\n\
             \x20 timeout:\n    type: integer\n    default: 5\n",
        ),
        ("actions/run.sh", "#!/bin/sh\n"),
        ("actions/shell.yml", "name: shell\nrunner_type: local-shell-cmd\nparameters:\n  cmd:\n    required: true\n"),
        (
            "aliases/call.yaml",
            "name: tools_call\npack: tools\naction_ref: tools.call\nformats:\n  - call {{who}} {{what=a}}\n\
             \x20 - display: call somebody\n    representation:\n      - ring {{ who }}\nack:\n  enabled: false\nresult:\n  format: done\n",
        ),
        (
            "rules/call.yaml",
            "name: call\npack: tools\nenabled: true\ntrigger:\n  type: core.st2.webhook\n  parameters:\n    url: tools\n\
             action:\n  ref: tools.call\n  parameters:\n    who: \"{{ trigger.body.who }}\"\n",
        ),
        ("README.md", "# Tools\n"),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()
}

/// Changes one place in a file; an empty `from` replaces the whole file.
fn with(path: &str, from: &str, to: &str) -> Files {
    let mut files = small();
    let text = files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    assert!(text.contains(from), "{path} has no {from:?}");
    let new = if from.is_empty() { to.to_owned() } else { text.replacen(from, to, 1) };
    files.insert(path.to_owned(), new.into_bytes());
    files
}

fn found(files: &Files) -> Vec<String> {
    check(files).iter().map(ToString::to_string).collect()
}

#[test]
fn a_pack_without_fault_has_none() {
    assert_eq!(found(&small()), Vec::<String>::new());
    let mut least = small();
    least.remove("config.schema.yaml");
    least.retain(|path, _| !path.starts_with("aliases/") && !path.starts_with("rules/"));
    assert_eq!(found(&least), Vec::<String>::new());
}

/// File, what is there, what is put in its place, what is found.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    // The pack's own file.
    ("pack.yaml", "description: d\n", "", "pack.yaml: `description` is missing"),
    ("pack.yaml", "author: a\n", "author: \"\"\n", "pack.yaml: `author` is missing"),
    ("pack.yaml", "author: a\n", "author: [a]\n", "pack.yaml: `author` has to be text"),
    ("pack.yaml", "ref: tools", "ref: our-tools", "pack.yaml: `ref` is `our-tools`; it may have"),
    ("pack.yaml", "ref: tools\n", "", "pack.yaml: `ref` is missing; it is needed where"),
    ("pack.yaml", "ref: tools", "ref: _global", "pack.yaml: no pack can be called `_global`"),
    ("pack.yaml", "1.2.3-rc.1+b5", "\"1.2\"", "pack.yaml: `version` is `1.2`; it has to be like"),
    ("pack.yaml", "1.2.3-rc.1+b5", "1.02.3", "pack.yaml: `version` is `1.02.3`"),
    ("pack.yaml", "1.2.3-rc.1+b5", "1.2.3-RC", "pack.yaml: `version` is `1.2.3-RC`"),
    ("pack.yaml", "a@example.com", "a at example.com", "pack.yaml: `email` is `a at example.com`"),
    ("pack.yaml", "[\"3\"]", "[3]", "pack.yaml: `python_versions` has to be a list of texts"),
    ("pack.yaml", "[\"3\"]", "[\"3.8\"]", "pack.yaml: `python_versions` has to be a list of \"2\" or \"3\""),
    ("pack.yaml", ">=3.7.0, <4.0.0", "3.7", "pack.yaml: `stackstorm_version` is `3.7`"),
    ("pack.yaml", "ref: tools", "ref: tools\nref: tools", "pack.yaml:3: it is no YAML"),
    // Its settings.
    ("config.schema.yaml", "", "---\n# nothing yet\n", "config.schema.yaml: it may not be empty"),
    (
        "config.schema.yaml",
        "required: true",
        "required: yes please",
        "config.schema.yaml: parameter `token`: `required` has to be true or false",
    ),
    ("config.schema.yaml", "secret", "secrte", "config.schema.yaml: parameter `token`: `secrte` is no keyword"),
    ("config.yaml", "", "token: t\n", "config.yaml: warning: settings in the pack are no longer used"),
    // Actions.
    ("actions/call.yaml", "name: call\n", "", "actions/call.yaml: `name` is missing"),
    ("actions/call.yaml", "runner_type: http-request\n", "", "actions/call.yaml: `runner_type` is missing"),
    ("actions/call.yaml", "http-request", "http-runner", "actions/call.yaml: there is no runner `http-runner`"),
    ("actions/call.yaml", "tags: []", "labels: []", "actions/call.yaml: `labels` is no key that StackStorm knows here"),
    ("actions/call.yaml", "enabled: true", "enabled: 1", "actions/call.yaml: `enabled` has to be true or false"),
    (
        "actions/call.yaml",
        "pack: tools",
        "pack: other",
        "actions/call.yaml: `pack` is `other`, but the pack is called `tools`",
    ),
    (
        "actions/run.yaml",
        "run.sh",
        "gone.sh",
        "actions/run.yaml: `entry_point` is `gone.sh`, and there is no such file",
    ),
    ("actions/shell.yml", "name: shell", "name: call", "actions/shell.yml: there are two actions called `call`"),
    ("actions/call.yaml", "", "- call\n", "actions/call.yaml: it is not a map"),
    ("actions/call.yaml", "  who:\n", "  who: [\n", "actions/call.yaml:18: it is no YAML"),
    ("actions/more.json", "", "{}", "actions/more.json: warning: StackStorm reads only .yaml and .yml"),
    // Parameters.
    ("actions/call.yaml", "  who:", "  who-ever:", "actions/call.yaml: parameter `who-ever`: a name may have"),
    (
        "actions/call.yaml",
        "    type: string\n    enum",
        "    type: [string, array]\n    enum",
        "parameter `what`: `type` has to be one word, not a list",
    ),
    (
        "actions/call.yaml",
        "    type: string\n    enum",
        "    type: text\n    enum",
        "parameter `what`: `type` is `text`; it has to be one of",
    ),
    (
        "actions/call.yaml",
        "required: true",
        "required: \"true\"",
        "parameter `who`: `required` has to be true or false",
    ),
    (
        "actions/call.yaml",
        "required: true",
        "requires: true",
        "parameter `who`: `requires` is no keyword that StackStorm knows",
    ),
    ("actions/call.yaml", "enum: [a, b]", "enum: []", "parameter `what`: `enum` may not be empty"),
    ("actions/call.yaml", "enum: [a, b]", "enum: [a, a]", "parameter `what`: `enum` has the same value twice"),
    ("actions/call.yaml", "enum: [a, b]", "pattern: 5", "parameter `what`: `pattern` has to be text"),
    ("actions/call.yaml", "enum: [a, b]", "properties: []", "parameter `what`: `properties` has to be a map"),
    ("actions/call.yaml", "position: 1", "position: first", "parameter `what`: `position` has to be a whole number"),
    (
        "actions/call.yaml",
        "position: 1",
        "position: 0",
        "actions/call.yaml: parameters `what` and `who` both have position 0",
    ),
    ("actions/call.yaml", "position: 1", "position: 2", "actions/call.yaml: positions 0, 2 have a gap"),
    ("actions/call.yaml", "    default: POST\n", "", "parameter `method`: what is `immutable` needs a `default`"),
    (
        "actions/call.yaml",
        "    type: string\n    default: https",
        "    type: integer\n    default: https",
        "parameter `url` is the runner's; `type` cannot be changed",
    ),
    (
        "actions/call.yaml",
        "  who:\n",
        "  headers:\n    secret: true\n  who:\n",
        "parameter `headers` is the runner's; `secret` cannot be changed",
    ),
    (
        "actions/run.yaml",
        "    default: true",
        "    type: string\n    default: true",
        "parameter `sudo` is the runner's; `type` cannot be changed",
    ),
    (
        "actions/run.yaml",
        "type: integer",
        "type: number",
        "parameter `timeout` is the runner's; `type` cannot be changed",
    ),
    (
        "actions/shell.yml",
        "    required: true",
        "    position: 0",
        "parameter `cmd` is the runner's; `position` cannot be changed",
    ),
    (
        "actions/call.yaml",
        "  who:\n    type: string\n    required: true\n    position: 0\n",
        "  who: text\n",
        "parameter `who`: it has to be a map",
    ),
    (
        "actions/call.yaml",
        "enum: [a, b]",
        "properties:\n      x: {type: array, item: {type: string}}",
        "parameter `what`: `item` is no keyword that StackStorm knows",
    ),
    // Aliases.
    ("aliases/call.yaml", "pack: tools\n", "", "aliases/call.yaml: `pack` is missing"),
    ("aliases/call.yaml", "action_ref: tools.call\n", "", "aliases/call.yaml: `action_ref` is missing"),
    ("aliases/call.yaml", "pack: tools", "pack: tool", "aliases/call.yaml: `pack` is `tool`"),
    (
        "aliases/call.yaml",
        "tools.call",
        "tools.cal",
        "aliases/call.yaml: `action_ref` is `tools.cal`, and the pack has no action `cal`",
    ),
    (
        "aliases/call.yaml",
        "tools.call",
        "call",
        "aliases/call.yaml: `action_ref` is `call`; it has to be a pack, a dot",
    ),
    (
        "aliases/call.yaml",
        "\nack:",
        "\nacknowledge:",
        "aliases/call.yaml: `acknowledge` is no key that StackStorm knows here",
    ),
    (
        "aliases/call.yaml",
        "  format: done",
        "  format: [done]",
        "aliases/call.yaml: in `result`, `format` has to be text",
    ),
    (
        "aliases/call.yaml",
        "- call {{who}} {{what=a}}",
        "- 5",
        "aliases/call.yaml: each of `formats` has to be text, or a map",
    ),
    (
        "aliases/call.yaml",
        "    representation:\n      - ring {{ who }}",
        "    representation: ring",
        "aliases/call.yaml: a format's `display` has to be text",
    ),
    (
        "aliases/call.yaml",
        "{{what=a}}",
        "{{which=a}}",
        "aliases/call.yaml: a format names `which`, which is no parameter of `tools.call`",
    ),
    ("aliases/call.yaml", "{{what=a}}", "{{what=a", "has {{ without }}"),
    (
        "aliases/more.yaml",
        "",
        "name: tools_call\npack: tools\naction_ref: core.noop\n",
        "aliases/more.yaml: aliases/call.yaml is called `tools_call` too",
    ),
    (
        "aliases/call.yaml",
        "name: tools_call",
        "name: call",
        "aliases/call.yaml: warning: an alias of another pack may be called `call` too",
    ),
    ("aliases/notes.txt", "", "notes", "aliases/notes.txt: warning: StackStorm reads only"),
    // Rules.
    ("rules/call.yaml", "name: call\n", "", "rules/call.yaml: `name` is missing"),
    ("rules/call.yaml", "  type: core.st2.webhook\n", "", "rules/call.yaml: in `trigger`, `type` is missing"),
    ("rules/call.yaml", "  ref: tools.call\n", "", "rules/call.yaml: in `action`, `ref` is missing"),
    ("rules/call.yaml", "action:", "do:", "rules/call.yaml: `action` is missing"),
    ("rules/call.yaml", "trigger:", "when:", "rules/call.yaml: `when` is no key that StackStorm knows here"),
    (
        "rules/call.yaml",
        "tools.call",
        "tools.cal",
        "rules/call.yaml: `ref` is `tools.cal`, and the pack has no action `cal`",
    ),
    ("rules/call.yaml", "    who:", "    whom:", "rules/call.yaml: `whom` is no parameter of `tools.call`"),
    ("rules/call.yaml", "pack: tools", "pack: other", "rules/call.yaml: `pack` is `other`"),
    ("rules/call.yaml", "enabled: true\n", "", "rules/call.yaml: warning: without `enabled` a rule is off"),
    ("sensors/poll.yaml", "", "class_name: Poll\n", "sensors/poll.yaml: warning: this kind of file is not checked"),
];

#[test]
fn each_fault_is_found_by_its_name() {
    let mut missed = Vec::new();
    for (path, from, to, wanted) in FAULTS {
        let found = found(&with(path, from, to));
        if !found.iter().any(|fault| fault.contains(wanted)) {
            missed.push(format!("{path} {from:?} -> {to:?}: no {wanted:?} in {found:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_pack_has_its_own_file_and_actions() {
    let mut files = small();
    files.remove("pack.yaml");
    assert!(found(&files).contains(&"pack.yaml: it is missing".to_owned()));
    let mut files = small();
    files.retain(|path, _| !path.starts_with("actions/"));
    assert!(found(&files).iter().any(|fault| fault.starts_with("actions/: it is missing")), "{:?}", found(&files));
    let mut files = small();
    files.insert("actions/call.yaml".to_owned(), b"name: \xff".to_vec());
    assert!(found(&files).contains(&"actions/call.yaml: it is not UTF-8".to_owned()));
}
