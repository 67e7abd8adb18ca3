//! How many tests passed and failed, read from what a group prints.

use std::ops::AddAssign;

/// Tests counted so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Returns how many tests really ran.
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// Where the counts of a group come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// The `test result:` lines of `cargo test`, one for each test binary.
    Libtest,
    /// Lines that are exactly `N passed, N failed`; several are added up.
    #[allow(dead_code, reason = "for the groups that bring a harness of their own")]
    Summary,
    /// The whole group is one test: it passes when the command exits with 0.
    Exit,
}

impl Counted {
    /// Reads the counts in one line of output, if it has any.
    pub(crate) fn read(self, line: &str) -> Option<Tally> {
        match self {
            Self::Libtest => libtest(line),
            Self::Summary => summary(line),
            Self::Exit => None,
        }
    }

    /// Returns the counts of a finished group, and what is wrong with it.
    ///
    /// A group that ends badly counts at least one failure, and so does one that ran nothing: a test
    /// run that silently does nothing must not look like success.
    pub(crate) fn finish(self, mut tally: Tally, succeeded: bool) -> (Tally, Option<&'static str>) {
        if self == Self::Exit {
            tally = Tally { passed: u64::from(succeeded), failed: u64::from(!succeeded), ignored: 0 };
            return (tally, (!succeeded).then_some("the command failed"));
        }
        if tally.failed > 0 {
            return (tally, Some("tests failed"));
        }
        if !succeeded {
            tally.failed = 1;
            return (tally, Some("the command failed before it could count a failed test"));
        }
        if tally.ran() == 0 {
            tally.failed = 1;
            return (tally, Some("no test ran"));
        }
        (tally, None)
    }
}

fn libtest(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut tally = Tally::default();
    for part in counts.split("; ") {
        match part.split_once(' ') {
            Some((number, "passed")) => tally.passed = number.parse().ok()?,
            Some((number, "failed")) => tally.failed = number.parse().ok()?,
            Some((number, "ignored")) => tally.ignored = number.parse().ok()?,
            _ => {}
        }
    }
    Some(tally)
}

fn summary(line: &str) -> Option<Tally> {
    let (passed, failed) = line.split_once(", ")?;
    Some(Tally {
        passed: passed.strip_suffix(" passed")?.parse().ok()?,
        failed: failed.strip_suffix(" failed")?.parse().ok()?,
        ignored: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, ignored: u64) -> Tally {
        Tally { passed, failed, ignored }
    }

    #[test]
    fn libtest_lines_are_counted() {
        let ok = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(Counted::Libtest.read(ok), Some(tally(12, 0, 3)));
        let bad = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s";
        assert_eq!(Counted::Libtest.read(bad), Some(tally(1, 2, 0)));
        assert_eq!(Counted::Libtest.read("test tests::name ... ok"), None);
    }

    #[test]
    fn a_summary_stands_alone_on_its_line() {
        assert_eq!(Counted::Summary.read("100000 passed, 0 failed"), Some(tally(100_000, 0, 0)));
        assert_eq!(Counted::Summary.read("so far 10 passed, 0 failed"), None);
        assert_eq!(Counted::Summary.read("10 passed, 0 failed, more to come"), None);
    }

    #[test]
    fn a_bad_end_counts_as_a_failure() {
        assert_eq!(Counted::Libtest.finish(tally(0, 0, 0), false).0, tally(0, 1, 0));
        assert_eq!(Counted::Libtest.finish(tally(5, 0, 0), false).0, tally(5, 1, 0));
        assert_eq!(Counted::Libtest.finish(tally(5, 2, 0), false).0, tally(5, 2, 0));
        assert_eq!(Counted::Exit.finish(Tally::default(), false).0, tally(0, 1, 0));
    }

    #[test]
    fn counted_failures_fail_the_group_even_when_the_command_exits_with_0() {
        let (counted, problem) = Counted::Summary.finish(tally(9, 1, 0), true);
        assert_eq!(counted, tally(9, 1, 0));
        assert!(problem.is_some());
    }

    #[test]
    fn running_nothing_is_a_failure() {
        assert_eq!(Counted::Summary.finish(Tally::default(), true), (tally(0, 1, 0), Some("no test ran")));
        assert_eq!(Counted::Libtest.finish(tally(0, 0, 7), true), (tally(0, 1, 7), Some("no test ran")));
    }

    #[test]
    fn a_good_end_has_no_problem() {
        assert_eq!(Counted::Libtest.finish(tally(5, 0, 1), true), (tally(5, 0, 1), None));
        assert_eq!(Counted::Exit.finish(Tally::default(), true), (tally(1, 0, 0), None));
    }
}
