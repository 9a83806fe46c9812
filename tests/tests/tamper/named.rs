//! Places of files, as the server's log names them.

use crate::{Flip, HEADER_LEN};

/// In which the header of a log segment lies alone.
const SECTOR: u64 = 512;
/// No block of these small tables is longer.
const BLOCK_LEN: u64 = 32 << 10;

/// A place.
#[derive(Debug)]
pub enum Named {
    /// The beginning of a file.
    Header,
    /// All behind the header.
    Body,
    /// A block or record that begins at this byte.
    At(u64),
}

impl Named {
    /// Reads what follows `damaged data in <file>, `.
    pub fn read(text: &str) -> Option<Self> {
        let end = text.find(['"', '\\', ';', '\n']).unwrap_or(text.len());
        let text = text[..end].trim();
        match text.split(':').next()? {
            "header" => Some(Self::Header),
            "body" => Some(Self::Body),
            place => place.rsplit_once(" at byte ")?.1.parse().ok().map(Self::At),
        }
    }

    /// Whether the flipped byte lies there.
    pub fn holds(&self, flip: &Flip) -> bool {
        let is_log = flip.file.extension().is_some_and(|extension| extension == "log");
        let header = 0..if is_log { SECTOR } else { HEADER_LEN };
        match self {
            Self::Header => header.contains(&flip.offset),
            Self::Body => !header.contains(&flip.offset),
            Self::At(start) => (*start..start + BLOCK_LEN).contains(&flip.offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn places_are_read_as_the_log_writes_them() {
        assert!(matches!(Named::read("header\",\"target\""), Some(Named::Header)));
        assert!(matches!(Named::read("record 7 at byte 4096"), Some(Named::At(4096))));
        assert!(matches!(Named::read("data block at byte 132\"}"), Some(Named::At(132))));
        assert!(Named::read("somewhere").is_none());
    }
}
