"""Names of handlers: ``package.module:Qualified.Name``, and what stands behind them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from types import FunctionType, ModuleType
from typing import Any

from msgspec import Struct

from tasker.errors import HandlerError

IMPORT_REMEDY = "mend what importing it raised"


class HandlerTarget(Struct, frozen=True):
    """A handler that was found: its canonical reference, and the class or function."""

    reference: str
    target: Any

    @property
    def is_class(self) -> bool:
        """Whether it is a class, of which each attempt makes an instance."""
        return isinstance(self.target, type)


def normalise(reference: str, module_namespace: str | None = None) -> str:
    """Return a reference as ``package.module:Qualified.Name``.

    ``package.module.Name`` names the same, and ``package.module.Outer.Inner`` a
    class in a class, by the first part that starts with a capital letter. With a
    ``module_namespace``, a bare ``Name`` is looked for there, and ``.module:Name``
    in a module below it.

    Raises:
        HandlerError: The text is no such reference.
    """
    text = reference.strip()
    if module_namespace and text.startswith("."):
        text = module_namespace + text
    elif module_namespace and ":" not in text and "." not in text:
        text = f"{module_namespace}:{text}"
    module, colon, name = text.partition(":")
    if not colon:
        module, name = _split_dotted(text)
    if not (_is_dotted_name(module) and _is_dotted_name(name.replace("<locals>", "locals"))):
        raise HandlerError(
            handler=reference,
            reason="this is no reference; write package.module:Name"
            + ("" if module_namespace else ", or set module_namespace and write Name"),
        )
    return f"{module}:{name}"


def reference_of(handler: Any) -> str:
    """Return the reference of a class or function.

    Raises:
        HandlerError: It is neither.
    """
    if not isinstance(handler, type | FunctionType):
        raise HandlerError(
            handler=repr(handler), reason="a handler is a class with process, or a function"
        )
    return f"{handler.__module__}:{handler.__qualname__}"


def resolve(reference: str) -> HandlerTarget:
    """Import what a reference names.

    Raises:
        HandlerError: The module or the name cannot be found, or importing failed;
            it says which, with the nearest name that exists.
    """
    canonical = normalise(reference)
    module_name, _, qualified = canonical.partition(":")
    found: Any = _import(canonical, module_name)
    place = f"module {module_name}"
    for part in qualified.split("."):
        if not hasattr(found, part):
            raise HandlerError(
                handler=canonical,
                reason=f"{place} has no {part!r}{_nearest(part, _public_names(found))}",
            )
        found = getattr(found, part)
        place = f"{module_name}:{part}"
    return HandlerTarget(canonical, found)


def validate(target: HandlerTarget) -> HandlerTarget:
    """Return the target if it can be a step's handler: a class with ``process``, or a function.

    A class that has more to say about itself says it in ``check_class(reference)``.

    Raises:
        HandlerError: It cannot; the reason says what it lacks.
    """
    found = target.target
    if target.is_class:
        _validate_class(target.reference, found)
    elif isinstance(found, FunctionType):
        _refuse_generator(target.reference, found)
    else:
        raise HandlerError(
            handler=target.reference,
            reason=f"it is {_describe(found)}; a handler is a class with "
            "process(task, sequence, step), or a function",
        )
    return target


def _split_dotted(text: str) -> tuple[str, str]:
    parts = text.split(".")
    capital = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[:capital]), ".".join(parts[capital:])


def _is_dotted_name(text: str) -> bool:
    return bool(text) and all(part.isidentifier() for part in text.split("."))


def _import(reference: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        name = missing.name or ""
        if module_name != name and not module_name.startswith(f"{name}."):
            raise _import_failed(reference, module_name, missing) from missing
        parent, _, last = name.rpartition(".")
        raise HandlerError(
            handler=reference,
            reason=f"there is no module {name!r}{_nearest(last, _modules_in(parent))}; "
            + (_path_remark() if not parent else f"package {parent} was found"),
        ) from missing
    except Exception as failure:
        raise _import_failed(reference, module_name, failure) from failure


def _import_failed(reference: str, module_name: str, failure: Exception) -> HandlerError:
    frame = traceback.extract_tb(failure.__traceback__)[-1]
    place = f"{frame.filename}:{frame.lineno}"
    if isinstance(failure, SyntaxError):
        place = f"{failure.filename}:{failure.lineno}"
    elif isinstance(failure, ImportError):
        # The innermost frames are the import system's; name the import statement.
        frames = traceback.extract_tb(failure.__traceback__)
        own = [f for f in frames if not f.filename.startswith("<frozen ")]
        place = f"{own[-1].filename}:{own[-1].lineno}" if own else place
    return HandlerError(
        handler=reference,
        reason=f"importing {module_name} failed at {place}: {type(failure).__name__}: {failure}",
        remedy=IMPORT_REMEDY,
    )


def _path_remark() -> str:
    first = sys.path[0] if sys.path and sys.path[0] else "the working folder"
    return (
        f"the folder that holds it must be on sys.path (it starts with {first}; "
        "set PYTHONPATH, or install the package)"
    )


def _modules_in(package: str) -> Iterable[str]:
    paths = getattr(sys.modules.get(package), "__path__", None) if package else None
    if package and paths is None:
        return ()
    found = [module.name for module in pkgutil.iter_modules(paths)]
    # Nobody's handlers are in the standard library; its names are near everything.
    return found if package else [name for name in found if name not in sys.stdlib_module_names]


def _public_names(found: Any) -> list[str]:
    return [name for name in dir(found) if not name.startswith("__")]


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _validate_class(reference: str, kind: type) -> None:
    process = getattr(kind, "process", None)
    if not callable(process):
        raise HandlerError(
            handler=reference,
            reason="the class has no process; define process(self, task, sequence, step)"
            + _nearest("process", _public_names(kind)),
        )
    if inspect.isabstract(kind) or getattr(process, "__isabstractmethod__", False):
        missing = ", ".join(sorted(getattr(kind, "__abstractmethods__", ()))) or "process"
        raise HandlerError(
            handler=reference, reason=f"the class is abstract; it must define {missing}"
        )
    static = inspect.getattr_static(kind, "process")
    arguments = 3 if isinstance(static, staticmethod | classmethod) else 4
    try:
        inspect.signature(process).bind(*[None] * arguments)
    except TypeError as mismatch:
        raise HandlerError(
            handler=reference,
            reason=f"process{inspect.signature(process)} cannot be called with "
            f"(task, sequence, step): {mismatch}",
        ) from mismatch
    _refuse_generator(reference, process)
    takes_config(reference, kind)
    check = getattr(kind, "check_class", None)
    if check is not None:
        check(reference)


def takes_config(reference: str, kind: type) -> bool:
    """Return whether a handler's constructor takes ``config``.

    Raises:
        HandlerError: It needs anything else.
    """
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:  # a class of an extension module may not tell
        return False
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty
        and each.name != "config"
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise HandlerError(
            handler=reference,
            reason=f"its constructor needs {', '.join(needed)}; it is called with config alone",
        )
    return any(each.name == "config" or each.kind is each.VAR_KEYWORD for each in parameters)


def _refuse_generator(reference: str, function: Any) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise HandlerError(
            handler=reference,
            reason=f"{function.__qualname__} is a generator; return the results instead of "
            "yielding them",
        )


def _describe(found: Any) -> str:
    if isinstance(found, ModuleType):
        return "a module"
    kind = type(found)
    return f"an instance of {kind.__module__}.{kind.__qualname__}"
