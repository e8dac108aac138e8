use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::vec;

use futures::stream::{FuturesOrdered, Stream, StreamExt};

use crate::error::{Error, Result};
use crate::read::{Cost, check_format};
use crate::runtime::BoxFuture;
use crate::scan::builder::{Resolved, Source};
use crate::scan::delete_index::{DeleteIndex, Deleter};
use crate::scan::prune::Pruner;
use crate::scan::{ScanReport, ScanTask};
use crate::spec::{DataContent, EntryStatus, Manifest, ManifestContent, ManifestEntry, ManifestFile, Snapshot};

/// How many manifests are read at a time.
pub(crate) const CONCURRENCY: usize = 8;

/// Finds the files that a scan reads, in their order, manifest by manifest: those that delete rows at first, then those of
/// data, a few ahead of what is asked for. What cannot hold a row of the answer is left out at each level.
pub(super) struct Planner {
    pub(super) scan: Resolved,
    progress: Progress,
    list: Arc<Vec<ManifestFile>>,
    /// Places in the list of those to be read, those of deletes first.
    left: vec::IntoIter<usize>,
    /// How many of them, from the first on, are of deletes.
    deletes_left: usize,
    reads: FuturesOrdered<BoxFuture<'static, Result<ManifestRead>>>,
    /// How many files are listed in what is being read.
    files_ahead: u64,
    /// Of so many files that wait, or that are about to, no more are looked for.
    enough: u64,
    deleter: Option<Deleter>,
}

/// How far a scan has come; shared with who reads the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Files that nobody reads yet; an error is the last.
    waiting: VecDeque<Result<ScanTask>>,
    /// How many have been found, and how many more there may be, as far as the list says.
    found: u64,
    to_come: u64,
    report: ScanReport,
}

/// A manifest, what its list says of it, and what reading it took.
pub(crate) type ManifestRead = (ManifestFile, Arc<Manifest>, Cost);

impl Planner {
    /// Of files that are known.
    pub(super) fn of(scan: Resolved, tasks: Vec<ScanTask>, report: ScanReport) -> Self {
        let found = tasks.len() as u64;
        let state = State { waiting: tasks.into_iter().map(Ok).collect(), found, to_come: 0, report };
        Self {
            scan,
            progress: Progress(Arc::new(Mutex::new(state))),
            list: Arc::default(),
            left: Vec::new().into_iter(),
            deletes_left: 0,
            reads: FuturesOrdered::new(),
            files_ahead: 0,
            enough: 0,
            deleter: None,
        }
    }

    /// Of a snapshot: reads the list of its manifests. Not more of them are read ahead than for so many files.
    pub(super) async fn begin(
        scan: Resolved,
        mut report: ScanReport,
        snapshot: &Snapshot,
        enough: u64,
    ) -> Result<Self> {
        let Source { manifests, handle } = &scan.source;
        let (list, cost) = manifests.list(handle, snapshot).await?;
        let (mut deletes, mut data) = (Vec::new(), Vec::new());
        let pruner = pruner(&scan);
        report.take(cost);
        report.manifests += list.len() as u64;
        for (at, manifest) in list.iter().enumerate() {
            if !manifest.has_live_files() {
                report.manifests_skipped += 1;
            } else if !pruner.manifest_might_match(manifest) {
                report.manifests_skipped += 1;
                report.manifests_skipped_by_partition += 1;
            } else {
                let of = if manifest.content == ManifestContent::Deletes { &mut deletes } else { &mut data };
                of.push(at);
            }
        }
        let deletes_left = deletes.len();
        deletes.append(&mut data);
        let planner = Self::of(scan, Vec::new(), report);
        planner.progress.lock().to_come = deletes.iter().filter_map(|at| list.get(*at)).map(listed).sum();
        Ok(Self { list, left: deletes.into_iter(), deletes_left, enough, ..planner })
    }

    /// Reads the manifests of deletes. To be called before anything else.
    pub(super) async fn deletes(&mut self) -> Result<DeleteIndex> {
        let mut deletes = DeleteIndex::default();
        while self.deletes_left > 0 {
            self.read_ahead(0);
            let Some(read) = self.reads.next().await else { break };
            let (file, manifest, cost) = read?;
            self.deletes_left -= 1;
            self.progress.note(|report| report.take(cost));
            let pruner = pruner(&self.scan);
            let path: Arc<str> = file.manifest_path.as_str().into();
            for entry in live(&manifest) {
                if entry.data_file.content == DataContent::Data {
                    return Err(misplaced(&file, entry));
                }
                let (spec, sequence_number) = (pruner.spec(&file, &manifest), entry.sequence_number.unwrap_or(0));
                deletes.add(&entry.data_file, sequence_number, spec, &path)?;
            }
        }
        Ok(deletes)
    }

