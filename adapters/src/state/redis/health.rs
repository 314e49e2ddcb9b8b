//! Whether Redis answers, and whether its settings are safe. Everything is read from `INFO`, which managed servers
//! allow where they forbid `CONFIG`.

use super::Redis;
use super::link::failed;
use common::ports::{Health, StateError};
use fred::interfaces::ClientLike;
use fred::types::{CustomCommand, Value};

/// The oldest version that knows every command used here.
const OLDEST: (u32, u32) = (6, 2);

impl Redis {
    pub(super) async fn health(&self) -> Result<Health, StateError> {
        let info = CustomCommand::new_static("INFO", None, false);
        let info: String = self.link.redis.custom(info, Vec::<Value>::new()).await.map_err(failed)?;
        Ok(read(&info))
    }
}

fn read(info: &str) -> Health {
    let line = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
    let version = line("redis_version").unwrap_or("of unknown version");
    let mut faults = Vec::new();
    if read_version(version).is_some_and(|version| version < OLDEST) {
        faults.push(format!("redis {version} is older than {}.{}, which this build needs", OLDEST.0, OLDEST.1));
    }
    if let Some(policy) = line("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        faults.push(format!("maxmemory-policy is {policy}: live calls can vanish; set it to noeviction"));
    }
    if line("aof_enabled") == Some("0") {
        faults.push(
            "appendonly is off: a restart of redis forgets live calls and unrecorded events; set it to yes".into(),
        );
    }
    Health { server: format!("redis {version}"), faults }
}

fn read_version(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_settings_have_no_fault() {
        let health = read("# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n");
        assert_eq!(health, Health { server: "redis 7.0.15".into(), faults: Vec::new() });
    }

    #[test]
    fn every_unsafe_setting_is_named() {
        let health = read("redis_version:5.0.3\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n");
        assert_eq!(health.faults.len(), 3, "{:?}", health.faults);
    }
}
