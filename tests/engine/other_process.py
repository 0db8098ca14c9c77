"""Another process on the same database: ``python -m tests.engine.other_process URL VERB …``."""

import sys

import anyio

from tasker import Engine, TaskerError, TaskRequest, define


def definition():
    made = define("shared")

    @made.step
    async def step(task):
        return task.context

    return made


async def main(url: str, verb: str, *arguments: str) -> None:
    async with Engine.open(url, definitions=definition(), work=False) as engine:
        if verb == "submit":
            for number in range(int(arguments[0])):
                print(
                    await engine.submit(TaskRequest(name="shared", context={"n": number})),
                    flush=True,
                )
        elif verb == "run":
            print((await engine.run(TaskRequest(name="shared"))).state, flush=True)
        else:
            try:
                print(await getattr(engine, verb)(*arguments), flush=True)
            except TaskerError as error:
                print(type(error).__name__, error, flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], *sys.argv[3:])
