"""The routes of the application, as they are, so that none is forgotten by a test."""

from tasker import Engine
from tasker.server import TaskerApp
from tasker.server.guard import PERMISSION
from tasker.server.permissions import EACH_PART, PUBLIC


def routes():
    """Every route of the application: method, path, permission."""
    app = TaskerApp(Engine.open("memory://"))._app
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            permission = handler.opt.get(PERMISSION)
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                path = route.path_format.replace("{", "").replace("}", "")
                found.append((method, path, permission))
    return sorted(found)


ROUTES = routes()
GUARDED = [each for each in ROUTES if each[2] not in (PUBLIC, EACH_PART, None)]
ABSENT = "01a20d4e-0000-7000-8000-000000000000"
