//! PostgreSQL without passwords, without fsync and without a Unix socket (whose path would have to be short).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::process::{self, Ports};
use super::programs;

/// The database the tests get.
const DATABASE: &str = "patchbay";

const SUPERUSER: &str = "postgres";

/// Enough for several test binaries with a pool each; each connection is a process, so not more than needed.
const SETTINGS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "dynamic_shared_memory_type=mmap",
    "fsync=off",
    "full_page_writes=off",
    "timezone=UTC",
];

pub(super) fn url(ports: Ports) -> String {
    format!("postgres://{SUPERUSER}@127.0.0.1:{}/{DATABASE}", ports.client)
}

pub(super) fn prepare(dir: &Path) -> Result<()> {
    let data = dir.join("postgres");
    std::fs::create_dir(&data).context("failed to make PostgreSQL's folder")?;
    if let Some(user) = unprivileged()? {
        chown(&data, Some(user.uid), Some(user.gid)).context("failed to give PostgreSQL its folder")?;
    }
    let mut command = as_server("initdb")?;
    command
        .current_dir(dir)
        .args(["--no-sync", "--auth", "trust", "--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C"])
        .arg("--pgdata")
        .arg(&data);
    process::run(&mut command).context("failed to make a PostgreSQL cluster")
}

pub(super) fn command(dir: &Path, ports: Ports) -> Result<Command> {
    let mut command = as_server("postgres")?;
    command.arg("-D").arg(dir.join("postgres")).args(["-p", &ports.client.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    Ok(command)
}

/// PostgreSQL accepts connections before it accepts sessions; only the second counts.
pub(super) fn answers(ports: Ports) -> bool {
    session(ports).is_ok()
}

pub(super) fn create_database(ports: Ports) -> Result<()> {
    let mut stream = session(ports)?;
    // It copies a whole template, which takes a busy machine longer than any other question.
    stream.set_read_timeout(Some(super::READY_WITHIN))?;
    let query = format!("CREATE DATABASE {DATABASE}\0");
    stream.write_all(b"Q")?;
    stream.write_all(&length_of(query.as_bytes()))?;
    stream.write_all(query.as_bytes())?;
    until_ready(&mut stream).context("failed to create the test database")
}

/// Opens a session.
/// <https://www.postgresql.org/docs/15/protocol-flow.html> (start-up, simple query; read 2026-11-21)
fn session(ports: Ports) -> Result<TcpStream> {
    let mut stream = ports.connect().context("failed to connect to PostgreSQL")?;
    let version = 196_608_u32.to_be_bytes(); // 3.0
    let names = format!("user\0{SUPERUSER}\0database\0postgres\0\0");
    let message = [&version, names.as_bytes()].concat();
    stream.write_all(&length_of(&message))?;
    stream.write_all(&message)?;
    until_ready(&mut stream)?;
    Ok(stream)
}

/// Reads messages up to the one that says the server is ready for a query.
fn until_ready(stream: &mut TcpStream) -> Result<()> {
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        ensure!((4..100_000).contains(&length), "PostgreSQL does not speak its own protocol");
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body)?;
        match kind {
            b'Z' => return Ok(()),
            b'E' => bail!("{}", String::from_utf8_lossy(&body).replace('\0', " ")),
            _ => {}
        }
    }
}

/// A message's length counts itself.
fn length_of(message: &[u8]) -> [u8; 4] {
    u32::try_from(message.len() + 4).expect("our messages are short").to_be_bytes()
}

/// A command of the server, run as a user PostgreSQL accepts: it refuses to be root.
fn as_server(program: &str) -> Result<Command> {
    let mut command = Command::new(programs::postgres(program)?);
    if let Some(user) = unprivileged()? {
        command.uid(user.uid).gid(user.gid);
    }
    Ok(command)
}

struct User {
    uid: u32,
    gid: u32,
}

/// The user that comes with the package, when we are root; nobody when we are not.
fn unprivileged() -> Result<Option<User>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    let missing = "PostgreSQL does not run as root and there is no user `postgres`";
    Ok(Some(User { uid: id(&["-u", SUPERUSER]).context(missing)?, gid: id(&["-g", SUPERUSER]).context(missing)? }))
}

fn id(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(arguments).output().context("failed to run `id`")?;
    String::from_utf8_lossy(&output.stdout).trim().parse().context("`id` printed no number")
}
