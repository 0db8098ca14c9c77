"""What `print` shows of a task: one line."""

from tasker import define
from tasker.testing import run_task

order = define("order", namespace="shop")


@order.step
async def reserve(task):
    return {"items": ["tea"] * 500}


@order.step(retry_limit=2)
async def charge(reserve, task):
    if task.context.get("declined"):
        raise ConnectionError("the bank\nis away" + "!" * 500)
    return {"charged": 10}


async def test_a_complete_task():
    task = await run_task(order)
    text = f"<TaskView shop.order@0.1.0 {task.task_id} complete, 2 of 2 steps>"
    assert (str(task), repr(task), f"{task}") == (text, text, text)
    assert repr(task.step("charge")) == "<StepView charge complete, 1 of 2 attempts>"


async def test_a_failed_task():
    task = await run_task(order, context={"declined": True})
    assert repr(task) == f"<TaskView shop.order@0.1.0 {task.task_id} error, 1 of 2 steps>"
    step = repr(task.step("charge"))
    assert step.startswith("<StepView charge error, 2 of 2 attempts: ConnectionError: the bank is")
    assert step.endswith("!…>")
    assert len(step) < 200
