"""Tables from Parquet files, read in batches by pyarrow (extra `parquet`)."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input.content import Content
from coggno.provisioning.roster.input.input_table import InputTable
from coggno.provisioning.roster.input.packed import PackedRows
from coggno.provisioning.roster.input.typed_cells import typed_cell

_BATCH: Final = 4096  # rows that are in memory at once


def read_parquet(content: Content) -> InputTable:
    """Read a Parquet file. Its rows are copied, and have numbers from 1 on.

    Args:
        content: of the file.

    Raises:
        RosterError: pyarrow is not installed, or the file cannot be read.
    """
    arrow, parquet = _library(content.name)
    packed = PackedRows(content.name)
    try:
        with content.reading() as file, parquet.ParquetFile(file, pre_buffer=False) as table:
            header = tuple(map(str, table.schema_arrow.names))
            for batch in table.iter_batches(batch_size=_BATCH, use_threads=False):
                columns = [column.to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    packed.add_cells(packed.count + 1, [typed_cell(value) for value in values])
    except (arrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise RosterError(f"{content.name} is no Parquet file that can be read: {reason}.") from None
    return packed.table(header)


def _library(name: str) -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        message = f"{name} is a Parquet file. To read it, install the extra: pip install 'coggno[parquet]'"
        raise RosterError(message) from None
