"""A secret of the environment reaches its handler, and no file of the database."""

import anyio

from tasker import Engine, PermanentError, StepHandler
from tasker.definitions import load_definitions
from tests.engine.support import QUICK, request

SECRET = "hunter2-very-secret-token"

YAML = """
name: work
version: 1.0.0
step_templates:
  - name: uses
    handler_class: tests.engine.test_secrets:Uses
    handler_config: {token: "${SHOP_TOKEN}", place: here}
  - name: fails
    depends_on_step: uses
    handler_class: tests.engine.test_secrets:Fails
    handler_config: {token: "${SHOP_TOKEN}"}
"""


class Uses(StepHandler):
    seen: list[str] = []  # noqa: RUF012

    async def process(self, task, sequence, step):
        self.seen.append(self.config["token"])
        return {"length": len(self.config["token"])}


class Fails(StepHandler):
    async def process(self, task, sequence, step):
        raise PermanentError(f"refused {self.config['token']}", context={"sent": SECRET})


async def test_no_secret_is_stored_or_told(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    (tmp_path / "work.yaml").write_text(YAML)
    database = tmp_path / "data"
    database.mkdir()
    loaded = await anyio.to_thread.run_sync(load_definitions, tmp_path / "work.yaml")
    url = f"sqlite:///{database / 'work.db'}"
    async with Engine.open(url, definitions=loaded, config=QUICK) as engine:
        with engine.events() as events:
            task = await engine.run(request(), timeout_seconds=20)
            assert SECRET not in repr(list(events.mailbox.events))
        history = await engine.history(task.task_id)
        written = [path.read_bytes() for path in database.iterdir() if path.suffix != ".lock"]
    written += [path.read_bytes() for path in database.iterdir()]
    assert Uses.seen == [SECRET]
    assert (task.state, task.results) == ("error", {"uses": {"length": len(SECRET)}})
    assert "refused" in task.errors["fails"].message
    for told in (repr(task), repr(history), caplog.text):
        assert SECRET not in told
    assert any(b"SHOP_TOKEN" in content for content in written)
    assert not any(SECRET.encode() in content for content in written)
