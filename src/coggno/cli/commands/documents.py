"""`coggno documents`: training content and who may take it."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.options import BaseUrl, Company, Json, examples
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import each, show_all

documents = typer.Typer(no_args_is_help=True, epilog=examples("coggno documents licenses 5"))


@documents.command("list", epilog=examples("coggno documents list", "coggno documents list --json"))
def list_documents(*, company: Company = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all documents."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.documents.iter(), columns.DOCUMENT, as_json=as_json, nothing="No documents.")

    ClientSettings(company=company, base_url=base_url).run(work)


@documents.command("licenses", epilog=examples("coggno documents licenses 5"))
def list_licenses(
    *,
    document: Annotated[int, typer.Argument(metavar="DOCUMENT", help="The document's id.", min=0)],
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the licenses of a document. With --json: one object, as the API answers."""

    async def work(coggno: AsyncCoggno) -> None:
        answer = await coggno.documents.licenses(document)
        if as_json:
            output.write_json(output.as_data(answer))
        else:
            await show_all(each(answer.licenses), columns.LICENSE_OF_DOCUMENT, as_json=False, nothing="No licenses.")

    ClientSettings(company=company, base_url=base_url).run(work)
