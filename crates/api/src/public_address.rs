//! Where webhooks and servers of agents' own may lie: not in the network that this server stands in,
//! unless its operator allows it, because whoever may name an address there could make the server
//! speak for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What is wrong with an address that a tenant names; `None` where nothing is.
pub(crate) fn address_problem(text: &str, allows_private: bool) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else {
        return Some("Input should be a valid URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("URL should have no user and no password");
    }
    match url.scheme() {
        "https" => {}
        "http" if allows_private => {}
        _ => return Some("URL scheme should be 'https', with a host"),
    }
    if !allows_private && is_private_host(&url) {
        return Some(
            "URL should lead to a public address: this server sends to no private network",
        );
    }
    None
}

/// Whether the host is private by its name; other names show when they are looked up.
pub(crate) fn is_private_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => {
            let name = host.trim_end_matches('.');
            name.is_empty() || name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Whether it is an address of the internet: none of this machine, of a private network, of a
/// cloud's own services, or of no one.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_for_protocols = (first, second, third) == (192, 0, 0);
    let is_for_benchmarks = first == 198 && (18..20).contains(&second);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared
        || is_for_protocols
        || is_for_benchmarks
        || first == 0
        || first >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    // Only 2000::/3 is given out, with parts of it for tunnels and documentation.
    let is_global = parts[0] & 0xe000 == 0x2000;
    let is_tunnel = parts[0] == 0x2002 || (parts[0] == 0x2001 && parts[1] == 0);
    let is_documentation =
        (parts[0] == 0x2001 && parts[1] == 0xdb8) || (parts[0] == 0x3fff && parts[1] < 0x1000);
    is_global && !is_tunnel && !is_documentation
}

/// Looks names up, and gives only the public ones of their addresses.
#[derive(Debug, Clone, Copy)]
pub struct PublicNames;

/// The name leads to nothing that may be sent to.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to no public address")]
struct NoPublicAddress(String);

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err(NoPublicAddress(host).into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_private_networks_are_known() {
        for private in [
            "https://127.0.0.1/a",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://10.1.2.3",
            "https://172.31.0.1",
            "https://192.168.0.9:8443/x",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://localhost/",
            "https://a.LOCALHOST./",
        ] {
            assert!(address_problem(private, false).is_some(), "{private}");
            assert_eq!(address_problem(private, true), None, "{private}");
        }
        for public in [
            "https://93.184.215.14/",
            "https://hooks.test/a",
            "https://[2606:4700::1]/",
        ] {
            assert_eq!(address_problem(public, false), None, "{public}");
        }
        assert!(address_problem("http://hooks.test/", false).is_some());
        assert_eq!(address_problem("http://hooks.test/", true), None);
        for wrong in [
            "",
            "hooks",
            "ftp://a.test/",
            "https://",
            "https://me:word@a.test/",
        ] {
            assert!(address_problem(wrong, true).is_some(), "{wrong}");
        }
    }
}
