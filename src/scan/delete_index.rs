use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::parquet::Projection;
use crate::read::{Equality, EqualityDeletes, Listed, PositionDeletes, ScanTask, Source, check_format};
use crate::scan::delete_bounds::{may_delete_positions, may_delete_values};
use crate::spec::{DataContent, DataFile, PartitionSpec, Schema, Value};

/// Deletion vectors that lie within so many bytes of a file are read in one request.
const NEAR: i64 = 4 << 20;

/// The delete files of a snapshot, and which data files they are for (spec: Scan Planning, Delete Formats).
#[derive(Debug, Default)]
pub(super) struct DeleteIndex {
    vectors: HashMap<String, Delete>,
    positions_by_path: HashMap<String, Vec<usize>>,
    positions_by_partition: HashMap<Partition, Vec<usize>>,
    positions: Vec<Delete>,
    /// By the columns compared and by partition, where the files are not for all.
    equality: BTreeMap<(Vec<i32>, Option<Partition>), Vec<Delete>>,
}

#[derive(Clone, Debug)]
struct Delete {
    listed: Listed,
    sequence_number: i64,
}

/// What a task needs: its vector, numbers of position delete files, and of equality deletes with numbers of their files.
#[derive(Debug, Default)]
struct Needed {
    vector: bool,
    positions: Vec<usize>,
    equality: Vec<(usize, Vec<usize>)>,
}

/// Deletion vectors, by the paths of their data files.
type Placed = HashMap<String, Arc<PositionDeletes>>;

/// A partition: the id of its spec, and its values.
type Partition = (i32, Vec<u8>);

impl DeleteIndex {
    /// Takes in a delete file that a manifest lists.
    ///
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) on one of a format that cannot be read.
    pub(super) fn add(
        &mut self,
        file: &DataFile,
        sequence_number: i64,
        spec: &PartitionSpec,
        manifest: &Arc<str>,
    ) -> Result<()> {
        let listed = Listed { file: Arc::new(file.clone()), manifest: manifest.clone() };
        let delete = Delete { listed, sequence_number };
        if file.content == DataContent::EqualityDeletes {
            check_format(file)?;
            let mut ids = file.equality_ids.clone();
            ids.sort_unstable();
            ids.dedup();
            if ids.is_empty() {
                let message = format!("field `equality_ids` of the delete file {} is missing", file.file_path);
                return Err(Error::invalid_data(message));
            }
            let partition = (!spec.is_unpartitioned()).then(|| partition_key(spec, &file.partition));
            self.equality.entry((ids, partition)).or_default().push(delete);
            return Ok(());
        }
        if file.file_format == "PUFFIN" {
            let Some(data_file) = file.referenced_data_file.clone() else {
                let message =
                    format!("field `referenced_data_file` of a deletion vector in {} is missing", file.file_path);
                return Err(Error::invalid_data(message));
            };
            if let Some(other) = self.vectors.insert(data_file.clone(), delete) {
                return Err(Error::invalid_data(format!(
                    "there are two deletion vectors for {data_file}, in {} and {}",
                    other.listed.file.file_path, file.file_path
                )));
            }
            return Ok(());
        }
        check_format(file)?;
        let number = self.positions.len();
        self.positions.push(delete);
        match &file.referenced_data_file {
            Some(data_file) => self.positions_by_path.entry(data_file.clone()).or_default().push(number),
            None => self.positions_by_partition.entry(partition_key(spec, &file.partition)).or_default().push(number),
        }
        Ok(())
    }

    /// Finds what may delete rows of a data file.
    fn needed(&self, task: &ScanTask, schema: &Schema) -> Result<Needed> {
        let (file, sequence_number) = (&task.data_file, task.sequence_number);
        let mut needed = Needed::default();
        let own = partition_key(&task.partition_spec, &file.partition);
        if let Some(vector) = self.vectors.get(&file.file_path) {
            if vector.sequence_number < sequence_number {
                return Err(Error::invalid_data(format!(
                    "the deletion vector for {} is older than the file",
                    file.file_path
                )));
            }
            needed.vector = true;
        } else {
            let by_path = self.positions_by_path.get(&file.file_path).into_iter().flatten();
            let by_partition = self.positions_by_partition.get(&own).into_iter().flatten();
            needed.positions.extend(by_path.chain(by_partition).filter(|number| {
                self.positions.get(**number).is_some_and(|delete| {
                    delete.sequence_number >= sequence_number
                        && may_delete_positions(&delete.listed.file, &file.file_path)
                })
            }));
        }
        for (group, ((ids, partition), deletes)) in self.equality.iter().enumerate() {
            if partition.as_ref().is_some_and(|partition| *partition != own) {
                continue;
            }
            let files = deletes.iter().enumerate().filter(|(_, delete)| {
                delete.sequence_number > sequence_number && may_delete_values(&delete.listed.file, file, ids, schema)
            });
            let files: Vec<usize> = files.map(|(number, _)| number).collect();
            if !files.is_empty() {
                needed.equality.push((group, files));
            }
        }
        Ok(needed)
    }

    /// Ids that equality deletes compare.
    pub(super) fn compared(&self) -> BTreeSet<i32> {
        let mut ids = BTreeSet::new();
        for (compared, _) in self.equality.keys() {
            ids.extend(compared);
        }
        ids
    }

    pub(super) fn is_empty(&self) -> bool {
        self.vectors.is_empty() && self.positions.is_empty() && self.equality.is_empty()
    }

    /// Gives each task its deletes, so that each file is loaded once, and of it only what the tasks need. The schema has
    /// the columns that are compared.
    pub(super) fn assign(self, tasks: &mut [ScanTask], schema: &Arc<Schema>) -> Result<()> {
        let needed = tasks.iter().map(|task| self.needed(task, schema)).collect::<Result<Vec<_>>>()?;
        let with_vectors = tasks.iter().zip(&needed).filter(|(_, needed)| needed.vector);
        let vectors = self.place_vectors(with_vectors.map(|(task, _)| task.data_file.file_path.as_str()));
        let mut wanted: Vec<Vec<String>> = vec![Vec::new(); self.positions.len()];
        for (task, needed) in tasks.iter().zip(&needed) {
            for number in &needed.positions {
                if let Some(wanted) = wanted.get_mut(*number) {
                    wanted.push(task.data_file.file_path.clone());
                }
            }
        }
        let deleter = self.deleter(vectors, wanted.into_iter().map(Some), schema)?;
        tasks.iter_mut().zip(needed).for_each(|(task, needed)| deleter.give(task, needed));
        Ok(())
    }

    /// Gives deletes to all tasks of a snapshot, which are not known yet.
    pub(super) fn for_all(self, schema: &Arc<Schema>) -> Result<Deleter> {
        let vectors = self.place_vectors(self.vectors.keys().map(String::as_str));
        self.deleter(vectors, iter::repeat(None), schema)
    }

    /// With the data files whose rows are wanted of each position delete file, or all of them.
    fn deleter(
        self,
        vectors: Placed,
        wanted: impl Iterator<Item = Option<Vec<String>>>,
        schema: &Arc<Schema>,
    ) -> Result<Deleter> {
        let positions = self.positions.iter().zip(wanted).map(|(delete, wanted)| {
            let path = delete.listed.file.file_path.clone();
            Arc::new(PositionDeletes::new(path, Source::Rows(delete.listed.clone(), wanted)))
        });
        let positions = positions.collect();
        let equality = self.equality.iter().map(|((ids, _), deletes)| {
            let projection = Projection::of_ids(schema, ids)?;
            let files = deletes.iter().map(|delete| (delete.listed.file.clone(), delete.sequence_number)).collect();
            Ok(Arc::new(EqualityDeletes::new(ids.clone(), projection, files)))
        });
        let equality = equality.collect::<Result<_>>()?;
        Ok(Deleter { index: self, schema: schema.clone(), vectors, positions, equality })
    }

    /// The deletion vectors of data files, those near each other together.
    fn place_vectors<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Placed {
        let mut vectors: Vec<&Listed> = paths.filter_map(|path| Some(&self.vectors.get(path)?.listed)).collect();
        let place = |listed: &Listed| (listed.file.file_path.clone(), listed.file.content_offset);
        vectors.sort_by_cached_key(|listed| place(listed));
        let near = |a: &&Listed, b: &&Listed| {
            let (a, b) = (&a.file, &b.file);
            let (a_at, b_at) = (a.content_offset.unwrap_or(0), b.content_offset.unwrap_or(0));
            // Aligned, so that a long chain of neighbours is not one.
            a.file_path == b.file_path && a_at.div_euclid(NEAR) == b_at.div_euclid(NEAR)
        };
        let mut placed = HashMap::new();
        for group in vectors.chunk_by(near) {
            let Some(first) = group.first() else { continue };
            let vectors = group.iter().map(|listed| (*listed).clone()).collect();
            let deletes = Arc::new(PositionDeletes::new(first.file.file_path.clone(), Source::Vectors(vectors)));
            for Listed { file, .. } in group {
                placed.extend(file.referenced_data_file.clone().map(|data_file| (data_file, deletes.clone())));
            }
        }
        placed
    }
}

