//! Draws ids, secrets and chances from one seed, so that a run can be repeated.

const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX: &[u8] = b"0123456789abcdef";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CROCKFORD: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A small seeded generator (SplitMix64); good enough for ids, not for secrets that matter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Draws from `0..limit`; zero when `limit` is zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// Decides a chance between 0 (never) and 1 (always).
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        share >= 1.0 || (self.next() >> 11) as f64 / ((1u64 << 53) as f64) < share
    }

    /// Makes an id of an older PagerDuty kind: `P` and six characters.
    pub(crate) fn short_id(&mut self) -> String {
        self.letters("P", 6, UPPER)
    }

    /// Makes an id of a newer PagerDuty kind (incident, alert, log entry): the prefix and 13 characters.
    pub(crate) fn long_id(&mut self, prefix: &str) -> String {
        self.letters(prefix, 13, UPPER)
    }

    pub(crate) fn hex32(&mut self) -> String {
        self.letters("", 32, HEX)
    }

    /// Makes a webhook secret that looks like base64, as PagerDuty's do.
    pub(crate) fn secret(&mut self) -> String {
        self.letters("", 86, BASE64) + "=="
    }

    pub(crate) fn token(&mut self, prefix: &str) -> String {
        self.letters(prefix, 18, BASE64.get(..62).expect("the alphabet without its two signs"))
    }

    pub(crate) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        for half in bytes.chunks_mut(8) {
            half.copy_from_slice(&self.next().to_be_bytes());
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Makes a 26-character id that sorts by time, like the ids of PagerDuty's webhook events.
    pub(crate) fn ulid(&mut self, at_ms: i64) -> String {
        let mut text = String::with_capacity(26);
        for place in (0..10).rev() {
            text.push(CROCKFORD[((at_ms >> (5 * place)) & 31) as usize] as char);
        }
        self.letters(&text, 16, CROCKFORD)
    }

    fn letters(&mut self, prefix: &str, count: usize, alphabet: &[u8]) -> String {
        let mut text = String::with_capacity(prefix.len() + count);
        text.push_str(prefix);
        for _ in 0..count {
            text.push(alphabet[self.below(alphabet.len() as u64) as usize] as char);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_in_the_vendors_shapes() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        let id = one.long_id("Q");
        assert_eq!(id, two.long_id("Q"));
        assert_eq!(id.len(), 14);
        assert_eq!(one.short_id().len(), 7);
        assert_eq!(one.ulid(1_767_323_045_678).len(), 26);
        assert!(one.uuid().parse::<uuid::Uuid>().is_ok());
        assert!(!one.chance(0.0) && one.chance(1.0));
    }
}
