//! Tables of a bucket or of a folder on the command line. `datashard --help` says what there is.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod address;
mod args;
mod at;
mod cell;
mod commands;
mod confirm;
mod exit;
mod infer;
mod input;
mod output;
mod progress;
mod rows;
mod schema_text;
mod term_text;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::exit::{Done, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    // A reader of a damaged file may panic, and is heard of otherwise.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !input::is_guarded() {
            hook(info);
        }
    }));
    // Also where the arguments cannot be read, whoever asked for JSON gets it.
    let json = std::env::args_os().any(|argument| argument == "--json");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => return Failure::usage(&error).report(true),
        Err(error) => {
            // Where this cannot be printed, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match futures_executor::block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

async fn run(cli: Cli) -> Done {
    let output = Output::new(&cli.global);
    match cli.command {
        Command::Create(command) => command.run(&output).await,
        Command::Append(command) => command.run(&output).await,
        Command::AddFiles(command) => command.run(&output).await,
        Command::Import(command) => command.run(&output).await,
        Command::Upsert(command) => command.run(&output).await,
        Command::Delete(command) => command.run(&output).await,
        Command::Cat(command) => command.run(&output).await,
        Command::Count(command) => command.run(&output).await,
        Command::Diff(command) => command.run(&output).await,
        Command::Schema(command) => command.run(&output).await,
        Command::Info(command) => command.run(&output).await,
        Command::Snapshots(command) => command.run(&output).await,
        Command::Files(command) => command.run(&output).await,
        Command::Verify(command) => command.run(&output).await,
        Command::Copy(command) => command.run(&output).await,
        Command::Drop(command) => command.run(&output).await,
        Command::Resolve(command) => command.run(&output).await,
    }
}