/// Gives tasks their deletes.
pub(super) struct Deleter {
    index: DeleteIndex,
    schema: Arc<Schema>,
    vectors: Placed,
    positions: Vec<Arc<PositionDeletes>>,
    equality: Vec<Arc<EqualityDeletes>>,
}

impl Deleter {
    pub(super) fn assign(&self, task: &mut ScanTask) -> Result<()> {
        self.give(task, self.index.needed(task, &self.schema)?);
        Ok(())
    }

    fn give(&self, task: &mut ScanTask, needed: Needed) {
        if needed.vector {
            task.deletes.positions.extend(self.vectors.get(&task.data_file.file_path).cloned());
        }
        let positions = needed.positions.iter().filter_map(|number| self.positions.get(*number).cloned());
        task.deletes.positions.extend(positions);
        let equality = needed.equality.into_iter().filter_map(|(group, files)| {
            self.equality.get(group).map(|deletes| Equality { deletes: deletes.clone(), files })
        });
        task.deletes.equality.extend(equality);
    }
}

/// The same for equal partitions: of a value that was written before its column was promoted, what it is now.
pub(super) fn partition_key(spec: &PartitionSpec, values: &[Option<Value>]) -> Partition {
    let mut key = Vec::new();
    for value in values {
        let bytes = match value {
            None => None,
            Some(Value::Int(value)) => Some(Value::Long((*value).into()).to_bytes()),
            Some(Value::Float(value)) => Some(Value::Double((*value).into()).to_bytes()),
            Some(value) => Some(value.to_bytes()),
        };
        key.push(bytes.is_some().into());
        let bytes = bytes.unwrap_or_default();
        key.extend_from_slice(&bytes.len().to_le_bytes());
        key.extend_from_slice(&bytes);
    }
    (spec.spec_id, key)
}
