"""How often the store is read for a page: counted at the store."""

from collections import Counter

import pytest

from tasker.stores import MemoryStore
from tests.server.graphql.asking import PATH
from tests.server.inside import application

READS = (
    *("get_task", "get_tasks", "list_tasks", "count_tasks", "history", "annotations"),
    *("annotations_of", "annotation_types", "namespaces", "get_definition"),
)


class CountingStore(MemoryStore):
    """Counts what is read from it."""

    def __init__(self):
        super().__init__()
        self.reads: Counter[str] = Counter()

    def __getattribute__(self, name):
        if name in READS:
            self.reads[name] += 1
        return super().__getattribute__(name)


@pytest.fixture
async def fifty():
    """A client of an application with fifty tasks, each with a note; and its store."""
    store = CountingStore()
    async with application(store=store) as (client, engine, _):
        body = {"tasks": [{"name": "work", "context": {"n": n}} for n in range(50)]}
        made = (await client.post("/tasks/bulk", json=body)).json()["outcomes"]
        for each in made:
            await engine.wait(each["task_id"])
            await engine.annotate(each["task_id"], "audit", {"by": "ann"})
        yield client, store


@pytest.mark.parametrize("limit", [1, 50])
@pytest.mark.parametrize(
    ("fields", "reads"),
    [
        ("taskId status namespace tags", {}),
        ("taskId context initiator workflowSteps {name status results}", {"get_tasks": 1}),
        (
            "workflowSteps {name parents {name} task {context workflowSteps {name}}}",
            {"get_tasks": 1},
        ),
        ("namedTask {name latestVersion namedSteps {name}}", {}),
        ("taskAnnotations {annotation task {taskId}}", {"annotations_of": 1}),
        (
            "progress workflowSteps {name} taskAnnotations {annotationType {name}}",
            {"get_tasks": 1, "annotations_of": 1, "annotation_types": 1},
        ),
    ],
)
async def test_a_page_costs_as_many_reads_as_one_task(fifty, limit, fields, reads):
    client, store = fifty
    store.reads.clear()
    answer = await client.post(PATH, json={"query": f"{{tasks(limit: {limit}) {{{fields}}}}}"})
    assert len(answer.json()["data"]["tasks"]) == limit
    assert store.reads == {"list_tasks": 1, **reads}


async def test_a_count_is_read_where_it_is_asked_for(fifty):
    client, store = fifty
    for fields, reads in (("", {}), ("totalCount", {"count_tasks": 1})):
        store.reads.clear()
        query = f"{{taskConnection(first: 50) {{nodes {{workflowSteps {{name}}}} {fields}}}}}"
        page = (await client.post(PATH, json={"query": query})).json()["data"]["taskConnection"]
        assert len(page["nodes"]) == 50
        assert store.reads == {"list_tasks": 1, "get_tasks": 1, **reads}


async def test_the_same_task_under_many_names_is_read_once(fifty):
    client, store = fifty
    listed = await client.post(PATH, json={"query": "{tasks(limit: 2) {taskId}}"})
    first, second = (each["taskId"] for each in listed.json()["data"]["tasks"])
    store.reads.clear()
    query = f"""{{a: task(taskId: "{first}") {{context}} b: task(taskId: "{first}") {{seq}}
        c: task(taskId: "{second}") {{workflowSteps {{name}}}}}}"""
    assert "errors" not in (await client.post(PATH, json={"query": query})).json()
    assert store.reads == {"get_tasks": 1}
