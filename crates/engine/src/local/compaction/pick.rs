//! Which files to merge next, told from lengths and keys alone.
//!
//! Level 0 is merged into the *base* level, the first below it that holds anything. While the last level is short
//! that is the last level itself; when it has outgrown [`Sizes::level_bytes`], levels grow between, each
//! [`Sizes::level_growth`] times shorter than the one below it, so that at most that share of a keyspace is old
//! versions. A level that is too long gives the file that overlaps least of the next one.
//!
//! Files of level 0 that are short against what they overlap are merged with each other first: rewriting a long
//! run for the sake of a few entries is what costs most.

use std::ops::Range;

use super::super::levels::{LAST_LEVEL, LEVELS};

/// So many neighbours of about the same size in level 0 are merged with each other.
const FAN_IN: usize = 4;
/// With more files than this times the trigger, the newest of level 0 are merged whatever their sizes.
const MOST_TRIGGERS: usize = 2;
/// What lies in level 0 is merged into a run at most this many times as long.
const REACH: u64 = 8;
/// Scores are in thousandths: from here on there is work to do.
const FULL: u64 = 1000;

/// What decides; see [`super::super::options::Options`].
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Files in level 0 that make it full.
    pub level0_files: usize,
    /// How long the base level may become.
    pub level_bytes: u64,
    /// From level to level.
    pub level_growth: u64,
}

/// A file, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// In bytes.
    pub len: u64,
    /// Entries that remove.
    pub removals: u64,
    /// First user key.
    pub first: &'a [u8],
    /// Last user key.
    pub last: &'a [u8],
}

/// All files, in the order of each level.
pub type Shape<'a> = [Vec<Span<'a>>; LEVELS];

/// Files that become files of a level. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Neighbours of a level, and those they overlap in `to`, if any.
    pub inputs: Vec<(usize, Range<usize>)>,
    /// Where what becomes of them lies.
    pub to: usize,
    /// Nothing else older than they are lies within their keys, so that a removal has nothing to hide.
    pub oldest: bool,
    /// The one file only changes its level.
    pub moves: bool,
}

/// The most urgent job, and how urgent: from 1000 on, in thousandths of what is allowed.
pub fn pick(shape: &Shape<'_>, sizes: &Sizes) -> Option<(u64, Job)> {
    let targets = Targets::of(shape, sizes);
    let mut scores: Vec<(u64, usize)> =
        (0..LEVELS).map(|level| (targets.score(shape, sizes, level), level)).collect();
    scores.retain(|(score, _)| *score >= FULL);
    scores.sort_by_key(|(score, level)| (std::cmp::Reverse(*score), *level));
    scores.into_iter().find_map(|(score, level)| {
        let job = if level == 0 { from_level0(shape, sizes, targets.base) } else { from_level(shape, level) };
        Some((score, job?))
    })
}

/// All files, into the last level; `None` where there are none.
pub fn everything(shape: &Shape<'_>) -> Option<Job> {
    let to = usize::from(LAST_LEVEL);
    let all = (0..LEVELS).map(|level| (level, 0..files(shape, level).len()));
    let inputs: Vec<_> = all.filter(|(_, range)| !range.is_empty()).collect();
    (!inputs.is_empty()).then_some(Job { inputs, to, oldest: true, moves: false })
}

/// What lies in level 0 into the base level, though level 0 is not full.
pub fn settle(shape: &Shape<'_>, sizes: &Sizes) -> Option<Job> {
    let base = Targets::of(shape, sizes).base;
    let flushed = files(shape, 0).len();
    (flushed > 1 && is_worth_it(shape, base)).then(|| Job::new(shape, 0, 0..flushed, base))
}

/// How long levels should be.
struct Targets {
    base: usize,
    bytes: [u64; LEVELS],
}

