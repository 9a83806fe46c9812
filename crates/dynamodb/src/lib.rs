//! (front page follows)

pub mod value;
