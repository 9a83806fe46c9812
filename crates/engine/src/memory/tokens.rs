//! Tokens of commits, remembered in memory.

use std::collections::{HashMap, VecDeque};

use crate::{Remembered, Token, Version};

/// Tokens that were applied, and when, oldest first.
#[derive(Default)]
pub struct Tokens {
    known: HashMap<[u8; 32], Remembered>,
    ages: VecDeque<(u64, [u8; 32])>,
}

impl Tokens {
    /// What was applied under a token, and is remembered still.
    pub fn recall(&mut self, id: &[u8; 32], now_s: u64) -> Option<Remembered> {
        while let Some((_, old)) = self.ages.pop_front_if(|(at, _)| *at + Token::REMEMBERED_S <= now_s) {
            self.known.remove(&old);
        }
        self.known.get(id).copied()
    }

    /// Remembers a token that is not known.
    pub fn remember(&mut self, token: Token, version: Version, now_s: u64) {
        self.known.insert(token.id, Remembered { request: token.request, version });
        self.ages.push_back((now_s, token.id));
    }
}
