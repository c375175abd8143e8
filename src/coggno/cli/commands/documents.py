"""`coggno documents`: list training documents and their licenses."""

from __future__ import annotations

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.not_found import not_found
from coggno.cli.options import BaseUrl, CompanyOption, DocumentArgument, Json, examples
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import iterate, show_all

documents = typer.Typer(no_args_is_help=True, epilog=examples("coggno documents licenses 5"))


@documents.command("list", epilog=examples("coggno documents list", "coggno documents list --json"))
def list_documents(*, company: CompanyOption = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all documents with their ids."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.documents.iter(), columns.DOCUMENT, as_json=as_json, if_empty="There are no documents.")

    ClientSettings(company=company, base_url=base_url).run(work)


@documents.command("licenses", epilog=examples("coggno documents licenses 5"))
def list_licenses(
    *,
    document: DocumentArgument,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the licenses of a document. With --json: one object, as the API returns it."""

    async def work(coggno: AsyncCoggno) -> None:
        with not_found(f"No document has the id {document}. See: coggno documents list"):
            found = await coggno.documents.licenses(document)
        if as_json:
            output.write_json(output.as_data(found))
            return
        licenses = iterate(found.licenses)
        await show_all(licenses, columns.LICENSE_OF_DOCUMENT, as_json=False, if_empty="The document has no licenses.")

    ClientSettings(company=company, base_url=base_url).run(work)
