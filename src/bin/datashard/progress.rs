use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// How far long work has come, on stderr where that is a terminal.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of so many bytes, if that is known.
    pub(crate) fn bytes(output: &Output, doing: &'static str, total: Option<u64>) -> Self {
        Self::new(output, doing, total, "{bytes}", "{total_bytes}, {bytes_per_sec}")
    }

    /// Of so many rows or files, if that is known.
    pub(crate) fn count(output: &Output, doing: &'static str, total: Option<u64>) -> Self {
        Self::new(output, doing, total, "{human_pos}", "{human_len}, {per_sec}")
    }

    fn new(output: &Output, doing: &'static str, total: Option<u64>, done: &str, of: &str) -> Self {
        if output.quiet {
            return Self(ProgressBar::hidden());
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), format!("{{msg}} {{bar:30}} {done} of {of}, {{eta}} left")),
            None => (ProgressBar::new_spinner(), format!("{{msg}} {{spinner}} {done}, {{elapsed}}")),
        };
        bar.enable_steady_tick(Duration::from_millis(200));
        match ProgressStyle::with_template(&template) {
            Ok(style) => bar.set_style(style),
            Err(_) => bar.set_draw_target(indicatif::ProgressDrawTarget::hidden()),
        }
        bar.set_message(doing);
        Self(bar)
    }

    /// Does something that may write where the line is.
    pub(crate) fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.suspend(work)
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.inc(more);
    }
}

impl Drop for Progress {
    /// Clears the line.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
