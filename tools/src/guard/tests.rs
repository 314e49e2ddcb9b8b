//! Addresses that lead inward, however they are written: none reaches a listener.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::net::TcpListener;

/// Names a resolver lies about: each leads to the canary's address or to one like it.
const LYING: &[(&str, &[&str])] = &[
    ("loopback.evil.example", &["127.0.0.1"]),
    ("six.evil.example", &["::1"]),
    ("mapped.evil.example", &["::ffff:127.0.0.1"]),
    ("mixed.evil.example", &["93.184.215.14", "127.0.0.1"]),
    ("mixed6.evil.example", &["2606:4700:4700::1111", "::1"]),
    ("any.evil.example", &["0.0.0.0"]),
    ("any6.evil.example", &["::"]),
    ("metadata.evil.example", &["169.254.169.254"]),
    ("metadata6.evil.example", &["fd00:ec2::254"]),
    ("azure.evil.example", &["168.63.129.16"]),
    ("alibaba.evil.example", &["100.100.100.200"]),
    ("ten.evil.example", &["10.0.0.1"]),
    ("private.evil.example", &["192.168.1.1"]),
    ("docker.evil.example", &["172.17.0.1"]),
    ("nat64.evil.example", &["64:ff9b::7f00:1"]),
    ("sixtofour.evil.example", &["2002:7f00:1::"]),
    ("teredo.evil.example", &["2001:0:7f00:1::"]),
    ("link.evil.example", &["fe80::1"]),
    ("site.evil.example", &["fec0::1"]),
    ("multicast.evil.example", &["224.0.0.1"]),
    ("broadcast.evil.example", &["255.255.255.255"]),
    ("localhost", &["127.0.0.1", "::1"]),
    ("localhost.localdomain", &["127.0.0.1"]),
    ("kubernetes.default.svc", &["10.96.0.1"]),
    ("metadata.google.internal", &["169.254.169.254"]),
    ("rebind.evil.example", &["127.0.0.1"]),
    ("xn--ls8h.example", &["127.0.0.1"]),
];

/// Hosts that are addresses, as a browser reads them. `P` is the canary's port.
const LITERAL: &str = "
    127.0.0.1:P 127.1:P 127.0.1:P 2130706433:P 0x7f000001:P 0x7f.0.0.1:P 0x7f.1:P 0177.0.0.1:P 0177.1:P
    017700000001:P 127.000.000.001:P 127.0.0.1.:P 127.255.255.254:P 0.0.0.0:P 0:P 0x0:P [::1]:P
    [0:0:0:0:0:0:0:1]:P [::]:P [::ffff:127.0.0.1]:P [::ffff:7f00:1]:P [::127.0.0.1]:P [64:ff9b::7f00:1]:P
    [64:ff9b:1::7f00:1]:P [2002:7f00:1::]:P [2001:0:7f00:1::]:P [fe80::1]:P [fc00::1]:P [fd00:ec2::254]:P
    [fec0::1]:P [ff02::1]:P [2001:db8::1]:P [2a00::5efe:7f00:1]:P 10.0.0.1:P 10.1:P 172.16.0.1:P
    172.31.255.255:P 192.168.0.1:P 192.168.1:P 169.254.169.254 169.254.169.254:P 0xa9fea9fe 2852039166
    0251.0376.0251.0376 169.254.43518 100.64.0.1:P 100.100.100.200 168.63.129.16 192.0.0.192 192.0.2.1:P
    198.18.0.1:P 198.51.100.1:P 203.0.113.1:P 192.88.99.1:P 224.0.0.1:P 240.0.0.1:P 255.255.255.255:P
    ①②⑦.⓪.⓪.①:P １２７.０.０.１:P 127。0。0。1:P 127.0.0.1%2f:P %31%32%37.0.0.1:P
";

/// What is wrong with it is not the host.
const ODD: &[&str] = &[
    "http://example.com/",
    "http://loopback.evil.example:P/",
    "http://127.0.0.1:P/",
    "http://[::1]:P/",
    "ftp://127.0.0.1:P/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:P/_x",
    "data:application/json,{}",
    "javascript:1",
    "unix:/var/run/docker.sock",
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://example.com@127.0.0.1:P/",
    "https://127.0.0.1:P@example.com/",
    "https://127.0.0.1:P#@example.com/",
    "https://127.0.0.1:P\\@example.com/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://8.8.8.8:53/",
    "https:127.0.0.1:P/",
    "https:///127.0.0.1:P/",
    "https:\\\\127.0.0.1:P\\",
    "  https://127.0.0.1:P/",
    "HTTPS://127.0.0.1:P/",
    "https://127.0.0.1\t:P/",
    "wss://127.0.0.1:P/",
    "//127.0.0.1:P/",
    "https://LOCALHOST:P/",
    "https://localhost.:P/",
    "https://loopback.evil.example./",
    "https://LoopBack.Evil.Example:P/",
    "https://①②⑦.⓪.⓪.①:P/x",
    "https://[::1%25lo]:P/",
    "https://127.0.0.1:P/?x=https://example.com/",
    "http://localhost:P",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:P/",
    "https://loc%61lhost:P/",
    "https://",
    "https://:P/",
    "",
    "https://ten.evil.example:8443/x",
];

