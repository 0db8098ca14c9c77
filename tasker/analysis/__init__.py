"""What a definition's graph, or a task, can be told about itself, and pictures of both."""

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
from tasker.analysis.detection import BottleneckDetected, detect_bottlenecks
from tasker.analysis.runtime import TaskAnalysis, analyze_task
from tasker.analysis.shape import Shape
from tasker.analysis.template import TemplateAnalysis, analyze_definition
from tasker.analysis.timeline import Span, SpanKind, Timeline, timeline_of

__all__ = [
    "AnalysisConfig",
    "Bottleneck",
    "BottleneckDetected",
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
