"""One document: from the tree of a file to a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasker.definitions import keys, lookup
from tasker.definitions.check import check_definition
from tasker.definitions.config import NO_RULES, ConfigRules, HandlerConfig, read_config
from tasker.definitions.definition import (
    DEFAULT_NAMESPACE,
    DEFAULT_RETRY_LIMIT,
    DEFAULT_VERSION,
    AnnotationType,
    CustomEvent,
    Definition,
    StepDefinition,
)
from tasker.definitions.environment import STEPS, check_override, merge_environment, resolve
from tasker.definitions.findings import Findings, Path
from tasker.definitions.graph import dependencies_of
from tasker.definitions.loaded import LoadedDefinition
from tasker.definitions.lookup import HandlerLookup
from tasker.definitions.nodes import Field, Fields, Items, Scalar, find, line_of
from tasker.definitions.reading import read
from tasker.errors import HandlerError

LONGEST_SHOWN = 40
"""Characters of a step's name that is shown beside its place."""


def read_document(
    root: Fields,
    environment: str | None,
    environ: Mapping[str, str],
    findings: Findings,
    *,
    check_handlers: bool,
) -> LoadedDefinition | None:
    """Make a definition of a document, or note everything that is wrong and return None."""
    root = _apply_environment(root, environment, findings)
    root = _resolve_all(root, environ, findings)
    values = read(root, keys.DEFINITION, (), findings)
    return _Reading(root, values, environ, findings, check_handlers).finish()


def step_at(root: Fields, path: Path) -> str | None:
    """The name of the step that a path leads into, as written, where it can be shown."""
    for index, part in enumerate(path):
        if isinstance(part, int) and index and path[index - 1] == STEPS:
            found = find(root, (*path[: index + 1], "name"))
            name = found.text if isinstance(found, Scalar) else ""
            return name if name.isprintable() and 0 < len(name) <= LONGEST_SHOWN else None
    return None


def _apply_environment(root: Fields, environment: str | None, findings: Findings) -> Fields:
    """Merge the environment in, and check the ones that are not in use as well."""
    base = Fields({k: f for k, f in root.entries.items() if k != "environments"}, root.line)
    entry = root.entries.get("environments")
    if entry is None or not isinstance(entry.node, Fields):
        # Left in place, for `keys.read` to say what is wrong with it.
        return root
    table = {name: key for name, key in keys.DEFINITION.items() if name != "environments"}
    merged = base
    for name, override in entry.node.entries.items():
        path: Path = ("environments", name)
        if isinstance(override.node, Scalar) and override.node.value is None:
            continue
        if not isinstance(override.node, Fields):
            message = "an environment is a mapping of keys to override"
            findings.add(override.line, path, message, "give a mapping")
            continue
        read(override.node, table, path, findings, partial=True)
        check_override(base, override.node, path, findings)
        if name == environment:
            merged = merge_environment(base, override.node)
    return merged


def _resolve_all(root: Fields, environ: Mapping[str, str], findings: Findings) -> Fields:
    """Resolve placeholders, but in ``handler_config``, which `read_config` resolves."""

    def without_config(fields: Fields, path: Path) -> Fields:
        entries = {}
        for key, entry in fields.entries.items():
            node = entry.node
            if not path and key == STEPS and isinstance(node, Items):
                steps = enumerate(node.nodes)
                node = Items(
                    tuple(
                        without_config(step, (STEPS, index))
                        if isinstance(step, Fields)
                        else resolve(step, environ, (STEPS, index), findings)
                        for index, step in steps
                    ),
                    node.line,
                )
            elif key != "handler_config":
                node = resolve(node, environ, (*path, key), findings)
            entries[key] = Field(entry.line, node)
        return Fields(entries, fields.line)

    return without_config(root, ())


