const USAGE: &str = "usage: stress
    [--processes N]     12
    [--operations N]    10000; the appends of each process
    [--in-flight N]     1000; how many of them are under way at a time";

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Load {
    pub processes: u64,
    /// Of each process.
    pub operations: u64,
    pub in_flight: usize,
    /// The table's name.
    pub table: String,
    /// In a child process: which writer it is.
    pub writer: Option<u64>,
}

impl Load {
    pub fn from_arguments() -> Result<Self, String> {
        let mut load = Self {
            processes: 12,
            operations: 10_000,
            in_flight: 1000,
            table: format!("stress-{}-{}", std::process::id(), since_1970()),
            writer: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value\n\n{USAGE}"));
            match argument.as_str() {
                "--processes" => load.processes = number(&value()?)?,
                "--operations" => load.operations = number(&value()?)?,
                "--in-flight" => load.in_flight = number(&value()?)?.try_into().map_err(|_| USAGE)?,
                "--table" => load.table = value()?,
                "--writer" => load.writer = Some(value()?.parse().map_err(|_| USAGE)?),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(load)
    }

    /// The command line of a writer.
    pub fn arguments(&self, writer: u64) -> Vec<String> {
        let pairs = [
            ("--processes", self.processes.to_string()),
            ("--operations", self.operations.to_string()),
            ("--in-flight", self.in_flight.to_string()),
            ("--table", self.table.clone()),
            ("--writer", writer.to_string()),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// The operations of all processes.
    pub fn total(&self) -> u64 {
        self.processes * self.operations
    }
}

fn number(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` is no number above 0\n\n{USAGE}")),
    }
}

fn since_1970() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
