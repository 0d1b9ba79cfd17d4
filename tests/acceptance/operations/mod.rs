//! What operators set and are protected from: keys, scopes, rates, catalogue, permissions.

mod keys;
mod permissions;
mod rate_limits;
mod security;
mod seeding;
