#!/usr/bin/env python3
"""Rows of Iceberg tables in a folder as Spark reads them, with Iceberg's own Java code, and what Spark makes of them.

    read_spark.py FOLDER TABLE...

Needs pyspark 3.5 and the jars of Iceberg in the Python's packages, as tests/fixtures/make/run installs them. Of each table `db.TABLE`
prints the rows `[id, s, _row_id, _last_updated_sequence_number]` in order, as one JSON array a line; then deletes the row 20,
updates the row 21 and appends the row 900, each in the table's own way, and prints the rows again.
"""

import glob
import json
import site
import sys

from pyspark.sql import SparkSession

folder, tables = sys.argv[1], sys.argv[2:]
jars = [jar for home in site.getsitepackages()
        for jar in glob.glob(home + "/snowpark_connect_deps_iceberg/jars/iceberg-spark-*_2.12-*.jar")]  # fmt: skip
settings = {
    "spark.jars": ",".join(jars),
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.h": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.h.type": "hadoop",
    "spark.sql.catalog.h.warehouse": "file://" + folder,
}
builder = SparkSession.builder.master("local[1]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()


def show(table):
    rows = spark.sql(f"select id, s, _row_id, _last_updated_sequence_number from h.db.{table}").collect()
    print("ROWS", json.dumps(sorted(list(row) for row in rows)), flush=True)


for table in tables:
    show(table)
    spark.sql(f"delete from h.db.{table} where id = 20")
    spark.sql(f"update h.db.{table} set s = 'spark' where id = 21")
    spark.sql(f"insert into h.db.{table} values (900, 'spark', null)")
    show(table)
