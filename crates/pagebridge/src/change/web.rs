//! Addresses for people, made from those that git knows. Names and passwords in them are left out.

use reqwest::Url;

/// The web address of a repository: `git@host:a/b.git`, `ssh://git@host:22/a/b.git` and `https://key@host/a/b.git` are all `https://host/a/b`.
pub(crate) fn address(remote: &str) -> Option<String> {
    let remote = remote.trim();
    let (scheme, host, path) = match Url::parse(remote) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let host = url.port().map_or_else(
                || url.host_str().unwrap_or_default().to_owned(),
                |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
            );
            (url.scheme().to_owned(), host, url.path().to_owned())
        }
        Ok(url) if matches!(url.scheme(), "ssh" | "git") => {
            ("https".to_owned(), url.host_str()?.to_owned(), url.path().to_owned())
        }
        _ => {
            let (host, path) = remote.split_once(':')?;
            let host = host.rsplit('@').next()?;
            ("https".to_owned(), host.to_owned(), format!("/{path}"))
        }
    };
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    checked(&format!("{scheme}://{host}{path}")).map(|url| url.trim_end_matches('/').to_owned())
}

/// The last two parts of a repository's path: `acme/api`.
pub(crate) fn path(remote: &str) -> Option<String> {
    let url = Url::parse(&address(remote)?).ok()?;
    let parts: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let last = parts.get(parts.len().saturating_sub(2)..)?.join("/");
    Some(last).filter(|path| !path.is_empty())
}

/// An address that can be a link, or nothing.
pub(crate) fn checked(text: &str) -> Option<String> {
    let mut url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    if !url.username().is_empty() || url.password().is_some() {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
    }
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_become_addresses_without_secrets() {
        for (remote, web, short) in [
            ("git@git.example:acme/api.git", "https://git.example/acme/api", "acme/api"),
            ("ssh://git@git.example:2222/group/acme/api.git", "https://git.example/group/acme/api", "acme/api"),
            ("https://gitlab-ci-token:s3cret@git.example/acme/api.git", "https://git.example/acme/api", "acme/api"),
            ("http://git.example:8080/acme/api/", "http://git.example:8080/acme/api", "acme/api"),
        ] {
            assert_eq!(address(remote).as_deref(), Some(web), "{remote}");
            assert_eq!(path(remote).as_deref(), Some(short), "{remote}");
        }
        assert_eq!(address("../elsewhere"), None);
        assert_eq!(checked("https://a:s3cret@b.example/x y").as_deref(), Some("https://b.example/x%20y"));
        assert_eq!(checked("javascript:alert(1)"), None);
    }
}
