//! A bar on the terminal while it lasts.

use std::io::{IsTerminal, Write};

const WIDTH: usize = 30;

/// How far a row is.
pub struct Progress {
    name: &'static str,
    steps: usize,
    done: usize,
}

impl Progress {
    /// Nothing of so many steps.
    pub fn new(name: &'static str, steps: usize) -> Self {
        Self { name, steps: steps.max(1), done: 0 }
    }

    /// One step more, about to be done for whom.
    pub fn step(&mut self, who: &str) {
        self.draw(who);
        self.done += 1;
    }

    fn draw(&self, who: &str) {
        let mut out = std::io::stderr();
        if out.is_terminal() {
            let filled = WIDTH * self.done / self.steps;
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH - filled));
            let _ = write!(out, "\r\x1b[K{bar} {} · {who}", self.name);
            let _ = out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
