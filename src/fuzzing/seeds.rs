//! What the fuzzers begin with: what this crate itself writes.
//! `cargo test --lib -- --ignored seeds` writes it to `tests/fuzz/corpus/`.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{ArrayRef, DictionaryArray, NullArray, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use futures::StreamExt;
use futures::executor::block_on;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use roaring::{RoaringBitmap, RoaringTreemap};

use super::parquet::{rows, schema};
use super::tests::folder;
use crate::Warehouse;
use crate::catalog::compress;
use crate::parquet::{EncodeOptions, FileEncoder};
use crate::store::{GetOptions, MemoryStore, ObjectStore};

fn save(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = folder("corpus", target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
#[ignore = "writes into the repository"]
fn seeds() {
    block_on(tables());
    for (name, bytes) in crate::avro::avro_seeds() {
        save("avro_rows", &format!("own-{name}"), bytes);
    }
    parquet();
    ipc();
    texts();
    variants();
    vectors();
}

fn vectors() {
    let few: RoaringTreemap = [1, 3, 5, 1 << 16, 1 << 40].into_iter().collect();
    let mut many: RoaringBitmap = (10..70_000).chain((100_000..109_000).step_by(2)).collect();
    save("deletion_vector", "few", bitmap(&few));
    save("deletion_vector", "many", bitmap(&RoaringTreemap::from_bitmaps([(0, many.clone())])));
    many.optimize();
    save("deletion_vector", "runs", bitmap(&RoaringTreemap::from_bitmaps([(3, many)])));
}

fn bitmap(positions: &RoaringTreemap) -> Vec<u8> {
    let mut bytes = Vec::new();
    positions.serialize_into(&mut bytes).unwrap();
    bytes
}

async fn tables() {
    let store = MemoryStore::new();
    let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
    for count in [1, 0, 20] {
        table.append([rows(count)]).await.unwrap();
    }
    let objects: Vec<_> = store.list("t/", None).collect().await;
    let mut targets = BTreeMap::<_, u32>::new();
    for object in objects {
        let key = object.unwrap().key;
        let bytes = store.get(&key, GetOptions::default()).await.unwrap().bytes;
        let target = match key.as_str() {
            key if key.contains("/snap-") => "manifest_list",
            key if key.ends_with(".avro") => "manifest",
            key if key.ends_with(".metadata.json") => "table_metadata",
            _ => continue,
        };
        let number = targets.entry(target).and_modify(|number| *number += 1).or_default();
        save(target, &format!("own-{number}"), &bytes);
        if target == "table_metadata" {
            save(target, &format!("own-{number}.gz"), compress(&bytes).unwrap());
        } else {
            save("avro_container", &format!("own-{target}-{number}"), &bytes);
        }
    }
}

fn parquet() {
    for (codec, count, page, dictionary) in [
        ("uncompressed", 30, "10", "1"),
        ("uncompressed", 200, "40", "1000"),
        ("zstd", 150, "30", "1000"),
        ("snappy", 150, "30", "1"),
        ("gzip", 60, "100", "1000"),
        ("lz4", 60, "100", "1"),
        ("zstd", 0, "1", "1"),
    ] {
        let properties = [
            ("write.parquet.compression-codec", codec),
            ("write.parquet.page-row-limit", page),
            ("write.parquet.row-group-limit", "100"),
            ("write.parquet.dict-size-bytes", dictionary),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = EncodeOptions::from_properties(&BTreeMap::from(properties)).unwrap();
        let mut encoder = FileEncoder::new(&schema(), &options).unwrap();
        encoder.write(&rows(count)).unwrap();
        save("parquet", &format!("own-{codec}-{count}"), encoder.finish().unwrap().0);
    }
    let properties = WriterProperties::builder().set_bloom_filter_enabled(true).set_bloom_filter_max_ndv(20).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), rows(0).schema(), Some(properties)).unwrap();
    writer.write(&rows(60)).unwrap();
    save("parquet", "own-bloom-60", writer.into_inner().unwrap());
}

fn ipc() {
    let words: DictionaryArray<Int8Type> = [Some("x"), None, Some("y")].into_iter().collect();
    let odd: [(&str, ArrayRef); 2] = [("word", Arc::new(words)), ("nothing", Arc::new(NullArray::new(3)))];
    for (name, batch) in [
        ("own-rows", rows(9)),
        ("own-empty", rows(0)),
        ("own-odd", RecordBatch::try_from_iter_with_nullable(odd.map(|(name, array)| (name, array, true))).unwrap()),
    ] {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.write(&batch).unwrap();
        save("arrow_ipc", name, writer.into_inner().unwrap());
    }
}

fn variants() {
    let names = [1, 2, 0, 1, 2, b'a', b'b'];
    let seed = |value: &[u8]| [&[names.len() as u8][..], &names, value].concat();
    let array = [0x03, 2, 0, 2, 4, 12, 1, 5, b'x'];
    let object = [&[0x02, 2, 0, 1, 9, 0, 10][..], &array, &[0]].concat();
    save("variant", "own-object", seed(&object));
    save(
        "variant",
        "own-large",
        seed(&[&[0x03 | 7 << 2][..], &[1, 0, 0, 0], &[0; 4], &[2, 0, 0, 0], &[12, 7]].concat()),
    );
    // Of each primitive type, enough bytes.
    for kind in 0..21_u8 {
        save(
            "variant",
            &format!("own-type-{kind}"),
            seed(&[kind << 2, 1, 2, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7]),
        );
    }
}

fn texts() {
    for (number, text) in [
        "l >= 3 and s in ('a0', 'it''s') or not (d is nan) and p.s is not null",
        "t between '2023-11-14T22:13:20Z' and '2023-11-15 00:00:00+01:00' or y = '2024-10-05'",
        "m != -1.25 and i not in (1, 2, 3) and o = true and s not starts_with 'a' or s like 'ä%' and a is null",
        "\"s\" = 'x' and not not (d < 1e3 or d > -infinity) and starts_with(s, 'q') and d <> nan and l == +5",
        "not (l between 1 and 5) and (i <= 3 or (i > 9 and (d = .5)))",
        "\"odd \"\"name\" = x'00ff' or false or true",
    ]
    .iter()
    .enumerate()
    {
        save("predicate", &format!("own-{number}"), text);
    }
    for (number, text) in [
        r#"[{"field-id": 1, "names": ["id", "record_id"]}, {"field-id": 2, "names": ["data"]}]"#,
        r#"[{"field-id": 3, "names": ["p"], "fields": [{"field-id": 4, "names": ["x", "X"]}, {"names": []}]}]"#,
        r#"[{"names": ["l"], "fields": [{"field-id": 7, "names": ["element"], "fields": [{"field-id": 8, "names": ["a"]}]}]},
            {"field-id": 9, "names": ["m"], "fields": [{"field-id": 10, "names": ["key"]}, {"field-id": 11, "names": ["value"]}]}]"#,
        "[]",
    ]
    .iter()
    .enumerate()
    {
        save("name_mapping", &format!("own-{number}"), text);
    }
    for (name, text) in [
        (
            "list",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>b</Name><Prefix/><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>1a+/=</NextContinuationToken><Contents><Key>t/a%20b+c&amp;%C3%A4</Key>\
             <LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>&quot;0cc1&quot;</ETag><Size>17</Size>\
             <StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>",
        ),
        (
            "delete",
            "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b&#10;</Key><Code>AccessDenied</Code>\
             <Message><![CDATA[no]]></Message></Error></DeleteResult>",
        ),
        ("create", "<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"),
        ("complete", "<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>"),
        (
            "error",
            "<Error><Code>RequestTimeTooSkewed</Code><Message>skewed</Message><Region>eu-west-1</Region>\
             <ServerTime>2026-11-01T10:00:00Z</ServerTime></Error>",
        ),
        ("sts", "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>"),
        ("http-date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("content-range", "bytes 0-9/10"),
    ] {
        save("s3_xml", &format!("own-{name}"), text);
    }
}
