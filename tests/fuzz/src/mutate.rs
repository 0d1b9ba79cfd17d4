//! Cutting inputs up: what proptest does to seeds, and what libFuzzer's own mutations seldom do.

/// One change of an input. Places are taken modulo the input's length.
#[derive(Debug, Clone, Copy)]
pub enum Edit {
    /// Takes bytes out.
    Cut {
        /// Where.
        at: usize,
        /// How many.
        length: usize,
    },
    /// Turns a bit over.
    Flip {
        /// Which byte.
        at: usize,
        /// Which of its bits.
        bit: u8,
    },
    /// Puts a piece of the dictionary in.
    Insert {
        /// Where.
        at: usize,
        /// Which piece.
        piece: usize,
    },
    /// Puts a part of another seed in.
    Splice {
        /// Where.
        at: usize,
        /// Which seed.
        seed: usize,
        /// Where its part begins.
        from: usize,
        /// How long it is.
        length: usize,
    },
    /// Says a part again and again.
    Repeat {
        /// Where it begins.
        at: usize,
        /// How long it is.
        length: usize,
        /// How often.
        times: usize,
    },
}

/// The input after these edits, at most `most` bytes of it.
pub fn edited(input: &[u8], edits: &[Edit], seeds: &[Vec<u8>], dictionary: &[Vec<u8>], most: usize) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for edit in edits {
        let end = bytes.len();
        match *edit {
            Edit::Cut { at, length } => {
                bytes.drain(part(at, length, end));
            }
            Edit::Flip { at, bit } => {
                if let Some(byte) = bytes.get_mut(at % end.max(1)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Edit::Insert { at, piece } => {
                let piece = dictionary.get(piece % dictionary.len().max(1)).cloned().unwrap_or_default();
                bytes.splice(part(at, 0, end), piece);
            }
            Edit::Splice { at, seed, from, length } => {
                let other = seeds.get(seed % seeds.len().max(1)).map(Vec::as_slice).unwrap_or_default();
                let piece = other.get(part(from, length, other.len())).unwrap_or_default();
                bytes.splice(part(at, 0, end), piece.iter().copied());
            }
            Edit::Repeat { at, length, times } => {
                let part = part(at, length, end);
                let piece = bytes.get(part.clone()).unwrap_or_default();
                let times = times.min(most / piece.len().max(1));
                let repeated = piece.repeat(times);
                bytes.splice(part, repeated);
            }
        }
        bytes.truncate(most);
    }
    bytes
}

fn part(at: usize, length: usize, end: usize) -> std::ops::Range<usize> {
    let from = at % (end + 1);
    from..from.saturating_add(length).min(end)
}

/// A part of the input said over and over, up to `most` bytes: what takes more than linear time shows at that size, where libFuzzer
/// comes late or never.
pub fn stretched(input: &[u8], most: usize, seed: u32) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(u64::from(seed));
    let (at, length) = (random.usize(..=input.len()), random.usize(1..=16));
    let room = most.saturating_sub(input.len()) / length;
    let times = 1 + random.usize(..=room);
    edited(input, &[Edit::Repeat { at, length, times }], &[], &[], most)
}
