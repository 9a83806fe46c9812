//! Every engine of this room passes the suite.

use engine::conformance::{self, Subject};
use engine::{Engine, MemoryEngine};
use env::SeededRandom;

/// One test per group of the suite, for the engine that `$make` makes.
macro_rules! suite {
    ($engine:ident, $make:expr) => {
        mod $engine {
            use super::*;

            suite!(@ $make; keyspaces reads sweeps commits isolation checkpoints versions model);
        }
    };
    (@ $make:expr; $($group:ident)*) => {
        $(
            #[test]
            fn $group() {
                conformance::$group(&|| Box::new($make));
            }
        )*
    };
}

suite!(memory, Memory(MemoryEngine::new(&SeededRandom::new(1))));

struct Memory(MemoryEngine);

impl Subject for Memory {
    fn engine(&self) -> &dyn Engine {
        &self.0
    }

    fn restart(&mut self) -> bool {
        false
    }
}

fn with_clock(clock: std::sync::Arc<dyn env::Clock>) -> Box<dyn Subject> {
    Box::new(Memory(MemoryEngine::new(&SeededRandom::new(1)).with_clock(clock)))
}

#[test]
fn seconds() {
    conformance::seconds(&with_clock);
}

#[test]
fn tokens() {
    conformance::tokens(&with_clock);
}
