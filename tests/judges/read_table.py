#!/usr/bin/env python3
"""Reads Iceberg tables with independent engines and prints their rows in one canonical form.

    read_table.py {pyiceberg|duckdb|polars|datashard} s3://bucket/path/to/table --endpoint URL --key K --secret S
                  [--snapshot ID] [--ref NAME] [--filter TEXT] [--columns NAME ...]
    read_table.py serve

The first prints one JSON object a row, keys and lines sorted, so that two engines' outputs can be compared with diff. The
second answers requests on standard input, one JSON object a line each way: {"engine", "table", "endpoint", "key",
"secret", "snapshot", "ref", "filter", "columns"} by {"rows": [...]} or {"error": text}; "do" in place of "engine" calls a function of
writers.py beside this file.

What JSON lacks: {"$dec": text} {"$hex": bytes} {"$ts": microseconds} {"$tstz": microseconds} {"$date": days}
{"$time": microseconds} {"$f": the bits of the double, or nan}; maps are {"$map": [[key, value], ...]} in order of their keys.
"""

import argparse
import json
import logging
import math
import os
import struct
import sys
import traceback
import urllib.parse
from types import SimpleNamespace

import pyarrow as pa

PER_MICROSECOND = {"s": 1_000_000, "ms": 1_000, "us": 1}


def micros(scalar, unit):
    if unit == "ns":
        if scalar.value % 1000:
            raise ValueError(f"{scalar} is finer than a microsecond")
        return scalar.value // 1000
    return scalar.value * PER_MICROSECOND[unit]


def as_map(entries):
    pairs = [[canonical(key), canonical(value)] for key, value in entries]
    return {"$map": sorted(pairs, key=lambda pair: json.dumps(pair[0], sort_keys=True))}


def canonical(scalar):
    """A pyarrow scalar as JSON. Goes by the scalar's type, since Python's own dates and times lose some of the range."""
    kind = scalar.type
    if isinstance(kind, pa.BaseExtensionType):
        # DuckDB keeps its booleans in bytes.
        boolean = scalar.is_valid and kind.extension_name == "arrow.bool8"
        return bool(scalar.as_py()) if boolean else canonical(scalar.value) if scalar.is_valid else None
    if not scalar.is_valid:
        return None
    if pa.types.is_floating(kind):
        value = float(scalar.as_py())
        return {"$f": "nan" if math.isnan(value) else struct.pack(">d", value).hex()}
    if pa.types.is_decimal(kind):
        return {"$dec": format(scalar.as_py(), "f")}
    if pa.types.is_timestamp(kind):
        return {"$tstz" if kind.tz else "$ts": micros(scalar, kind.unit)}
    if pa.types.is_date(kind):
        return {"$date": scalar.value if pa.types.is_date32(kind) else scalar.value // 86_400_000}
    if pa.types.is_time(kind):
        return {"$time": micros(scalar, kind.unit)}
    if pa.types.is_struct(kind):
        return {field.name: canonical(scalar[i]) for i, field in enumerate(kind)}
    if pa.types.is_map(kind):
        return as_map((entry["key"], entry["value"]) for entry in map_entries(scalar))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        element = kind.value_type
        values = scalar.values
        # Polars has no maps: they arrive as lists of pairs.
        if pa.types.is_struct(element) and [field.name for field in element] == ["key", "value"]:
            return as_map((entry["key"], entry["value"]) for entry in values)
        return [canonical(value) for value in values]
    value = scalar.as_py()
    return {"$hex": value.hex()} if isinstance(value, bytes) else value


def map_entries(scalar):
    """The entries of a map, each with its `key` and `value`."""
    values = scalar.values
    return ({"key": entry[0], "value": entry[1]} for entry in values)


def rows(table):
    names = table.column_names
    columns = [table.column(i) for i in range(len(names))]
    for i in range(table.num_rows):
        yield {name: canonical(column[i]) for name, column in zip(names, columns)}


def newest_metadata(request):
    """The location of the v{N}.metadata.json with the greatest N."""
    import boto3

    parts = urllib.parse.urlparse(request.table)
    prefix = parts.path.strip("/") + "/metadata/"
    s3 = boto3.client("s3", endpoint_url=request.endpoint, region_name="us-east-1",
                      aws_access_key_id=request.key, aws_secret_access_key=request.secret)  # fmt: skip
    versions = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=parts.netloc, Prefix=prefix):
        for item in page.get("Contents", []):
            name = item["Key"][len(prefix) :]
            if name.startswith("v") and name.endswith("metadata.json") and name[1:].split(".")[0].isdigit():
                versions[int(name[1:].split(".")[0])] = name
    if not versions:
        raise ValueError(f"no v*.metadata.json under {request.table}/metadata/")
    return f"{request.table}/metadata/{versions[max(versions)]}"