impl Targets {
    fn of(shape: &Shape<'_>, sizes: &Sizes) -> Self {
        let last = usize::from(LAST_LEVEL);
        let mut bytes = [0; LEVELS];
        let (mut base, mut target) = (last, bytes_of(files(shape, last)));
        let set = |bytes: &mut [u64; LEVELS], level, target| {
            bytes.iter_mut().skip(level).take(1).for_each(|at| *at = target);
        };
        set(&mut bytes, last, u64::MAX);
        let growth = sizes.level_growth.max(2);
        while target > sizes.level_bytes && base > 1 {
            base -= 1;
            target /= growth;
            set(&mut bytes, base, target.max(sizes.level_bytes / growth).max(1));
        }
        let first_used = (1..LEVELS).find(|level| !files(shape, *level).is_empty());
        Self { base: first_used.map_or(base, |level| level.min(base)), bytes }
    }

    /// A level above the base, left from when the keyspace was larger, is emptied first: its target is nothing.
    fn score(&self, shape: &Shape<'_>, sizes: &Sizes, level: usize) -> u64 {
        let held = files(shape, level);
        if level == 0 {
            return FULL * count(held.len()) / count(sizes.level0_files.max(1));
        }
        let target = self.bytes.get(level).copied().unwrap_or_default();
        let score = u128::from(bytes_of(held)) * u128::from(FULL) / u128::from(target.max(1));
        u64::try_from(score).unwrap_or(u64::MAX)
    }
}

fn from_level0(shape: &Shape<'_>, sizes: &Sizes, base: usize) -> Option<Job> {
    let flushed = files(shape, 0);
    let oldest = flushed.len().checked_sub(1)?;
    let moved = Job::new(shape, 0, oldest..oldest + 1, base);
    if moved.moves {
        return Some(moved);
    }
    if is_worth_it(shape, base) {
        return Some(Job::new(shape, 0, 0..flushed.len(), base));
    }
    let lens: Vec<u64> = flushed.iter().map(|file| file.len).collect();
    let run = alike(&lens);
    let run = run
        .or_else(|| (lens.len() > MOST_TRIGGERS * sizes.level0_files).then_some(0..FAN_IN.min(lens.len())));
    run.map(|run| Job::new(shape, 0, run, 0))
}

/// Whether level 0 is long enough to rewrite what it overlaps.
fn is_worth_it(shape: &Shape<'_>, base: usize) -> bool {
    let flushed = files(shape, 0);
    let overlapped = hull(flushed).map_or(0..0, |keys| overlap(files(shape, base), keys));
    let overlapped = bytes_of(files(shape, base).get(overlapped).unwrap_or_default());
    bytes_of(flushed).saturating_mul(REACH) >= overlapped
}

/// The first neighbours of about the same length, newest first.
fn alike(lens: &[u64]) -> Option<Range<usize>> {
    let run_from = |start: usize| {
        let mut sum = 0_u64;
        let alike = |len: &&u64| {
            let fits = sum == 0 || **len <= sum.saturating_mul(2);
            sum = sum.saturating_add(**len);
            fits
        };
        start..start + lens.iter().skip(start).take_while(alike).count()
    };
    (0..lens.len()).map(run_from).find(|run| run.len() >= FAN_IN)
}

/// The file of a level that overlaps least of the next, for its length.
fn from_level(shape: &Shape<'_>, level: usize) -> Option<Job> {
    let next = files(shape, level + 1);
    let cost = |file: &Span<'_>| {
        let overlapped = next.get(overlap(next, (file.first, file.last))).unwrap_or_default();
        u128::from(bytes_of(overlapped)) * u128::from(FULL) / u128::from(file.len.max(1))
    };
    let (at, _) = files(shape, level).iter().enumerate().min_by_key(|(_, file)| cost(file))?;
    Some(Job::new(shape, level, at..at + 1, level + 1))
}

