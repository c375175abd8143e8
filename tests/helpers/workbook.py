"""Writes Excel workbooks, as far as tests of their reader need it: plain XML in a zip archive, as Excel saves it."""

import io
import zipfile
from datetime import date, datetime
from xml.sax.saxutils import escape, quoteattr

_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# Style 1 is a date, style 2 a date and time, style 3 a text.
_STYLES = (
    f'<styleSheet {_NAMESPACE}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    '<xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


class Formula(str):
    """A formula with the value that Excel has computed."""

    __slots__ = ("value",)

    def __new__(cls, text, value):
        self = super().__new__(cls, text)
        self.value = value
        return self


class ErrorValue(str):
    """An error such as `#N/A`."""

    __slots__ = ()


def workbook(rows, *, name="Sheet1", merged=(), **sheets):
    """Return the bytes of a workbook; `sheets` are further ones."""
    contents = {name: (rows, merged), **{other: (more, ()) for other, more in sheets.items()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in _parts(contents).items():
            archive.writestr(path, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return buffer.getvalue()


def _parts(contents):
    numbers = range(1, len(contents) + 1)
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{main}.worksheet+xml"/>' for n in numbers
    )
    entries = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, contents, strict=True)
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{main}.styles+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_NAMESPACE} xmlns:r="{_RELATIONS}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship '
        f'Id="rId0" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        **{
            f"xl/worksheets/sheet{n}.xml": _sheet(rows, merged)
            for n, (rows, merged) in zip(numbers, contents.values(), strict=True)
        },
    }


def _sheet(rows, merged):
    lines = (
        f'<row r="{at}">{"".join(_cell(f"{_column(index)}{at}", value) for index, value in enumerate(row))}</row>'
        for at, row in enumerate(rows, start=1)
        if any(value is not None for value in row)
    )
    ranges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
    merges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return f"<worksheet {_NAMESPACE}><sheetData>{''.join(lines)}</sheetData>{merges}</worksheet>"


def _column(index):
    return (_column(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)


def _cell(at, value):
    if value is None:
        return ""
    if isinstance(value, Formula):
        kind = ' t="str"' if isinstance(value.value, str) else ""
        return f'<c r="{at}"{kind}><f>{escape(value)}</f><v>{escape(str(value.value))}</v></c>'
    if isinstance(value, ErrorValue):
        return f'<c r="{at}" t="e"><v>{escape(value)}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        days = date(value.year, value.month, value.day) - date(1899, 12, 30)
        if not isinstance(value, datetime):
            return f'<c r="{at}" s="1"><v>{days.days}</v></c>'
        seconds = 3600 * value.hour + 60 * value.minute + value.second
        return f'<c r="{at}" s="2"><v>{days.days + seconds / 86400!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value!r}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
