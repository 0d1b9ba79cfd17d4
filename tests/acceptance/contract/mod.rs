//! What clients rely on: the document of the API, recorded requests, replies to the byte, bad input, the README.

mod bad_input;
mod limits;
mod openapi;
mod readme;
mod snapshots;
mod walk;
mod wire;
