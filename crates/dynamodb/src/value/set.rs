//! Sets of strings, numbers or byte strings.

/// Distinct members in ascending order.
///
/// A stored set is never empty; an empty one can come out of [`Set::difference`] and is then no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<T>(Vec<T>);

/// Without members.
impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Set<T> {
    /// The set of these members; `None` where one is there twice.
    #[must_use]
    pub fn of_distinct(mut members: Vec<T>) -> Option<Self> {
        members.sort_unstable();
        Self::from_sorted(members)
    }

    /// From members that are sorted and distinct already; `None` where they are not.
    #[must_use]
    pub fn from_sorted(members: Vec<T>) -> Option<Self> {
        members.is_sorted_by(|one, next| one < next).then_some(Self(members))
    }

    /// Whether this is a member.
    #[must_use]
    pub fn contains(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// The members of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self
    where
        T: Clone,
    {
        let mut members: Vec<T> = self.0.iter().chain(&other.0).cloned().collect();
        members.sort_unstable();
        members.dedup();
        Self(members)
    }

    /// The members that `other` has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self
    where
        T: Clone,
    {
        Self(self.0.iter().filter(|member| !other.contains(member)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Set;

    fn set(members: &[u8]) -> Set<u8> {
        Set::of_distinct(members.to_vec()).unwrap()
    }

    #[test]
    fn members_are_distinct_and_order_does_not_matter() {
        assert_eq!(Set::of_distinct(vec![1, 2, 1]), None);
        assert_eq!(set(&[2, 1]), set(&[1, 2]));
    }

    #[test]
    fn union_and_difference_are_those_of_sets() {
        assert_eq!(set(&[1, 3]).union(&set(&[2, 3])), set(&[1, 2, 3]));
        assert_eq!(set(&[1, 2, 3]).difference(&set(&[2, 4])), set(&[1, 3]));
        assert!(set(&[1]).difference(&set(&[1])).is_empty());
    }
}
