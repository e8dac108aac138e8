use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::inspect::verify::file::Listed;
use crate::inspect::verify::{Checked, Verified, list_of, problem};
use crate::spec::{
    EntryStatus, FieldSummary, Manifest, ManifestFile, PartitionSpec, PrimitiveType, Snapshot, Totals, Value,
};

/// A file's path, and where in it a deletion vector is.
type Key = (String, Option<i64>);

/// What snapshots list.
#[derive(Default)]
pub(super) struct Listing {
    /// Lists and manifests.
    pub(super) checked: Vec<Checked>,
    /// All live files, each with the newest snapshot that has it.
    pub(super) files: BTreeMap<Key, Listed>,
    /// By their paths; `None` of those that cannot be read.
    manifests: BTreeMap<String, Option<Live>>,
}

/// What a manifest has that is part of the table.
struct Live {
    totals: Totals,
    keys: Vec<Key>,
}

impl Listing {
    pub(super) async fn add(&mut self, table: &Verified, snapshot: &Snapshot) -> Result<()> {
        let mut checked = Checked { path: list_of(snapshot), problems: Vec::new() };
        match table.source.manifests.list(&table.source.handle, snapshot).await {
            Ok((list, _)) => {
                for file in list.iter() {
                    if !self.manifests.contains_key(&file.manifest_path) {
                        self.add_manifest(table, snapshot, file).await?;
                    }
                }
                self.compare(snapshot, &list, &mut checked.problems);
            }
            Err(error) => checked.problems.push(problem(error)?),
        }
        self.checked.push(checked);
        Ok(())
    }

    /// The totals of a snapshot, and whether a file is in it twice.
    fn compare(&self, snapshot: &Snapshot, list: &[ManifestFile], problems: &mut Vec<String>) {
        let (mut totals, mut seen, mut is_known) = (Totals::default(), BTreeSet::new(), true);
        for file in list {
            let Some(Some(live)) = self.manifests.get(&file.manifest_path) else {
                is_known = false;
                continue;
            };
            totals.add_all(&live.totals);
            for key in &live.keys {
                if !seen.insert(key) {
                    problems.push(format!("snapshot {} has the file {} twice", snapshot.snapshot_id, key.0));
                }
            }
        }
        let Some(said) = snapshot.summary.totals().filter(|_| is_known) else { return };
        for ((name, said), (_, found)) in said.named().into_iter().zip(totals.named()) {
            if said != found {
                let id = snapshot.snapshot_id;
                problems.push(format!("the summary of snapshot {id} says `{name}` {said}, and its files have {found}"));
            }
        }
    }

    async fn add_manifest(&mut self, table: &Verified, snapshot: &Snapshot, file: &ManifestFile) -> Result<()> {
        let path = &file.manifest_path;
        let (mut problems, mut live) = (Vec::new(), None);
        let size = table.files.size(path).await;
        let is_there = size.is_ok();
        match size {
            Ok(size) if size != file.manifest_length => {
                problems.push(format!("it has {size} bytes, and its list says {}", file.manifest_length));
            }
            Ok(_) => {}
            Err(error) => problems.push(problem(error)?),
        }
        // What is not there need not be told twice.
        if is_there {
            match table.source.manifests.manifest(&table.source.handle, file).await {
                Ok((manifest, _)) => {
                    counts(file, &manifest, &mut problems);
                    live = Some(self.add_files(table, snapshot, file, &manifest, &mut problems));
                }
                Err(error) => problems.push(problem(error)?),
            }
        }
        self.manifests.insert(path.clone(), live);
        self.checked.push(Checked { path: path.clone(), problems });
        Ok(())
    }

    fn add_files(
        &mut self,
        table: &Verified,
        snapshot: &Snapshot,
        file: &ManifestFile,
        manifest: &Manifest,
        problems: &mut Vec<String>,
    ) -> Live {
        let spec = table.metadata.partition_spec(file.partition_spec_id).unwrap_or(&manifest.partition_spec);
        let mut live = Live { totals: Totals::default(), keys: Vec::new() };
        for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
            let data_file = &entry.data_file;
            live.totals.add(data_file);
            if let Some(summaries) = &file.partitions {
                let types = types(spec, table);
                within(summaries, &types, &data_file.partition, spec, &data_file.file_path, problems);
            }
            let key = (data_file.file_path.clone(), data_file.content_offset);
            live.keys.push(key.clone());
            self.files.entry(key).or_insert_with(|| Listed {
                data_file: data_file.clone(),
                spec: spec.clone(),
                snapshot_id: snapshot.snapshot_id,
            });
        }
        live
    }
}

fn types(spec: &PartitionSpec, table: &Verified) -> Vec<Option<PrimitiveType>> {
    let schema = table.metadata.current_schema().ok();
    spec.fields.iter().map(|field| spec.result_type(field, schema?)).collect()
}

/// Whether a list says of a manifest how many files and rows it has.
fn counts(file: &ManifestFile, manifest: &Manifest, problems: &mut Vec<String>) {
    let found = ManifestFile::of(manifest, &file.manifest_path, file.manifest_length);
    let counts = |of: &ManifestFile| {
        let files = [of.added_files_count, of.existing_files_count, of.deleted_files_count];
        let rows = [of.added_rows_count, of.existing_rows_count, of.deleted_rows_count];
        files.map(|count| count.map(u64::from)).into_iter().chain(rows).collect::<Vec<_>>()
    };
    let names = ["added files", "existing files", "deleted files", "added rows", "existing rows", "deleted rows"];
    for ((name, said), found) in names.into_iter().zip(counts(file)).zip(counts(&found)) {
        if let (Some(said), Some(found)) = (said, found)
            && said != found
        {
            problems.push(format!("it has {found} {name}, and its list says {said}"));
        }
    }
}

/// Whether a file's partition is within what the list says of its manifest.
fn within(
    summaries: &[FieldSummary],
    types: &[Option<PrimitiveType>],
    partition: &[Option<Value>],
    spec: &PartitionSpec,
    path: &str,
    problems: &mut Vec<String>,
) {
    for (((summary, of), value), field) in summaries.iter().zip(types).zip(partition).zip(&spec.fields) {
        let bound = |bytes: &Option<Vec<u8>>| Value::from_bytes((*of)?, bytes.as_deref()?).ok();
        let is_outside = match value {
            None => !summary.contains_null,
            Some(value) => {
                let below = bound(&summary.lower_bound).and_then(|lower| value.compare(&lower));
                let above = bound(&summary.upper_bound).and_then(|upper| value.compare(&upper));
                below == Some(Ordering::Less) || above == Some(Ordering::Greater)
            }
        };
        if is_outside {
            problems.push(format!("the list's summary of `{}` leaves out the file {path}", field.name));
        }
    }
}