    /// From now on each file gets its deletes.
    pub(super) fn delete_by(&mut self, deleter: Deleter) {
        self.deleter = Some(deleter);
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Begins to read what comes next, while that is expected to be needed.
    fn read_ahead(&mut self, waiting: u64) {
        let report = self.progress.report();
        while self.reads.len() < CONCURRENCY {
            // Of files that are listed so many were read, as far as one can tell.
            let wanted = report.files - report.files_skipped + u64::from(self.scan.filter.is_none());
            let expected = self.files_ahead.saturating_mul(wanted) / (report.files + 1);
            if waiting.saturating_add(expected) >= self.enough {
                break;
            }
            let Some(file) = self.left.next().and_then(|at| self.list.get(at)) else { break };
            self.files_ahead += listed(file);
            self.reads.push_back(read(self.scan.source.clone(), file.clone()));
        }
    }

    fn take(&mut self, read: Result<ManifestRead>) -> Result<()> {
        let (file, manifest, cost) = read?;
        let listed = listed(&file);
        self.files_ahead -= listed;
        let pruner = pruner(&self.scan);
        let path: Arc<str> = file.manifest_path.as_str().into();
        let mut state = self.progress.lock();
        state.report.take(cost);
        state.to_come -= listed;
        for entry in live(&manifest) {
            if entry.data_file.content != DataContent::Data {
                return Err(misplaced(&file, entry));
            }
            check_format(&entry.data_file)?;
            let Some(mut task) = pruner.task(&file, &manifest, entry, &mut state.report) else { continue };
            task.manifest = path.clone();
            if let Some(deleter) = &self.deleter {
                deleter.assign(&mut task)?;
            }
            state.waiting.push_back(Ok(task));
            state.found += 1;
        }
        Ok(())
    }
}

impl Stream for Planner {
    type Item = Result<ScanTask>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let waiting = this.progress.lock().waiting.len() as u64;
            this.read_ahead(waiting);
            if waiting < this.enough
                && let Poll::Ready(Some(read)) = this.reads.poll_next_unpin(context)
            {
                if let Err(error) = this.take(read) {
                    (this.left, this.reads) = Default::default();
                    // The files before it come first.
                    this.progress.lock().waiting.push_back(Err(error));
                } else if this.progress.lock().waiting.is_empty() {
                    continue;
                }
            }
            return match this.progress.lock().waiting.pop_front() {
                Some(task) => Poll::Ready(Some(task)),
                None if this.reads.is_empty() => Poll::Ready(None),
                None => Poll::Pending,
            };
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self) -> ScanReport {
        self.lock().report
    }

    pub(super) fn note(&self, add: impl FnOnce(&mut ScanReport)) {
        add(&mut self.lock().report);
    }

    /// How many files the scan reads, or more: those that are not looked at yet may all be.
    pub(super) fn files_at_most(&self) -> usize {
        let state = self.lock();
        usize::try_from(state.found + state.to_come).unwrap_or(usize::MAX)
    }

    /// Takes note that what waits will not be read.
    pub(super) fn end(&self) {
        let state = &mut *self.lock();
        state.report.files_skipped += state.waiting.drain(..).filter(Result::is_ok).count() as u64;
    }
}

fn pruner(scan: &Resolved) -> Pruner<'_> {
    Pruner { filter: scan.filter.as_ref(), schema: &scan.schema, metadata: &scan.metadata }
}

/// How many data files a manifest has, as far as its list says: one at least.
fn listed(file: &ManifestFile) -> u64 {
    let count = |count: Option<u32>| u64::from(count.unwrap_or(0));
    match file.content {
        ManifestContent::Data => (count(file.added_files_count) + count(file.existing_files_count)).max(1),
        ManifestContent::Deletes => 0,
    }
}

pub(crate) fn read(source: Source, file: ManifestFile) -> BoxFuture<'static, Result<ManifestRead>> {
    Box::pin(async move {
        let (manifest, cost) = source.manifests.manifest(&source.handle, &file).await?;
        Ok((file, manifest, cost))
    })
}

fn live(manifest: &Manifest) -> impl Iterator<Item = &ManifestEntry> {
    manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted)
}

fn misplaced(file: &ManifestFile, entry: &ManifestEntry) -> Error {
    let (listed, named) = match file.content {
        ManifestContent::Data => ("data", "delete"),
        ManifestContent::Deletes => ("delete", "data"),
    };
    let (manifest, path) = (&file.manifest_path, &entry.data_file.file_path);
    Error::invalid_data(format!("{manifest} is listed as of {listed} files, and has the {named} file {path}"))
}
