//! Planted bugs: mistakes that people make in such programs. Each must be found by a seed, or the simulation is blind.

use clap::ValueEnum;

/// A mistake to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plant {
    /// News and readings that name us as the author are dropped.
    DropsEchoes,
    /// Records are never read on a schedule.
    NeverPolls,
    /// The answer is given before the commit, and a crash in between loses the input.
    AnswersEarly,
    /// After an unanswered call the far side is not read back.
    NeverReadsBack,
    /// No answer is taken for "not applied".
    TakesSilenceForNo,
    /// No answer is taken for "applied".
    TakesSilenceForYes,
    /// Repeats of a webhook are not known for what they are.
    ForgetsInputs,
    /// A worker that outlived its lease may settle.
    SettlesStale,
    /// A lane is given to a second worker while the first one's lease is live.
    LeasesTwice,
    /// Mirrored notes carry no mark.
    ForgetsTheMark,
    /// A journal entry is changed after the fact.
    EditsTheJournal,
    /// A lane is lost when an attempt is settled.
    ForgetsLanes,
    /// Records that are followed are never listed.
    NeverLists,
    /// A hint about an unknown ticket opens an incident, although it may be the ticket that is just being made.
    OpensByNumber,
    /// What waits longest goes first, urgent or not.
    IgnoresUrgency,
}
