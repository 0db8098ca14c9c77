"""The guide's patterns, as users would write them."""

import sqlite3
from abc import abstractmethod
from collections.abc import Callable
from contextlib import closing
from typing import Any, ClassVar

import anyio
import jsonschema_rs
import pytest

from tasker.errors import DefinitionError, PermanentError, RetryableError
from tasker.handlers import StepHandler
from tests.handlers.support import attempt, bound_step, context_of, error_of, kept_by, results_of

# A base class for steps on a database.


class DatabaseStep(StepHandler):
    """Gives a step its rows in one transaction; a locked database is tried again."""

    def process(self, task, sequence, step):
        with closing(sqlite3.connect(self.config["database"])) as database:
            try:
                with database:
                    return self.query(database, task)
            except sqlite3.OperationalError as error:
                raise RetryableError(str(error), retry_after=2) from error

    @abstractmethod
    def query(self, database, task): ...


class Orders(DatabaseStep):
    def query(self, database, task):
        rows = database.execute(
            "SELECT id, total FROM orders WHERE user = ?", [task.context["user"]]
        )
        return [{"id": each[0], "total": each[1]} for each in rows]


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "orders.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE orders (id, user, total)")
        database.execute("INSERT INTO orders VALUES (1, 'ann', 9.5), (2, 'bob', 3)")
    return str(path)


async def test_a_database_base_class(database):
    result = await attempt(Orders, config={"database": database}, context={"user": "ann"})
    assert results_of(result) == [{"id": 1, "total": 9.5}]


async def test_its_errors_may_be_retried(tmp_path):
    config = {"database": str(tmp_path / "empty.db")}
    error = error_of(await attempt(Orders, config=config, context={"user": "ann"}))
    assert (error.message, error.retry_after) == ("no such table: orders", 2)


# Results checked against a schema.


class CheckedStep(StepHandler):
    """Refuses results that do not fit the class's schema."""

    result_schema: ClassVar[dict[str, Any]]

    def process_results(self, step, output, initial_results):
        wrong = [each.message for each in jsonschema_rs.iter_errors(self.result_schema, output)]
        if wrong:
            raise PermanentError("; ".join(wrong), error_code="BAD_RESULT")
        super().process_results(step, output, initial_results)


class Priced(CheckedStep):
    result_schema: ClassVar = {
        "type": "object",
        "properties": {"total": {"type": "number", "minimum": 0}},
    }

    async def process(self, task, sequence, step):
        return {"total": task.context["total"]}


async def test_schema_validated_results():
    assert results_of(await attempt(Priced, context={"total": 3})) == {"total": 3}
    error = error_of(await attempt(Priced, context={"total": -1}))
    assert (error.permanent, error.error_code) == (True, "BAD_RESULT")
    assert "-1 is less than the minimum of 0" in error.message


# A pipeline of transformations.


class Pipeline(StepHandler):
    """Runs the output through each transformation in turn."""

    transformations: ClassVar[tuple[Callable[..., Any], ...]] = ()

    def process_results(self, step, output, initial_results):
        for transform in self.transformations:
            output = transform(output)
        step.results = output


class Names(Pipeline):
    transformations = (sorted, lambda names: [name.title() for name in names], tuple)

    def process(self, task, sequence, step):
        return self.get_previous_step_data(sequence, "extract", "names")


async def test_a_transformation_pipeline():
    result = await attempt(Names, results={"extract": {"names": ["bob", "ann"]}})
    assert results_of(result) == ["Ann", "Bob"]


# A step that looks after its resources.


class Careful(StepHandler):
    async def process(self, task, sequence, step):
        if task.context["free_mb"] < self.config["needs_mb"]:
            raise RetryableError(
                "not enough memory", retry_after=30, context={"free_mb": task.context["free_mb"]}
            )
        return "done"


async def test_a_resource_aware_step():
    config = {"needs_mb": 512}
    assert results_of(await attempt(Careful, config=config, context={"free_mb": 600})) == "done"
    error = error_of(await attempt(Careful, config=config, context={"free_mb": 100}))
    assert (error.permanent, error.retry_after) == (False, 30)
    assert context_of(error) == {"free_mb": 100}


# The three ways with exceptions.


async def test_catch_record_and_raise_again():
    class Records(StepHandler):
        def process(self, task, sequence, step):
            try:
                raise ConnectionError("bank is away")
            except ConnectionError as error:
                step.results = {"error_type": "network", "message": str(error)}
                raise

    result = await attempt(Records)
    assert error_of(result).error_class == "ConnectionError"
    assert kept_by(result) == {"error_type": "network", "message": "bank is away"}


async def test_treat_it_as_a_success():
    class FallsBack(StepHandler):
        def process(self, task, sequence, step):
            try:
                raise TimeoutError
            except TimeoutError:
                return {"recommendations": [], "source": "fallback"}

    assert results_of(await attempt(FallsBack))["source"] == "fallback"


# Subclassing.


async def test_a_base_class_may_have_its_own_constructor():
    class Base(StepHandler):
        def __init__(self, config):
            super().__init__(config)
            self.limit = self.config.get("limit", 10)

    class Limited(Base):
        async def process(self, task, sequence, step):
            await anyio.lowlevel.checkpoint()
            return self.limit

    assert results_of(await attempt(Limited, config={"limit": 3})) == 3
    assert results_of(await attempt(Limited)) == 10


async def test_a_class_of_nobody_may_be_a_handler():
    class Alone:
        def process(self, task, sequence, step):
            return step.name

    class Configured:
        def __init__(self, config):
            self.config = config

        async def process(self, task, sequence, step):
            return self.config

    assert results_of(await attempt(Alone)) == "work"
    assert results_of(await attempt(Configured, config={"a": 1})) == {"a": 1}


def test_a_step_without_process_is_refused():
    class Unfinished(StepHandler):
        pass

    with pytest.raises(DefinitionError, match="process is not defined"):
        bound_step(Unfinished)