fn lying() -> Lookup {
    Arc::new(|name: String| {
        let name = name.trim_end_matches('.').to_owned();
        let known = LYING.iter().find(|(lying, _)| *lying == name).map(|(_, addresses)| *addresses);
        let found = known.unwrap_or(&["127.0.0.1"]).iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        Box::pin(async move { Ok(found) })
    })
}

/// Listens where nobody may come; counts who does.
async fn canary(host: &str, port: u16, visits: &Arc<AtomicU32>) -> Option<u16> {
    let listener = TcpListener::bind((host, port)).await.ok()?;
    let port = listener.local_addr().unwrap().port();
    let visits = visits.clone();
    #[allow(clippy::disallowed_methods, reason = "a test's server ends with the test")]
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            visits.fetch_add(1, SeqCst);
        }
    });
    Some(port)
}

/// What came of asking a URL with the guard.
async fn ask(guard: &Guard, text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let client = guard.client(&url).map_err(|error| error.to_string())?;
    let error = match client.get(url).timeout(CONNECT).send().await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    verdict(&error).map_or(Ok(()), |forbidden| Err(forbidden.to_string()))
}

#[tokio::test]
async fn no_address_of_the_corpus_reaches_a_listener() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let visits = Arc::new(AtomicU32::new(0));
    let port = canary("127.0.0.1", 0, &visits).await.unwrap();
    canary("::1", port, &visits).await;
    let guard = Guard::resolving(&["shop.internal:8080".to_owned()], lying()).unwrap();

    let literal =
        LITERAL.split_whitespace().flat_map(|host| ["https", "http"].map(|scheme| format!("{scheme}://{host}/x")));
    let named = LYING.iter().flat_map(|(name, _)| [format!("https://{name}:P/x"), format!("https://{name}/")]);
    let odd = ODD.iter().map(|url| (*url).to_owned());
    let corpus: Vec<String> = literal.chain(named).chain(odd).map(|url| url.replace('P', &port.to_string())).collect();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for url in &corpus {
        assert!(ask(&guard, url).await.is_err(), "{url}");
    }
    assert_eq!(visits.load(SeqCst), 0);
}

#[tokio::test]
async fn a_name_with_public_addresses_passes_and_a_named_private_host_does() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let checked = |addresses: &'static [&'static str]| {
        let found = addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect::<Vec<_>>();
        let found = std::sync::Mutex::new(Some(found));
        let lookup: Lookup = Arc::new(move |_| {
            let found = found.lock().unwrap().take().unwrap();
            Box::pin(async move { Ok(found) })
        });
        Checked { lookup }.resolve("shop.example".parse().unwrap())
    };
    assert_eq!(checked(&["93.184.215.14", "2606:4700:4700::1111"]).await.unwrap().count(), 2);
    assert!(checked(&["93.184.215.14", "10.0.0.1"]).await.is_err());

    let visits = Arc::new(AtomicU32::new(0));
    let port = canary("127.0.0.1", 0, &visits).await.unwrap();
    let guard = Guard::new(&[format!("127.0.0.1:{port}"), format!("LocalHost:{port}")]).unwrap();
    for url in ["http://127.0.0.1:P/", "https://localhost:P/"] {
        let url = Url::parse(&url.replace('P', &port.to_string())).unwrap();
        assert!(guard.client(&url).is_ok());
    }
    let other = Url::parse("http://127.0.0.1:1/").unwrap();
    assert!(guard.client(&other).is_err());
}

#[tokio::test]
async fn an_address_is_judged_where_the_connection_is_made_not_where_it_was_asked_before() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let visits = Arc::new(AtomicU32::new(0));
    let port = canary("127.0.0.1", 0, &visits).await.unwrap();
    // The first answer is one nobody answers at, the second leads inward.
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let ip = if count.fetch_add(1, SeqCst) == 0 { "255.255.255.255" } else { "127.0.0.1" };
        Box::pin(async move { Ok(vec![SocketAddr::new(ip.parse().unwrap(), 0)]) })
    });
    let guard = Guard::resolving(&[], lookup).unwrap();
    for _ in 0..3 {
        assert!(ask(&guard, &format!("https://rebind.evil.example:{port}/")).await.is_err());
    }
    assert_eq!((asked.load(SeqCst), visits.load(SeqCst)), (3, 0));
}
