use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use datashard::Warehouse;
use serde_json::Value as Json;

use crate::args::Global;
use crate::exit::Done;

/// How results are told.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    allow: Vec<String>,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet, allow: global.allow.clone() }
    }

    /// What was asked for.
    pub(crate) fn answer(&self, text: impl Display, json: &Json) -> Done {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{json}")?
        } else {
            writeln!(out, "{text}")?
        }
        Ok(out.flush()?)
    }

    /// What was done.
    pub(crate) fn done(&self, text: impl Display, json: &Json) -> Done {
        if self.quiet && !self.json { Ok(()) } else { self.answer(text, json) }
    }

    /// Whether somebody can be asked, and see what.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.json && !self.quiet && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// With the locations that were allowed.
    pub(crate) fn allow(&self, warehouse: Warehouse) -> Warehouse {
        self.allow.iter().fold(warehouse, |warehouse, location| warehouse.allow(location))
    }
}
