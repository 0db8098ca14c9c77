"""What a definition's graph, or a task, can be told about itself, and pictures of both."""

from typing import TYPE_CHECKING

from tasker.lazy import lazy_names

if TYPE_CHECKING:
    from tasker.analysis.bottlenecks import Bottleneck
    from tasker.analysis.config import (
        AnalysisConfig,
        DurationEstimates,
        ImpactMultipliers,
        PenaltyConstants,
        Severity,
        SeverityMultipliers,
        SeverityThresholds,
    )
    from tasker.analysis.detection import detect_bottlenecks
    from tasker.analysis.runtime import TaskAnalysis, analyze_task
    from tasker.analysis.shape import Shape
    from tasker.analysis.template import TemplateAnalysis, analyze_definition
    from tasker.analysis.timeline import Span, SpanKind, Timeline, timeline_of

__all__ = [
    "AnalysisConfig",
    "Bottleneck",
    "DurationEstimates",
    "ImpactMultipliers",
    "PenaltyConstants",
    "Severity",
    "SeverityMultipliers",
    "SeverityThresholds",
    "Shape",
    "Span",
    "SpanKind",
    "TaskAnalysis",
    "TemplateAnalysis",
    "Timeline",
    "analyze_definition",
    "analyze_task",
    "detect_bottlenecks",
    "timeline_of",
]

# As in `tasker` itself: the engine needs the weights, and draws no pictures.
_HOMES = {
    "tasker.analysis.bottlenecks": ("Bottleneck",),
    "tasker.analysis.config": (
        "AnalysisConfig",
        "DurationEstimates",
        "ImpactMultipliers",
        "PenaltyConstants",
        "Severity",
        "SeverityMultipliers",
        "SeverityThresholds",
    ),
    "tasker.analysis.detection": ("detect_bottlenecks",),
    "tasker.analysis.runtime": ("TaskAnalysis", "analyze_task"),
    "tasker.analysis.shape": ("Shape",),
    "tasker.analysis.template": ("TemplateAnalysis", "analyze_definition"),
    "tasker.analysis.timeline": ("Span", "SpanKind", "Timeline", "timeline_of"),
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
