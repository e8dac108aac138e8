//! Where a run could go on in more than one way, somebody chooses: each way in turn, at random, or as a run before did.

/// The source of all that is not determined by the code under test.
pub enum Choices {
    /// Depth first through every way: each choice that was made, and among how many.
    All { path: Vec<(usize, usize)>, at: usize },
    /// At random; what was chosen is kept.
    Random { random: Random, taken: Vec<usize> },
    /// As listed, and the first way where the list ends.
    Replay { list: Vec<usize>, at: usize },
}

impl Choices {
    pub fn all() -> Self {
        Self::All { path: Vec::new(), at: 0 }
    }

    pub fn random(seed: u64) -> Self {
        Self::Random { random: Random(seed), taken: Vec::new() }
    }

    pub fn replay(list: Vec<usize>) -> Self {
        Self::Replay { list, at: 0 }
    }

    /// One of `plain + faulty` ways, the plain ones first. At random, a faulty one is taken with this many percent.
    pub fn choose(&mut self, plain: usize, faulty: usize, percent: u64) -> usize {
        let ways = plain + faulty;
        assert!(ways > 0, "there is no way on");
        match self {
            Self::All { path, at } => {
                if *at == path.len() {
                    path.push((0, ways));
                }
                let (chosen, among) = path[*at];
                assert_eq!(among, ways, "the same choices led elsewhere: something is not determined");
                *at += 1;
                chosen
            }
            Self::Random { random, taken } => {
                let fault = faulty > 0 && (plain == 0 || random.below(100) < percent);
                let chosen = if fault {
                    plain + random.below(faulty as u64) as usize
                } else {
                    random.below(plain as u64) as usize
                };
                taken.push(chosen);
                chosen
            }
            Self::Replay { list, at } => {
                let chosen = list.get(*at).map_or(0, |chosen| chosen % ways);
                *at += 1;
                chosen
            }
        }
    }

    /// Whether the next choice is one that no run before has come to.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::All { path, at } if *at == path.len())
    }

    /// Goes back to the last choice that has another way. False if there is none: all has been seen.
    pub fn advance(&mut self) -> bool {
        let Self::All { path, at } = self else { return false };
        *at = 0;
        while let Some((chosen, among)) = path.pop() {
            if chosen + 1 < among {
                path.push((chosen + 1, among));
                return true;
            }
        }
        false
    }

    /// How much of the whole has been tried, if every way were as long as every other: a rough measure.
    pub fn done(&self) -> f64 {
        let Self::All { path, .. } = self else { return 0.0 };
        let (mut done, mut share) = (0.0, 1.0);
        for (chosen, among) in path {
            share /= *among as f64;
            done += share * *chosen as f64;
        }
        done
    }

    /// What has been chosen in this run.
    pub fn taken(&self) -> Vec<usize> {
        match self {
            Self::All { path, at } => path.iter().take(*at).map(|(chosen, _)| *chosen).collect(),
            Self::Random { taken, .. } => taken.clone(),
            Self::Replay { list, at } => list.iter().copied().take(*at).collect(),
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 128 bits.
    pub fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}