@dataclass
class _Reading:
    """One file's values on their way to a definition."""

    root: Fields
    values: dict[str, Any]
    environ: Mapping[str, str]
    findings: Findings
    check_handlers: bool

    def finish(self) -> LoadedDefinition | None:
        namespace = self.values.get("module_namespace")
        handlers = HandlerLookup(namespace, check=self.check_handlers)
        wrong = handlers.check_namespace()
        if wrong is not None:
            message, remedy = wrong
            path: Path = ("module_namespace",)
            if self._is_resolved(path):  # the error names the module
                message = "importing it failed"
            self._note(path, message, remedy)
        found = [
            self._handler(values.get("handler_class"), (STEPS, i, "handler_class"), handlers.step)
            for i, values in enumerate(self.values.get(STEPS, ()))
        ]
        targets = [target for _, target in found]
        configs = [self._step_config(index, target) for index, target in enumerate(targets)]
        steps = self._steps([reference for reference, _ in found], configs)
        task_config = self._config((), NO_RULES)
        definition = self._definition(steps, task_config, handlers)
        self._check(definition, targets)
        if self.findings:
            return None
        line = line_of(self.root, ("name",))
        named = zip(steps, configs, strict=True)
        return LoadedDefinition(
            definition=definition,
            source=f"{self.findings.where}:{line}",
            configs={step.name: config.resolved for step, config in named if config.written},
            task_config=task_config.resolved,
        )

    def _step_config(self, index: int, target: Any) -> HandlerConfig:
        path: Path = (STEPS, index)
        handler = self._quote((*path, "handler_class"))
        return self._config(path, ConfigRules.of(target, handler, line_of(self.root, path)))

    def _config(self, path: Path, rules: ConfigRules) -> HandlerConfig:
        here = (*path, "handler_config")
        fields = find(self.root, here)
        if fields is None or (isinstance(fields, Scalar) and fields.value is None):
            fields = Fields({}, rules.line)
        if not isinstance(fields, Fields):
            return HandlerConfig()
        return read_config(
            fields, here, self.environ, self.findings, of_step=bool(path), rules=rules
        )

    def _steps(
        self, handlers: list[str], configs: list[HandlerConfig]
    ) -> tuple[StepDefinition, ...]:
        system = self.values.get("default_dependent_system")
        parts = zip(self.values.get(STEPS, ()), handlers, configs, strict=True)
        return tuple(_step(values, handler, config, system) for values, handler, config in parts)

    def _handler(self, text: str | None, path: Path, find_handler: Any) -> tuple[str, Any]:
        if text is None:
            return "", None
        try:
            found: tuple[str, Any] = find_handler(text)
            return found
        except HandlerError as error:
            shown = self._quote(path)
            # The reason quotes the whole reference, and the namespace with it.
            quotable = shown == text and not self._is_resolved(("module_namespace",))
            reason = error.reason if quotable else "it cannot be used"
            self._note(path, f"handler {shown!r}: {reason}", error.remedy or lookup.REMEDY)
            return "", None

    def _definition(
        self,
        steps: tuple[StepDefinition, ...],
        task_config: HandlerConfig,
        handlers: HandlerLookup,
    ) -> Definition:
        values = self.values
        configuration = values.get("configuration", {})
        task_handler, _ = self._handler(
            values.get("task_handler_class"), ("task_handler_class",), handlers.task
        )
        seconds = configuration.get("max_execution_time")
        return Definition(
            name=values.get("name", ""),
            namespace=values.get("namespace_name", DEFAULT_NAMESPACE),
            version=values.get("version", DEFAULT_VERSION),
            description=values.get("description", ""),
            steps=steps,
            schema=values.get("schema"),
            task_handler=task_handler or None,
            handler_config=task_config.written,
            priority=configuration.get("priority", 0),
            max_execution_seconds=None if seconds is None else float(seconds),
            max_concurrent_steps=configuration.get("max_concurrent_steps"),
            custom_metadata=configuration.get("custom_metadata", {}),
            custom_events=_events(values),
            annotation_types=tuple(
                AnnotationType(name=each.get("name", ""), description=each.get("description", ""))
                for each in values.get("annotation_types", ())
            ),
        )

    def _check(self, definition: Definition, targets: list[Any]) -> None:
        for finding in check_definition(definition, self._quote_field):
            path = _yaml_path(finding.path, self.root)
            self._note(path, finding.message, finding.remedy)
        named = self.values.get("named_steps")
        dependencies = dependencies_of(definition)
        for index, (step, target) in enumerate(zip(definition.steps, targets, strict=True)):
            path = (STEPS, index, "name")
            if named is not None and step.name and step.name not in named:
                message = f"step {self._quote(path)!r} is not in named_steps"
                self._note(path, message, "add it there, or remove named_steps")
            wrong = lookup.check_parameters(dependencies, step, target)
            if wrong is not None:
                if any(self._is_resolved((STEPS, i, "name")) for i in range(len(targets))):
                    # The message lists the steps.
                    wrong = "a parameter of the function is no step upstream"
                remedy = (
                    "rename the parameter, add the step to depends_on_steps, or give the "
                    "parameter a default"
                )
                self._note((STEPS, index, "handler_class"), wrong, remedy)

    def _note(self, path: Path, message: str, remedy: str) -> None:
        self.findings.add(line_of(self.root, path), path, message, remedy)

    def _quote_field(self, path: Path, value: object) -> str:
        return self._quote(_yaml_path(path, self.root))

    def _quote(self, path: Path) -> str:
        """The text as written. A value that was not written is a default, and never wrong."""
        found = find(self.root, path)
        if found is None and path[-1:] == ("name",):
            found = find(self.root, path[:-1])  # an item that is its name alone
        return found.text if isinstance(found, Scalar) else "?"

    def _is_resolved(self, path: Path) -> bool:
        found = find(self.root, path)
        return isinstance(found, Scalar) and found.from_environment