def s3_properties(request):
    return {"s3.endpoint": request.endpoint, "s3.access-key-id": request.key,
            "s3.secret-access-key": request.secret, "s3.region": "us-east-1"}  # fmt: skip


def read_pyiceberg(request):
    from pyiceberg.expressions import AlwaysTrue
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(newest_metadata(request), s3_properties(request))
    scan = table.scan(row_filter=request.filter or AlwaysTrue(), snapshot_id=request.snapshot)
    return (scan.use_ref(request.ref) if request.ref else scan).to_arrow()


def read_duckdb(request):
    import duckdb
    from duckdb_extensions import import_extension

    con = duckdb.connect(config={"allow_unsigned_extensions": "true", "arrow_lossless_conversion": "true"})
    for name in ("avro", "httpfs", "iceberg"):
        import_extension(name)
        con.sql("load " + name)
    host = urllib.parse.urlparse(request.endpoint)
    con.sql(
        f"create secret (type s3, key_id '{request.key}', secret '{request.secret}', region 'us-east-1', "
        f"endpoint '{host.netloc}', use_ssl {str(host.scheme == 'https').lower()}, url_style 'path')"
    )
    con.sql("set timezone = 'UTC'")
    options = "" if request.snapshot is None else f", snapshot_from_id={request.snapshot}"
    where = f" where {request.filter}" if request.filter else ""
    columns = ", ".join(request.columns or ["*"])
    table = con.sql(f"select {columns} from iceberg_scan('{request.table}'{options}){where}").arrow()
    return table.read_all() if hasattr(table, "read_all") else table


def read_polars(request):
    import polars as pl

    if request.filter:
        raise NotImplementedError("filters are compared with PyIceberg and DuckDB")
    scan = pl.scan_iceberg(newest_metadata(request), snapshot_id=request.snapshot, storage_options=s3_properties(request))
    return scan.collect().to_arrow()


def read_datashard(request):
    """The Python package of the same name, 0.11 or later: it shares the layout."""
    import writers

    if request.filter or request.snapshot is not None:
        raise NotImplementedError("filters and snapshots are compared with PyIceberg and DuckDB")
    return writers.load(request).to_arrow()


ENGINES = {"pyiceberg": read_pyiceberg, "duckdb": read_duckdb, "polars": read_polars, "datashard": read_datashard}


def answer(line):
    request = SimpleNamespace(**{"snapshot": None, "ref": None, "filter": None, "columns": None, **json.loads(line)})
    try:
        if hasattr(request, "do"):
            import writers

            return {"rows": getattr(writers, request.do)(request)}
        return {"rows": list(rows(ENGINES[request.engine](request)))}
    except Exception as error:
        return {"error": "".join(traceback.format_exception(error))}


def serve():
    logging.disable(logging.WARNING)
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    # What libraries print must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(line)), file=out, flush=True)


def main():
    if sys.argv[1:] == ["serve"]:
        return serve()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("table", type=lambda text: text.rstrip("/"))
    for option in ("endpoint", "key", "secret"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--snapshot", type=int)
    parser.add_argument("--ref")
    parser.add_argument("--filter")
    parser.add_argument("--columns", nargs="+")
    request = parser.parse_args()
    for line in sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows(ENGINES[request.engine](request))):
        print(line)


if __name__ == "__main__":
    main()
