"""The argument DOCUMENT: an id if it is all digits, a title otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from coggno.cli.arguments.name import NameReference
from coggno.cli.exit_codes import CommandError, ExitCode

if TYPE_CHECKING:
    from coggno import AsyncCoggno


@frozen
class DocumentReference(NameReference):
    """A document as named on the command line."""

    noun: ClassVar[str] = "document"
    name_word: ClassVar[str] = "title"

    async def find_id(self, coggno: AsyncCoggno) -> int:
        """Return the document's id; a title is looked up, which raises as `choose` does."""
        return self.number if self.is_id else (await find_documents(coggno, [self.text]))[0]


async def find_documents(coggno: AsyncCoggno, texts: Sequence[str]) -> list[int]:
    """Return the ids of documents that a command line names, each once.

    Raises:
        CommandError: one of them does not exist, or its title is that of several.
    """
    if not texts:
        return []
    found = await coggno.documents.list()
    titles, details = [(each, each.title) for each in found], {each.id: each.type for each in found}
    known = {each.id for each in found}
    ids: list[int] = []
    for reference in map(DocumentReference, texts):
        if reference.is_id and reference.number not in known:
            raise CommandError(reference.missing(), ExitCode.FAILED)
        ids.append(reference.number if reference.is_id else reference.choose(titles, details).id)
    return list(dict.fromkeys(ids))