impl Job {
    /// These neighbours of a level, with what they overlap in another, or, within level 0, by themselves.
    fn new(shape: &Shape<'_>, level: usize, run: Range<usize>, to: usize) -> Self {
        let from = files(shape, level).get(run.clone()).unwrap_or_default();
        let keys = hull(from).unwrap_or_default();
        let met = if to > level { overlap(files(shape, to), keys) } else { 0..0 };
        // What is met reaches beyond them; its removals, too, may have something below to hide.
        let joined: Vec<_> =
            from.iter().chain(files(shape, to).get(met.clone()).unwrap_or_default()).collect();
        let joined = hull(joined).unwrap_or_default();
        let is_above = |level: usize| overlap(files(shape, level), joined).is_empty();
        let at_the_end = to > 0 || run.end == files(shape, 0).len();
        let oldest = at_the_end && (to + 1..LEVELS).all(is_above);
        // A move would keep for ever what is only there to hide something.
        let nothing_to_drop = !(oldest && from.iter().any(|file| file.removals > 0));
        let moves = to > level && run.len() == 1 && met.is_empty() && nothing_to_drop;
        let inputs = [(level, run), (to, met)].into_iter().filter(|(_, range)| !range.is_empty());
        Self { inputs: inputs.collect(), to, oldest, moves }
    }
}

fn files<'a, 'b>(shape: &'b Shape<'a>, level: usize) -> &'b [Span<'a>] {
    shape.get(level).map_or(&[], |files| &files[..])
}

fn bytes_of(files: &[Span<'_>]) -> u64 {
    files.iter().map(|file| file.len).sum()
}

fn count(files: usize) -> u64 {
    u64::try_from(files).unwrap_or(u64::MAX)
}

/// From the lowest to the highest key.
fn hull<'a: 'b, 'b>(files: impl IntoIterator<Item = &'b Span<'a>> + Clone) -> Option<(&'a [u8], &'a [u8])> {
    let first = files.clone().into_iter().map(|file| file.first).min()?;
    let last = files.into_iter().map(|file| file.last).max()?;
    Some((first, last))
}

