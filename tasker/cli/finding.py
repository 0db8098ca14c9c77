"""Which task is meant by what a person types."""

from __future__ import annotations

import re
import uuid

from tasker.cli.service import Service
from tasker.errors import InvalidRequestError, UnknownTaskError

LAST = "last"
LEAST_CHARACTERS = 4
SHORT = 12
"""Characters at the end of an id that tell tasks apart in a narrow list."""
_PART = re.compile(r"[0-9a-fA-F-]+")
PAGES = 20
PER_PAGE = 500


async def find_task(service: Service, text: str) -> str:
    """Return the id of a task, given whole, by its beginning or end, or as ``last``.

    A part is looked for among the newest ten thousand tasks.

    Raises:
        UnknownTaskError: There is no such task.
        InvalidRequestError: The part is too short, or fits several tasks.
    """
    if text == LAST:
        page = await service.list_tasks(limit=1)
        if not page.tasks:
            raise UnknownTaskError(task_id="there yet")
        return page.tasks[0].task_id
    if _is_whole(text):
        return str(uuid.UUID(text))
    if len(text) < LEAST_CHARACTERS:
        raise InvalidRequestError(
            f"{text!r} is too short for a part of a task's id; give {LEAST_CHARACTERS} or more "
            f"characters, or {LAST!r}"
        )
    found = await _matching(service, text.lower())
    if not found:
        raise UnknownTaskError(task_id=text)
    if len(found) > 1:
        raise InvalidRequestError(
            f"{text!r} fits several tasks: {', '.join(found[:3])}"
            f"{' and more' if len(found) > 3 else ''}; give more of the id's end"
        )
    return found[0]


def may_be_task(text: str) -> bool:
    """Return whether a text can be the id of a task, a part of one, or ``last``."""
    return text == LAST or _PART.fullmatch(text) is not None


async def _matching(service: Service, part: str) -> list[str]:
    found: list[str] = []
    cursor = None
    for _ in range(PAGES):
        page = await service.list_tasks(cursor=cursor, limit=PER_PAGE)
        ids = [task.task_id for task in page.tasks]
        found += [each for each in ids if each.startswith(part) or each.endswith(part)]
        cursor = page.next_cursor
        if cursor is None or len(found) > 3:
            break
    return found


def _is_whole(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