def _step(
    values: Mapping[str, Any], handler: str, config: HandlerConfig, system: str | None
) -> StepDefinition:
    timeout = values.get("timeout_seconds")
    first = values.get("depends_on_step")
    needed = ([] if first is None else [first]) + values.get("depends_on_steps", [])
    return StepDefinition(
        name=values.get("name", ""),
        handler=handler,
        depends_on=tuple(dict.fromkeys(needed)),
        description=values.get("description", ""),
        dependent_system=values.get("dependent_system", system),
        retryable=values.get("default_retryable", True),
        retry_limit=values.get("default_retry_limit", DEFAULT_RETRY_LIMIT),
        skippable=values.get("skippable", False),
        timeout_seconds=None if timeout is None else float(timeout),
        executor=values.get("executor", "auto"),
        max_concurrent_requests=config.max_concurrent_requests,
        rate_limit_per_second=config.rate_limit_per_second,
        handler_config=config.written,
        custom_events=_events(values),
    )


def _events(values: Mapping[str, Any]) -> tuple[CustomEvent, ...]:
    return tuple(
        CustomEvent(name=each.get("name", ""), description=each.get("description", ""))
        for each in values.get("custom_events", ())
    )


_FIELDS: Mapping[str, Path] = {
    "namespace": ("namespace_name",),
    "task_handler": ("task_handler_class",),
    "priority": ("configuration", "priority"),
    "max_execution_seconds": ("configuration", "max_execution_time"),
    "max_concurrent_steps": ("configuration", "max_concurrent_steps"),
    "custom_metadata": ("configuration", "custom_metadata"),
}
_STEP_FIELDS: Mapping[str, Path] = {
    "handler": ("handler_class",),
    "retryable": ("default_retryable",),
    "retry_limit": ("default_retry_limit",),
    "max_concurrent_requests": ("handler_config", "max_concurrent_requests"),
    "rate_limit_per_second": ("handler_config", "rate_limit_per_second"),
}


def _yaml_path(path: Path, root: Fields) -> Path:
    """Where in the file a field of a definition was written."""
    if path[0] != "steps":
        return (*_FIELDS.get(str(path[0]), path[:1]), *path[1:])
    step: Path = (STEPS, path[1])
    name = str(path[2])
    if name != "depends_on":
        return (*step, *_STEP_FIELDS.get(name, (name,)), *path[3:])
    first = find(root, (*step, "depends_on_step"))
    if isinstance(first, Scalar) and first.value == path[3]:
        return (*step, "depends_on_step")
    listed = find(root, (*step, "depends_on_steps"))
    nodes = listed.nodes if isinstance(listed, Items) else ()
    for index, node in enumerate(nodes):
        if isinstance(node, Scalar) and node.value == path[3]:
            return (*step, "depends_on_steps", index)
    return (*step, "depends_on_steps")
