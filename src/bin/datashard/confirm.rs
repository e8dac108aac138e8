use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::exit::{Failure, failed};
use crate::output::Output;

/// How it is confirmed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Confirm {
    /// Do it without asking.
    #[arg(long, short)]
    yes: bool,
    /// Only say what would be done.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// Who has agreed to a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Agreed {
    /// Whatever the plan is.
    Beforehand,
    /// Somebody who has read it.
    ToPlan,
    /// Nothing is to be done.
    No,
}

impl Confirm {
    /// Tells what is about to be done, and asks. Fails where there is nobody to ask.
    pub(crate) fn plan(&self, output: &Output, plan: &str, json: Json) -> Result<Agreed, Failure> {
        if self.dry_run || (output.json && !self.yes) {
            output.answer(plan, &json!({ "plan": json }))?;
        } else if !output.quiet && !output.json {
            writeln!(io::stderr(), "{plan}")?;
        }
        if self.dry_run {
            return Ok(Agreed::No);
        }
        if self.yes {
            return Ok(Agreed::Beforehand);
        }
        if !output.is_interactive() {
            return Err(Failure::Unconfirmed);
        }
        write!(io::stderr(), "Go on? [y/N] ")?;
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| failed("reading the answer", error))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(Agreed::ToPlan),
            _ => Err(Failure::Unconfirmed),
        }
    }
}
