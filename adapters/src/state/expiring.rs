//! A map whose entries end at a time. The caller brings the time; an entry is gone from the very millisecond it ends.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Below this many entries nothing is swept: looking at them all would cost more than it frees.
const SWEEP_FROM: usize = 1024;

/// See the file.
pub(super) struct Expiring<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    sweep_at: usize,
}

struct Entry<V> {
    value: V,
    until_ms: u64,
}

impl<K: Ord, V> Expiring<K, V> {
    pub(super) fn new() -> Self {
        Self { entries: BTreeMap::new(), sweep_at: SWEEP_FROM }
    }

    /// The value, if its time has not come.
    pub(super) fn get<Q: Ord + ?Sized>(&mut self, key: &Q, now_ms: u64) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.entries.get_mut(key).filter(|entry| now_ms < entry.until_ms).map(|entry| &mut entry.value)
    }

    /// Puts a value, over what was there. Now and then frees what has ended.
    pub(super) fn put(&mut self, key: K, value: V, now_ms: u64, until_ms: u64) {
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, entry| now_ms < entry.until_ms);
            self.sweep_at = SWEEP_FROM.max(self.entries.len() * 2);
        }
        self.entries.insert(key, Entry { value, until_ms });
    }

    /// Gives an entry that is there a new end.
    pub(super) fn keep<Q: Ord + ?Sized>(&mut self, key: &Q, until_ms: u64)
    where
        K: Borrow<Q>,
    {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.until_ms = until_ms;
        }
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.entries.remove(key);
    }

    /// The keys in force, in order.
    pub(super) fn keys(&self, now_ms: u64) -> impl Iterator<Item = &K> {
        self.entries.iter().filter(move |(_, entry)| now_ms < entry.until_ms).map(|(key, _)| key)
    }

    /// Everything in force, in order of the keys.
    pub(super) fn values(&self, now_ms: u64) -> impl Iterator<Item = &V> {
        self.entries.values().filter(move |entry| now_ms < entry.until_ms).map(|entry| &entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_at_its_time() {
        let mut map = Expiring::new();
        map.put("a", 1, 0, 10);
        assert_eq!(map.get("a", 9), Some(&mut 1));
        assert_eq!(map.get("a", 10), None);
        map.keep("a", 20);
        assert_eq!(map.values(19).count(), 1);
        assert_eq!(map.values(20).count(), 0);
    }

    #[test]
    fn what_has_ended_does_not_pile_up() {
        let mut map = Expiring::new();
        for n in 0..100_000_u64 {
            map.put(n, (), n, n + 1);
        }
        assert!(map.entries.len() <= 2 * SWEEP_FROM, "{}", map.entries.len());
    }
}
