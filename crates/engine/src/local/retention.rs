//! Which versions a file that is written anew keeps.

use super::merge::Everything;
use crate::Result;

/// Keeps, of each key, all versions behind `horizon` and the newest at or below it.
pub struct Retention {
    horizon: u64,
    /// Nothing older lies anywhere, so that a removal has nothing to hide.
    oldest: bool,
    user_key: Vec<u8>,
    newest_seen: bool,
}

impl Retention {
    /// For readers at `horizon` and later.
    pub fn new(horizon: u64, oldest: bool) -> Self {
        Self { horizon, oldest, user_key: Vec::new(), newest_seen: false }
    }

    /// Whether to keep the next entry, in the order of files.
    pub fn keeps(&mut self, user_key: &[u8], version: u64, removes: bool) -> bool {
        if self.user_key != user_key {
            self.user_key.clear();
            self.user_key.extend_from_slice(user_key);
            self.newest_seen = false;
        }
        if version > self.horizon {
            return true;
        }
        let newest = !std::mem::replace(&mut self.newest_seen, true);
        newest && !(removes && self.oldest)
    }

    /// Gives what is kept of `everything` to `add`; `false` where `stop` said so on the way.
    pub fn write(
        mut self,
        mut everything: Everything<'_>,
        mut add: impl FnMut(&[u8], u64, Option<&[u8]>) -> Result<()>,
        stop: impl Fn() -> bool,
    ) -> Result<bool> {
        while !stop() {
            let step = everything.next(|user_key, version, value| {
                let keeps = self.keeps(user_key, version, value.is_none());
                if keeps { add(user_key, version, value.as_deref()) } else { Ok(()) }
            })?;
            if step.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::Retention;

    fn kept(horizon: u64, oldest: bool, entries: &[(&str, u64, bool)]) -> Vec<String> {
        let mut retention = Retention::new(horizon, oldest);
        let keeps = |entry: &&(&str, u64, bool)| retention.keeps(entry.0.as_bytes(), entry.1, entry.2);
        entries.iter().filter(keeps).map(|(key, version, _)| format!("{key}{version}")).collect()
    }

    #[test]
    fn the_newest_at_the_horizon_and_all_behind_it_stay() {
        let entries = [("a", 9, false), ("a", 5, false), ("a", 4, false), ("b", 3, true), ("b", 2, false)];
        assert_eq!(kept(5, false, &entries), ["a9", "a5", "b3"]);
        assert_eq!(kept(9, false, &entries), ["a9", "b3"]);
        assert_eq!(kept(1, false, &entries), ["a9", "a5", "a4", "b3", "b2"]);
    }

    #[test]
    fn a_removal_with_nothing_below_it_goes() {
        let entries = [("b", 3, true), ("b", 2, false), ("c", 9, true), ("c", 1, false)];
        assert_eq!(kept(5, true, &entries), ["c9", "c1"]);
    }
}
