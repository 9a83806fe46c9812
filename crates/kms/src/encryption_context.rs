//! The encryption context as associated data: one way to write each set of pairs.

use envelope::EncryptionContext;

/// Appends the canonical form of `context`; lengths and the count are 32-bit, big-endian:
///
/// ```text
///  4 B pairs │ per pair, in the byte order of the names: 4 B length │ name │ 4 B length │ value
/// ```
/// Every part carries its length, so no two contexts are written alike.
pub fn append_canonical(out: &mut Vec<u8>, context: &EncryptionContext) {
    append_len(out, context.len());
    for (name, value) in context {
        append_text(out, name);
        append_text(out, value);
    }
}

/// How many bytes [`append_canonical`] appends.
#[must_use]
pub fn canonical_len(context: &EncryptionContext) -> usize {
    context.iter().fold(4, |sum, (name, value)| sum + 8 + name.len() + value.len())
}

fn append_text(out: &mut Vec<u8>, text: &str) {
    append_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// # Panics
/// Never: a request is far shorter than 4 GiB.
fn append_len(out: &mut Vec<u8>, len: usize) {
    let len = u32::try_from(len).expect("a context comes from a request of at most 16 MB");
    out.extend_from_slice(&len.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::{append_canonical, canonical_len};
    use proptest::collection::btree_map;
    use proptest::proptest;

    fn canonical(pairs: &[(&str, &str)]) -> Vec<u8> {
        let context = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut out = Vec::new();
        append_canonical(&mut out, &context);
        out
    }

    #[test]
    fn the_order_of_pairs_does_not_count() {
        assert_eq!(canonical(&[("a", "1"), ("b", "2")]), canonical(&[("b", "2"), ("a", "1")]));
    }

    #[test]
    fn moving_a_letter_between_parts_counts() {
        let all = [
            canonical(&[]),
            canonical(&[("", "")]),
            canonical(&[("ab", "c")]),
            canonical(&[("a", "bc")]),
            canonical(&[("A", "bc")]),
            canonical(&[("a", ""), ("bc", "")]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| one != other));
        }
    }

    proptest! {
        #[test]
        fn contexts_are_equal_where_their_forms_are(
            one in btree_map(".{0,2}", ".{0,2}", 0..3),
            other in btree_map(".{0,2}", ".{0,2}", 0..3),
        ) {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            append_canonical(&mut first, &one);
            append_canonical(&mut second, &other);
            assert_eq!(one == other, first == second);
            assert_eq!(first.len(), canonical_len(&one));
        }
    }
}
