"""`coggno documents`: list training documents and their licenses."""

from __future__ import annotations

import typer

from coggno import AsyncCoggno
from coggno.cli.arguments.document import DocumentReference
from coggno.cli.arguments.not_found import not_found
from coggno.cli.connection import AccountOptions
from coggno.cli.lists.columns import DOCUMENT, LICENSE_OF_DOCUMENT
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, iterate
from coggno.cli.option_groups import expanded
from coggno.cli.options import DocumentArgument, examples

documents = typer.Typer(no_args_is_help=True, epilog=examples("coggno documents licenses 5"))


@documents.command("list", epilog=examples("coggno documents list", "coggno documents list --sort title"))
@expanded
def list_documents(*, listing: ListOptions, account: AccountOptions) -> None:
    """List all documents with their ids."""
    view = ListView.of(DOCUMENT, listing)
    account.settings().run(lambda coggno: view.show(coggno.documents.iter()))


@documents.command(
    "licenses",
    epilog=examples("coggno documents licenses 'Fire safety'", "coggno documents licenses 5 --filter passed=no --csv"),
)
@expanded
def list_licenses(*, document: DocumentArgument, listing: ListOptions, account: AccountOptions) -> None:
    """List the licenses of a document."""
    view = ListView.of(LICENSE_OF_DOCUMENT, listing)

    async def work(coggno: AsyncCoggno) -> None:
        reference = DocumentReference(document)
        with not_found(reference.missing()):
            found = await coggno.documents.licenses(await reference.find_id(coggno))
        await view.show(iterate(found.licenses))

    account.settings().run(work)
