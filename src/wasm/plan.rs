use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::scan::{PartitionPlan, ScanPlan, ScanReport};
use crate::wasm::ipc;
use crate::wasm::object::{count, object, value};
use crate::wasm::scan::JsScanStream;

/// Which files a scan reads.
#[derive(Debug)]
#[wasm_bindgen(js_name = ScanPlan)]
pub struct JsScanPlan {
    plan: ScanPlan,
    partition: JsValue,
}

impl JsScanPlan {
    pub(super) fn new(plan: ScanPlan) -> Self {
        Self { plan, partition: JsValue::UNDEFINED }
    }

    #[cfg(feature = "js-write")]
    pub(super) fn plan(&self) -> ScanPlan {
        self.plan.clone()
    }

    fn of_partition(partition: PartitionPlan) -> Result<Self, JsValue> {
        let values = Object::new();
        for (field, one) in partition.partition_spec.fields.iter().zip(&partition.partition) {
            Reflect::set(&values, &field.name.as_str().into(), &value(one.as_ref()))?;
        }
        Ok(Self { plan: partition.plan, partition: values.into() })
    }
}

#[wasm_bindgen(js_class = ScanPlan)]
impl JsScanPlan {
    /// The files.
    #[wasm_bindgen(unchecked_return_type = "PlannedFile[]")]
    pub fn files(&self) -> Result<JsValue, JsValue> {
        let all = Array::new();
        for task in &self.plan.tasks {
            let file = &task.data_file;
            let deletes: Array = task.delete_files().map(JsValue::from).collect();
            all.push(&object(&[
                ("path", file.file_path.as_str().into()),
                ("records", count(file.metrics.record_count)),
                ("bytes", count(file.file_size_in_bytes)),
                ("deleteFiles", deletes.into()),
            ])?);
        }
        Ok(all.into())
    }

    /// What planning cost, and what it ruled out.
    #[wasm_bindgen(unchecked_return_type = "ScanReport")]
    pub fn report(&self) -> Result<JsValue, JsValue> {
        report(&self.plan.report)
    }

    /// How many rows the scan has, if metadata tells exactly.
    #[wasm_bindgen(js_name = exactCount)]
    pub fn exact_count(&self) -> Option<f64> {
        self.plan.exact_count().map(|rows| rows as f64)
    }

    /// The bounds of a column over the scan's rows, nulls aside, if metadata tells exactly; null where there are none.
    #[wasm_bindgen(js_name = exactBounds, unchecked_return_type = "Bounds | undefined")]
    pub fn exact_bounds(&self, column: &str) -> Result<JsValue, JsValue> {
        let Some(bounds) = self.plan.exact_bounds(column)? else { return Ok(JsValue::UNDEFINED) };
        object(&[("min", value(bounds.min.as_ref())), ("max", value(bounds.max.as_ref()))])
    }

    /// The plan by partition, in no particular order: each to be read by itself.
    pub fn partitions(&self) -> Result<Vec<JsScanPlan>, JsValue> {
        self.plan.clone().partitions().into_iter().map(Self::of_partition).collect()
    }

    /// The values of the partition, by the names of its fields, if this is the plan of one.
    #[wasm_bindgen(unchecked_return_type = "Record<string, Scalar> | undefined")]
    pub fn partition(&self) -> JsValue {
        self.partition.clone()
    }

    /// Reads the files of the plan, as an Arrow IPC stream.
    pub async fn scan(&self) -> Result<Vec<u8>, JsValue> {
        let rows = self.plan.clone().stream()?;
        Ok(ipc::write(rows.schema(), Box::pin(rows)).await?)
    }

    /// Reads the files of the plan batch by batch, in bounded memory.
    pub fn stream(&self) -> Result<JsScanStream, JsValue> {
        Ok(JsScanStream::new(self.plan.clone().stream()?))
    }
}

pub(super) fn report(report: &ScanReport) -> Result<JsValue, JsValue> {
    object(&[
        ("snapshotId", report.snapshot_id.map_or(JsValue::UNDEFINED, JsValue::from)),
        ("manifests", count(report.manifests)),
        ("manifestsSkipped", count(report.manifests_skipped)),
        ("files", count(report.files)),
        ("filesSkipped", count(report.files_skipped)),
        ("filesSkippedByPartition", count(report.files_skipped_by_partition)),
        ("filesSkippedByMetrics", count(report.files_skipped_by_metrics)),
        ("rowGroups", count(report.row_groups)),
        ("rowGroupsSkipped", count(report.row_groups_skipped)),
        ("rowsSkippedByPages", count(report.rows_skipped_by_pages)),
        ("deleteFiles", count(report.delete_files)),
        ("requests", count(report.requests)),
        ("bytes", count(report.bytes)),
        ("rows", count(report.rows)),
    ])
}
