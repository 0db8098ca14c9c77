"""Metrics as JSON and CSV, and exporters of other people."""

import csv
import importlib.metadata
import io
import json

import pytest

from tasker import Engine
from tasker.errors import TaskerError
from tasker.telemetry.exporters.csv_exporter import CsvExporter
from tasker.telemetry.exporters.data import MetricsData, Series
from tasker.telemetry.exporters.exporter import Exporter, ExporterError
from tasker.telemetry.exporters.json_exporter import JsonExporter
from tasker.telemetry.exporters.registry import ExporterRegistry
from tests.engine.support import QUICK, one_step, request

DATA = MetricsData(
    timestamp=1_700_000_000.0,
    metrics=(
        Series(
            name="runs_total",
            type="counter",
            labels={"b": 'x,"y"', "a": "1"},
            help="Runs.",
            value=3.0,
        ),
        Series(name="depth", type="gauge", labels={}, help="Depth.", value=0.5),
        Series(
            name="took_seconds",
            type="histogram",
            labels={"a": "1"},
            help="Time.",
            count=3,
            sum=1.5,
            buckets={"1.0": 2, "+Inf": 3},
        ),
    ),
)


class Lines(Exporter):
    """Writes a line for each series."""

    formats = ("lines", "txt")
    version = "2.1"

    def __init__(self):
        self.heard = []

    def export(self, data, *, prefix=""):
        return "\n".join(prefix + each.name for each in data.metrics)

    def on_export_complete(self, export):
        self.heard.append(export)


def test_json_has_every_figure():
    document = json.loads(JsonExporter().export(DATA))
    assert document["timestamp"] == "2023-11-14T22:13:20+00:00"
    assert document["total_metrics"] == 3
    counter, gauge, histogram = document["metrics"]
    assert counter == {
        "name": "runs_total",
        "type": "counter",
        "labels": {"a": "1", "b": 'x,"y"'},
        "help": "Runs.",
        "value": 3.0,
    }
    assert gauge["value"] == 0.5
    assert (histogram["count"], histogram["sum"]) == (3, 1.5)
    assert histogram["buckets"] == {"1.0": 2, "+Inf": 3}
    assert document["metadata"]["exporter"] == "json"


def test_json_under_other_names_with_other_fields_and_for_people():
    exporter = JsonExporter(field_mapping={"metrics": "series"}, include_metadata=False)
    text = exporter.export(DATA, pretty=True, additional_fields={"host": "here"})
    document = json.loads(text)
    assert set(document) == {"timestamp", "series", "total_metrics", "host"}
    assert text.count("\n") > 10


def test_csv_has_a_row_for_each_sample():
    rows = list(csv.DictReader(io.StringIO(CsvExporter().export(DATA))))
    assert [row["name"] for row in rows] == [
        "runs_total",
        "depth",
        "took_seconds_bucket",
        "took_seconds_bucket",
        "took_seconds_sum",
        "took_seconds_count",
    ]
    assert rows[0] == {
        "timestamp": "2023-11-14T22:13:20+00:00",
        "name": "runs_total",
        "type": "counter",
        "value": "3.0",
        "label_a": "1",
        "label_b": 'x,"y"',
        "label_le": "",
    }
    assert [(row["label_le"], row["value"]) for row in rows[2:4]] == [("1.0", "2"), ("+Inf", "3")]


def test_csv_as_it_is_asked_for():
    exporter = CsvExporter(columns=["name", "labels"], separator=";", flatten_labels=False)
    text = exporter.export(DATA, include_headers=False, row_separator="\r\n")
    assert text.split("\r\n")[:2] == [
        'runs_total;"{""a"":""1"",""b"":""x,\\""y\\""""}"',
        "depth;{}",
    ]
    with pytest.raises(ExporterError, match="colour; they can be timestamp"):
        CsvExporter(columns=["colour"])


async def test_an_engine_exports_what_prometheus_sees():
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:
        await engine.run(request())
        export = engine.metrics.export("JSON", pretty=True)
        assert (export.success, export.error, export.exporter) == (True, None, "json")
        document = json.loads(export.text or "")
        assert document["total_metrics"] == export.metrics_count
        of = {each["name"]: each for each in document["metrics"]}
        assert of["tasker_tasks_completed_total"]["value"] == 1.0
        assert of["tasker_step_duration_seconds"]["count"] == 1
        value = engine.metrics.registry.get_sample_value
        assert value("tasker_build_info", {"version": document_version(of)}) == 1.0


def document_version(of):
    return of["tasker_build_info"]["labels"]["version"]


def test_an_exporter_of_ones_own():
    registry, lines = ExporterRegistry(), Lines()
    registry.register("lines", lines)
    assert registry.formats() == ["csv", "json", "lines", "txt"]
    export = registry.export("TXT", DATA, prefix="- ")
    assert export.text == "- runs_total\n- depth\n- took_seconds"
    assert lines.heard == [export]
    info = {each.name: each for each in registry.list()}["lines"]
    assert (info.version, info.description) == ("2.1", "Writes a line for each series.")
    assert registry.get("lines") is lines
    assert registry.unregister("lines")
    assert not registry.unregister("lines")
    with pytest.raises(ExporterError, match="no exporter writes 'txt'; there are: csv, json"):
        registry.export("txt", DATA)
    with pytest.raises(ExporterError, match="there is no exporter 'lines'"):
        registry.get("lines")


def test_a_name_is_taken_once_unless_it_is_replaced():
    registry, lines = ExporterRegistry(), Lines()
    with pytest.raises(ExporterError, match="'json' is registered already; give replace=True"):
        registry.register("json", lines)
    registry.register("json", lines, replace=True)
    assert registry.get("json") is lines


class NoExport:
    def supports_format(self, format):
        return True


class TakesNothing(NoExport):
    def export(self):
        return ""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (NoExport(), r"NoExport is no exporter: it has no export\(\)"),
        (TakesNothing(), r"it must be export\(data, \*\*options\)"),
        (Lines, r"Lines is a class; give an object: Lines\(\)"),
    ],
)
def test_what_is_no_exporter_is_refused(wrong, told):
    with pytest.raises(ExporterError, match=told) as raised:
        ExporterRegistry().register("wrong", wrong)
    assert isinstance(raised.value, TaskerError)


def test_a_failure_is_told_and_raised_to_nobody():
    class Fails(Lines):
        def export(self, data, *, prefix=""):
            raise OSError("no disk")

        def on_export_complete(self, export):
            raise RuntimeError("nor this")

    registry = ExporterRegistry()
    registry.register("fails", Fails())
    export = registry.export("lines", DATA)
    assert (export.success, export.text, export.error) == (False, None, "OSError: no disk")
    export = registry.export("lines", DATA, colour="red")
    assert "TypeError" in (export.error or "")


def test_exporters_of_installed_packages_are_found(monkeypatch, caplog):
    class Point:
        def __init__(self, name, made):
            self.name, self._made = name, made

        def load(self):
            if isinstance(self._made, Exception):
                raise self._made
            return self._made

    points = [Point("lines", Lines), Point("gone", ImportError("gone")), Point("json", Lines)]
    asked = []

    def entry_points(group):
        asked.append(group)
        return points

    monkeypatch.setattr("tasker.telemetry.exporters.registry.entry_points", entry_points)
    assert importlib.metadata.entry_points is not entry_points
    registry = ExporterRegistry()
    assert registry.discover() == 1
    assert asked == ["tasker.exporters"]
    assert isinstance(registry.get("json"), JsonExporter)
    assert registry.export("lines", DATA).success
    assert "the exporter gone is left out: gone" in caplog.messages
