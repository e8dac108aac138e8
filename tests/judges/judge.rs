use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use datashard::Table;
use serde_json::{Value as Json, json};

use crate::support::bucket_server::{Options, Server};

/// A process of `read_table.py`, which answers for every engine.
pub struct Judge {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    endpoint: String,
}

/// Whose reading is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    PyIceberg,
    DuckDb,
    Polars,
    /// The Python package datashard.
    Datashard,
}

impl Engine {
    pub const ALL: [Self; 4] = [Self::PyIceberg, Self::DuckDb, Self::Polars, Self::Datashard];

    fn name(self) -> &'static str {
        match self {
            Self::PyIceberg => "pyiceberg",
            Self::DuckDb => "duckdb",
            Self::Polars => "polars",
            Self::Datashard => "datashard",
        }
    }
}

impl Judge {
    pub fn start(server: &Server) -> Self {
        let python = std::env::var_os("DATASHARD_TEST_PYTHON")
            .expect("DATASHARD_TEST_PYTHON must name the Python that has tests/judges/requirements.txt");
        let mut child = Command::new(python)
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/read_table.py"), "serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, questions, answers, endpoint: server.endpoint() }
    }

    /// The rows of the newest version.
    pub fn read(&mut self, engine: Engine, table: &Table) -> Vec<Json> {
        self.ask(table.location(), json!({ "engine": engine.name() })).unwrap_or_else(|e| panic!("{engine:?}: {e}"))
    }

    /// The rows of a snapshot.
    pub fn read_at(&mut self, engine: Engine, table: &Table, snapshot_id: i64) -> Vec<Json> {
        let request = json!({ "engine": engine.name(), "snapshot": snapshot_id });
        self.ask(table.location(), request).unwrap_or_else(|e| panic!("{engine:?} at {snapshot_id}: {e}"))
    }

    /// The rows of a branch or tag: where an engine does not know it by its name, by its snapshot.
    pub fn read_ref(&mut self, engine: Engine, table: &Table, name: &str) -> Vec<Json> {
        if engine != Engine::PyIceberg {
            return self.read_at(engine, table, table.metadata().refs[name].snapshot_id);
        }
        let request = json!({ "engine": engine.name(), "ref": name });
        self.ask(table.location(), request).unwrap_or_else(|e| panic!("{engine:?} at {name}: {e}"))
    }

    /// Some columns of the rows, also of those that every table has.
    pub fn read_columns(&mut self, engine: Engine, table: &Table, columns: &[&str]) -> Vec<Json> {
        let request = json!({ "engine": engine.name(), "columns": columns });
        self.ask(table.location(), request).unwrap_or_else(|e| panic!("{engine:?}, {columns:?}: {e}"))
    }

    /// The rows for which a condition holds, in the engine's own words.
    pub fn read_where(&mut self, engine: Engine, table: &Table, filter: &str) -> Vec<Json> {
        let request = json!({ "engine": engine.name(), "filter": filter });
        self.ask(table.location(), request).unwrap_or_else(|e| panic!("{engine:?} where {filter}: {e}"))
    }

    /// Why an engine cannot read the table.
    pub fn refusal(&mut self, engine: Engine, table: &Table) -> String {
        match self.ask(table.location(), json!({ "engine": engine.name() })) {
            Ok(_) => panic!("{engine:?} reads it"),
            Err(error) => error,
        }
    }

    /// Calls a function of `writers.py`.
    pub fn run(&mut self, function: &str, location: &str, mut arguments: Json) -> Vec<Json> {
        arguments["do"] = function.into();
        self.ask(location, arguments).unwrap_or_else(|e| panic!("{function}: {e}"))
    }

    fn ask(&mut self, location: &str, mut request: Json) -> Result<Vec<Json>, String> {
        let Options { access_key, secret_key, .. } = Options::default();
        for (name, value) in
            [("table", location), ("endpoint", &self.endpoint), ("key", &access_key), ("secret", &secret_key)]
        {
            request[name] = value.into();
        }
        writeln!(self.questions, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the judge ended: {line}"));
        match answer["rows"].take() {
            Json::Array(rows) => Ok(rows),
            _ => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
