//! The private servers, with the real programs: they answer, survive a `kill -9`, and leave nothing behind however their
//! owner ends. Where the programs are not installed the suite says so and leaves itself out.

#![allow(clippy::disallowed_methods, reason = "another process is waited for on the machine's clock")]
#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail like the test itself")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xtask::servers::{Server, Servers, missing};

#[test]
fn all_three_answer_and_keep_what_they_hold_over_a_kill() {
    let Some(servers) = start() else { return };
    assert_eq!(redis(&servers.redis_url, "SET greeting hello"), "+OK");
    assert!(first_line(&servers.nats_url).starts_with("INFO "));

    for server in [Server::Redis, Server::Nats, Server::Postgres] {
        servers.kill(server);
        assert!(!is_open(url_of(&servers, server)), "{server:?} is down");
        servers.restart(server).unwrap();
        assert!(is_open(url_of(&servers, server)), "{server:?} is back where it was");
    }
    assert_eq!(redis(&servers.redis_url, "GET greeting"), "$5");
}

#[test]
fn killing_twice_and_restarting_twice_change_nothing() {
    let Some(servers) = start() else { return };
    servers.kill(Server::Redis);
    servers.kill(Server::Redis);
    servers.restart(Server::Redis).unwrap();
    servers.restart(Server::Redis).unwrap();
    assert_eq!(redis(&servers.redis_url, "PING"), "+PONG");
}

#[test]
fn dropping_them_stops_them() {
    let Some(servers) = start() else { return };
    let urls = [servers.redis_url.clone(), servers.nats_url.clone(), servers.database_url.clone()];
    drop(servers);
    assert!(urls.iter().all(|url| !is_open(url)));
}

#[test]
fn an_owner_that_is_killed_leaves_no_server_behind() {
    if leave_out() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let mut owner = owner_in(temporary.path());
    let mut said = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    let urls: Vec<String> =
        said.by_ref().take(3).map(|line| line.split_once('=').expect("an exported variable").1.to_owned()).collect();
    assert!(urls.iter().all(|url| is_open(url)));

    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the servers end and their folder is gone", || {
        urls.iter().all(|url| !is_open(url)) && temporary.path().read_dir().unwrap().next().is_none()
    });
}

#[test]
fn two_sets_run_side_by_side() {
    let (Some(one), Some(other)) = (start(), start()) else { return };
    assert_eq!(redis(&one.redis_url, "SET only here"), "+OK");
    assert_eq!(redis(&other.redis_url, "GET only"), "$-1");
}

fn leave_out() -> bool {
    let missing = missing();
    if !missing.is_empty() {
        eprintln!("left out: {} not installed; `cargo xtask test` installs it", missing.join(", "));
    }
    !missing.is_empty()
}

fn start() -> Option<Servers> {
    (!leave_out()).then(|| Servers::start().unwrap())
}

/// `xtask servers`, with its folders inside one that can be looked at afterwards.
fn owner_in(temporary: &std::path::Path) -> Child {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(temporary, std::fs::Permissions::from_mode(0o711)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("servers")
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn url_of(servers: &Servers, server: Server) -> &str {
    match server {
        Server::Redis => &servers.redis_url,
        Server::Nats => &servers.nats_url,
        Server::Postgres => &servers.database_url,
    }
}

fn address(url: &str) -> &str {
    let rest = url.split_once("://").expect("a URL").1;
    let rest = rest.rsplit_once('@').map_or(rest, |(_user, rest)| rest);
    rest.split('/').next().unwrap()
}

fn is_open(url: &str) -> bool {
    TcpStream::connect(address(url)).is_ok()
}

fn first_line(url: &str) -> String {
    let mut line = String::new();
    BufReader::new(TcpStream::connect(address(url)).unwrap()).read_line(&mut line).unwrap();
    line
}

/// The first line of Redis's answer.
fn redis(url: &str, command: &str) -> String {
    let mut stream = TcpStream::connect(address(url)).unwrap();
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up_at = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < give_up_at, "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
