//! The URL of somebody who is called.

use std::{fmt, net::IpAddr};

use http::{Uri, uri::Scheme};

use super::address_policy::AddressPolicy;

/// A URL that cannot be called. The text holds nothing of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.rule())]
pub enum UrlError {
    /// Not a URL with a host.
    NotAUrl,
    /// Not by HTTPS.
    NotHttps,
    /// `user:password@`.
    UserInfo,
    /// A host that is no public address.
    NotPublic,
}

impl UrlError {
    /// The rule that it breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NotAUrl => "must be a URL, https://host/path",
            Self::NotHttps => "must begin with https://",
            Self::UserInfo => "must not hold a user name or a password",
            Self::NotPublic => "must not name a private or a local address",
        }
    }
}

/// A URL that may be called. Debug prints scheme and host alone: path and query may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundUrl(Uri);

impl fmt::Debug for OutboundUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin())
    }
}

impl OutboundUrl {
    /// Reads a URL and checks what can be checked without looking its host up.
    pub fn parse(text: &str, policy: AddressPolicy) -> Result<Self, UrlError> {
        let uri: Uri = text.trim().parse().map_err(|_| UrlError::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlError::NotAUrl);
        };
        if authority.as_str().contains('@') {
            return Err(UrlError::UserInfo);
        }
        if *scheme != Scheme::HTTPS && !(*scheme == Scheme::HTTP && policy == AddressPolicy::Any) {
            return Err(if *scheme == Scheme::HTTP { UrlError::NotHttps } else { UrlError::NotAUrl });
        }
        // An empty host, or a port that is no number.
        if authority.host().is_empty() || (authority.port().is_none() && authority.as_str() != authority.host()) {
            return Err(UrlError::NotAUrl);
        }
        let endpoint = Self(uri);
        if endpoint.may_be_called(policy) { Ok(endpoint) } else { Err(UrlError::NotPublic) }
    }

    /// Is its host a name, or an address within reach? A name is checked when it is looked up; an address is not looked
    /// up. Every other spelling of an address (`127.1`, `0x7f000001`) counts as a name, here and for the connector.
    pub(super) fn may_be_called(&self, policy: AddressPolicy) -> bool {
        let host = self.0.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.parse::<IpAddr>().map_or(true, |address| policy.allows(address))
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Scheme, host and port: what may be logged of it.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.0.scheme_str().unwrap_or_default(), self.0.authority().map_or("", |it| it.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_called_is_refused() {
        for (url, why) in [
            ("", UrlError::NotAUrl),
            ("panel.example.com", UrlError::NotAUrl),
            ("/lines", UrlError::NotAUrl),
            ("ftp://panel.example.com/", UrlError::NotAUrl),
            ("file:///etc/passwd", UrlError::NotAUrl),
            ("https://", UrlError::NotAUrl),
            ("https://:443/", UrlError::NotAUrl),
            ("https://panel.example.com:port/", UrlError::NotAUrl),
            ("https://panel.example.com:99999/", UrlError::NotAUrl),
            ("https://panel example.com/", UrlError::NotAUrl),
            ("http://panel.example.com/", UrlError::NotHttps),
            ("https://user:secret@panel.example.com/", UrlError::UserInfo),
            ("https://user@panel.example.com/", UrlError::UserInfo),
            ("https://panel.example.com@127.0.0.1/", UrlError::UserInfo),
            ("https://127.0.0.1/", UrlError::NotPublic),
            ("https://10.1.2.3:8443/", UrlError::NotPublic),
            ("https://169.254.169.254/latest/meta-data/", UrlError::NotPublic),
            ("https://[::1]/", UrlError::NotPublic),
            ("https://[::ffff:127.0.0.1]/", UrlError::NotPublic),
            ("https://[::ffff:a9fe:a9fe]/", UrlError::NotPublic),
            ("https://[fd00:ec2::254]/", UrlError::NotPublic),
            ("https://[64:ff9b::a9fe:a9fe]/", UrlError::NotPublic),
        ] {
            assert_eq!(OutboundUrl::parse(url, AddressPolicy::Public), Err(why), "{url}");
        }
        for url in [
            "https://panel.example.com",
            "https://panel.example.com:8443/lines?token=1",
            "https://8.8.8.8/",
            "HTTPS://panel.example.com/",
            "https://[2606:4700::1111]:8443/lines",
            // Names, for all that the connector knows; what they lead to is checked when they are looked up.
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
        ] {
            assert!(OutboundUrl::parse(url, AddressPolicy::Public).is_ok(), "{url}");
        }
    }

    #[test]
    fn where_private_addresses_are_allowed_so_is_http() {
        for url in ["http://127.0.0.1:9000/", "http://panel.internal/", "https://10.1.2.3/", "http://[::1]:80/"] {
            assert!(OutboundUrl::parse(url, AddressPolicy::Any).is_ok(), "{url}");
        }
        assert_eq!(OutboundUrl::parse("http://user@127.0.0.1/", AddressPolicy::Any), Err(UrlError::UserInfo));
    }

    #[test]
    fn a_secret_in_the_path_is_not_printed() {
        let endpoint =
            OutboundUrl::parse("https://panel.example.com:8443/hook/secret?token=secret", AddressPolicy::Public)
                .unwrap();
        assert_eq!(format!("{endpoint:?}"), "https://panel.example.com:8443");
    }
}
