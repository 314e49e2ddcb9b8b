//! Where tools may connect to. The address a connection is made to is the address that was checked: names are resolved
//! here, every address they have is judged, and only then the HTTP client gets them.
//!
//! Before it: [`crate::http`] and [`crate::mcp`], with a URL of a pack. After it: the network. It never follows a
//! redirect, never uses a proxy of the environment, and keeps no cookies. Hosts the operator names may be reached though
//! they are private; packs cannot name any.

mod address;
#[cfg(test)]
mod tests;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Resolving and connecting. Higher keeps a caller waiting for a host that is not there.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: a conversation asks again within seconds.
const IDLE: Duration = Duration::from_secs(30);
/// Ports below this one belong to services of the system; of these only that of https is allowed.
const FIRST_FREE_PORT: u16 = 1_024;

/// An address tools may not connect to, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("address not allowed: {0}")]
pub(crate) struct Forbidden(pub(crate) &'static str);

/// The clients tools use.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// Public addresses only.
    public: Client,
    /// For hosts the operator named.
    private: Client,
    private_hosts: BTreeSet<String>,
}

impl Guard {
    /// `private_hosts` are `host:port`.
    pub(crate) fn new(private_hosts: &[String]) -> Result<Self, reqwest::Error> {
        Self::resolving(private_hosts, Arc::new(|name| Box::pin(system(name))))
    }

    fn resolving(private_hosts: &[String], lookup: Lookup) -> Result<Self, reqwest::Error> {
        let private_hosts = private_hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        let public = client().dns_resolver(Arc::new(Checked { lookup })).https_only(true).build()?;
        Ok(Self { public, private: client().build()?, private_hosts })
    }

    /// The client that may ask this URL.
    pub(crate) fn client(&self, url: &Url) -> Result<&Client, Forbidden> {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Forbidden("no host"));
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden("scheme"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden("user in the address"));
        }
        if self.private_hosts.contains(&format!("{host}:{port}")) {
            return Ok(&self.private);
        }
        if url.scheme() != "https" {
            return Err(Forbidden("not https"));
        }
        if port != 443 && port < FIRST_FREE_PORT {
            return Err(Forbidden("port"));
        }
        // The client's connector does not ask the resolver about an address.
        let literal = host.to_string();
        if let Ok(address) = literal.trim_matches(['[', ']']).parse::<IpAddr>() {
            address::check(address)?;
        }
        Ok(&self.public)
    }
}

fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("patchbay/", env!("CARGO_PKG_VERSION")))
}

type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;
/// Finds the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

async fn system(name: String) -> std::io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
}

/// Resolves names to addresses that were all found allowed. One that is not spoils the name: whoever mixes them is
/// probing.
struct Checked {
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            for found in &found {
                address::check(found.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The guard's verdict, where it is behind a request's error.
pub(crate) fn verdict(error: &reqwest::Error) -> Option<Forbidden> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
            return Some(*forbidden);
        }
        source = error.source();
    }
    None
}
