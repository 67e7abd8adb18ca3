//! Small values that the program itself has to know again after a restart: secrets that were told once, and marks.

use crate::StoreError;
use std::fmt;

/// The longest name of a value.
const NAME_MAX: usize = 80;
/// The largest value. What is kept is read whole at every start.
const VALUE_SIZE_MAX: usize = 4096;

/// A value that the store keeps. It may be a secret, so it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(String);

impl Kept {
    /// Wraps a value, to be kept under `name`.
    ///
    /// # Errors
    /// [`StoreError::Unkeepable`] when the name is not one of 1 to 80 characters of `a-z A-Z 0-9 - _ . /`, or when the
    /// value has more than 4096 bytes or a zero byte.
    pub fn new(name: &str, value: &str) -> Result<Self, StoreError> {
        check_name(name)?;
        if value.len() > VALUE_SIZE_MAX || value.contains('\0') {
            return Err(StoreError::Unkeepable("the value has more than 4096 bytes, or a zero byte"));
        }
        Ok(Self::read(value.to_owned()))
    }

    /// Wraps a value that a store has read back.
    #[must_use]
    pub fn read(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(fits) {
        return Err(StoreError::Unkeepable("the name does not have 1 to 80 characters of `a-z A-Z 0-9 - _ . /`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_not_show() {
        let kept = Kept::new("webhook/pd/PX1", "geheim").expect("can be kept");
        assert_eq!((format!("{kept:?}").as_str(), kept.expose()), ("***", "geheim"));
    }

    #[test]
    fn what_cannot_be_kept_is_told_without_the_value() {
        let long = "x".repeat(81);
        for name in ["", "a:b", "a b", "ü", &long] {
            let words = Kept::new(name, "geheim").expect_err(name).to_string();
            assert!(words.contains("the name") && !words.contains("geheim"), "{words}");
        }
        for value in ["geheim\0", &"x".repeat(4097)] {
            let words = Kept::new("a", value).expect_err("too much").to_string();
            assert!(words.contains("the value") && !words.contains("geheim"), "{words}");
        }
        Kept::new(&"x".repeat(80), &"x".repeat(4096)).expect("fits");
    }
}