/// Which files of a level below 0 may hold keys of a range.
fn overlap(files: &[Span<'_>], (first, last): (&[u8], &[u8])) -> Range<usize> {
    let start = files.partition_point(|file| file.last < first);
    let end = files.partition_point(|file| file.first <= last);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::{Job, LEVELS, Shape, Sizes, Span, everything, pick, settle};
    use env::SeededRandom;

    const SIZES: Sizes = Sizes { level0_files: 4, level_bytes: 100, level_growth: 4 };

    fn span(len: u64, first: &'static str, last: &'static str) -> Span<'static> {
        Span { len, removals: 0, first: first.as_bytes(), last: last.as_bytes() }
    }

    fn shape(levels: &[(usize, Vec<Span<'static>>)]) -> Shape<'static> {
        let mut shape = Shape::default();
        levels.iter().for_each(|(level, files)| shape[*level] = files.clone());
        shape
    }

    fn job(levels: &[(usize, Vec<Span<'static>>)]) -> Option<Job> {
        pick(&shape(levels), &SIZES).map(|(_, job)| job)
    }

    fn wide(count: usize) -> Vec<Span<'static>> {
        vec![span(10, "a", "z"); count]
    }

    #[test]
    fn nothing_is_done_before_level_0_is_full() {
        assert_eq!(job(&[]), None);
        assert_eq!(job(&[(0, wide(3)), (6, wide(1))]), None);
    }

    #[test]
    fn a_full_level_0_is_merged_with_what_it_overlaps_of_the_base() {
        let below = vec![span(9, "A", "B"), span(9, "c", "d"), span(9, "x", "y"), span(9, "zz", "zzz")];
        let inputs = vec![(0, 0..4), (6, 1..3)];
        assert_eq!(job(&[(0, wide(4)), (6, below)]), Some(Job { inputs, to: 6, oldest: true, moves: false }));
    }

    #[test]
    fn the_base_rises_as_the_last_level_grows() {
        let to = |len| job(&[(0, wide(4)), (6, vec![span(len, "A", "B")])]).unwrap().to;
        assert_eq!([to(100), to(101), to(400), to(404), to(1616)], [6, 5, 5, 4, 3]);
    }

    #[test]
    fn short_files_are_merged_with_each_other_before_a_long_run_is_rewritten() {
        let long = (6, vec![span(90, "a", "c"), span(9, "d", "z")]);
        let short = vec![span(1, "a", "z"); 4];
        let inputs = vec![(0, 0..4)];
        assert_eq!(
            job(&[(0, short), long.clone()]),
            Some(Job { inputs, to: 0, oldest: false, moves: false })
        );
        let unlike = vec![span(1, "a", "z"), span(3, "a", "z"), span(9, "a", "z"), span(27, "a", "z")];
        let few_but_long_enough = job(&[(0, unlike), long]).unwrap();
        assert_eq!(few_but_long_enough.to, 6);
    }

    #[test]
    fn files_one_behind_the_other_only_move() {
        let mut flushed =
            vec![span(10, "m", "n"), span(10, "k", "l"), span(10, "i", "j"), span(10, "g", "h")];
        let below = (6, vec![span(50, "a", "f")]);
        let inputs = vec![(0, 3..4)];
        let moved = Some(Job { inputs, to: 6, oldest: true, moves: true });
        assert_eq!(job(&[(0, flushed.clone()), below.clone()]), moved);
        flushed[3].removals = 1;
        assert!(!job(&[(0, flushed), below]).unwrap().moves, "removals would stay for ever");
    }

    #[test]
    fn removals_stay_while_a_file_that_is_met_reaches_over_something_below() {
        let (flushed, met) = (vec![span(40, "m", "n"); 4], span(60, "a", "z"));
        let levels = |below| [(0, flushed.clone()), (5, vec![met]), (6, vec![span(390, below, below)])];
        assert_eq!(job(&levels("b")).map(|job| (job.to, job.oldest)), Some((5, false)));
        assert_eq!(job(&levels("zz")).map(|job| (job.to, job.oldest)), Some((5, true)));
    }

    #[test]
    fn a_level_too_long_gives_the_file_that_overlaps_least() {
        let above = vec![span(60, "a", "b"), span(60, "c", "d"), span(60, "e", "f")];
        let below = vec![span(200, "a", "b"), span(30, "c", "cc"), span(30, "cd", "d"), span(200, "e", "f")];
        let inputs = vec![(5, 1..2), (6, 1..3)];
        let levels = [(5, above.clone()), (6, below)];
        assert_eq!(job(&levels), Some(Job { inputs, to: 6, oldest: true, moves: false }));
        let inputs = vec![(4, 0..1)];
        let in_the_middle = [(4, above), (6, vec![span(1500, "a", "b")])];
        assert_eq!(job(&in_the_middle), Some(Job { inputs, to: 5, oldest: false, moves: true }));
    }

    #[test]
    fn everything_becomes_one_run() {
        assert_eq!(everything(&shape(&[])), None);
        let inputs = vec![(0, 0..2), (6, 0..1)];
        let all = everything(&shape(&[(0, wide(2)), (6, wide(1))]));
        assert_eq!(all, Some(Job { inputs, to: 6, oldest: true, moves: false }));
        assert_eq!(settle(&shape(&[(0, wide(2)), (6, wide(1))]), &SIZES), all);
        assert_eq!(settle(&shape(&[(0, wide(1)), (6, wide(1))]), &SIZES), None);
    }

    /// A file of the world below: length, first key, last key.
    type File = (u64, u64, u64);
    const FILE_LEN: u64 = 20;

    /// Levels of files over numbers, merged as told and nothing lost.
    #[derive(Default)]
    struct World {
        levels: [Vec<File>; LEVELS],
        flushed: u64,
        written: u64,
    }

    impl World {
        fn flush(&mut self, file: File) {
            self.levels[0].insert(0, file);
            self.flushed += file.0;
            self.written += file.0;
        }

        fn next_job(&self) -> Option<Job> {
            let keys: Vec<Vec<_>> =
                self.levels.iter().map(|files| files.iter().map(keys).collect()).collect();
            let spans = |level: usize| {
                let files = self.levels[level].iter().zip(&keys[level]);
                files.map(|((len, ..), (first, last))| Span { len: *len, removals: 0, first, last }).collect()
            };
            pick(&std::array::from_fn(spans), &SIZES).map(|(_, job)| job)
        }

        fn perform(&mut self, job: &Job) {
            let mut taken = Vec::new();
            for (level, range) in &job.inputs {
                taken.extend(self.levels[*level].drain(range.clone()));
            }
            if job.oldest {
                self.assert_nothing_older(job, &taken);
            }
            let at = job.inputs.first().map_or(0, |(_, range)| range.start);
            if job.moves {
                self.levels[job.to].extend(taken);
            } else {
                let merged = merged(&taken, job.to);
                self.written += merged.iter().map(|file| file.0).sum::<u64>();
                let place = if job.to == 0 { at } else { 0 };
                self.levels[job.to].splice(place..place, merged);
            }
            self.levels[1..].iter_mut().for_each(|files| files.sort_by_key(|file| file.1));
        }

        /// Where a job says so, a removal in it would hide nothing that is left.
        fn assert_nothing_older(&self, job: &Job, taken: &[File]) {
            let behind = job.inputs.first().map_or(0, |(_, range)| range.start);
            let of_level0 = self.levels[0].iter().skip(behind).filter(|_| job.to == 0);
            let deeper = self.levels[job.to.max(1)..].iter().flatten().filter(|_| job.to == 0);
            let deeper = deeper.chain(self.levels[job.to + 1..].iter().flatten());
            for (_, first, last) in of_level0.chain(deeper) {
                let meets = |file: &&File| file.1 <= *last && file.2 >= *first;
                assert_eq!(taken.iter().find(meets), None, "{job:?} leaves {first} to {last} below");
            }
        }

        fn assert_sound(&self) {
            for files in &self.levels[1..] {
                assert!(files.is_sorted_by(|one, next| one.2 < next.1), "{files:?}");
            }
            let all: u64 = self.levels.iter().flatten().map(|file| file.0).sum();
            assert_eq!(all, self.flushed);
        }
    }

    fn keys((_, first, last): &File) -> ([u8; 8], [u8; 8]) {
        (first.to_be_bytes(), last.to_be_bytes())
    }

    fn merged(taken: &[File], to: usize) -> Vec<File> {
        let len: u64 = taken.iter().map(|file| file.0).sum();
        let first = taken.iter().map(|file| file.1).min().unwrap();
        let last = taken.iter().map(|file| file.2).max().unwrap();
        let pieces = if to == 0 { 1 } else { len.div_ceil(FILE_LEN).min(last - first + 1) };
        let cut = |piece: u64| first + (last - first + 1) * piece / pieces;
        let share = |piece: u64| len * (piece + 1) / pieces - len * piece / pieces;
        (0..pieces).map(|piece| (share(piece), cut(piece), cut(piece + 1) - 1)).collect()
    }

    fn load(flushes: u64, file: impl Fn(u64) -> File) -> World {
        let mut world = World::default();
        for number in 0..flushes {
            world.flush(file(number));
            while let Some(job) = world.next_job() {
                world.perform(&job);
                world.assert_sound();
            }
            assert!(world.levels[0].len() <= 9, "level 0 does not grow: {:?}", world.levels[0]);
        }
        world
    }

    #[test]
    fn a_random_load_ends_in_levels_that_grow_and_is_written_few_times() {
        let world = load(2000, |_| (10, 0, 1 << 40));
        let lens = world.levels.each_ref().map(|files| files.iter().map(|file| file.0).sum::<u64>());
        let [.., above, last] = lens;
        assert!(above * 3 < last, "old versions take little room: {lens:?}");
        assert!(world.written < 16 * world.flushed, "{} of {}", world.written, world.flushed);
    }

    #[test]
    fn a_load_in_the_order_of_keys_is_written_once() {
        let world = load(500, |number| (10, number * 100, number * 100 + 99));
        assert_eq!(world.written, world.flushed);
    }

    #[test]
    fn files_of_any_sizes_and_keys_stay_in_order() {
        for seed in 0..20 {
            let random = SeededRandom::new(seed);
            let file = |_| {
                let first = random.below(100_000);
                (1 + random.below(1 << random.below(6)), first, first + random.below(1 << random.below(17)))
            };
            let world = load(300, file);
            assert!(world.written < 30 * world.flushed, "{} of {}", world.written, world.flushed);
        }
    }
}
