"""Frozen records of what has identity or configures work.

Tables (schema.py) hold what is stored, joined or drawn; records hold what a
function is asked to do and what one model pass gives back.
"""

from itlim.records.annotation import (
    DEFAULT_LABELS,
    AnnotationEvent,
    EventKind,
    Item,
    Judgement,
    Label,
    Mark,
    MarkOrigin,
    Role,
    Sheet,
    SheetStatus,
    Study,
    Verdict,
)
from itlim.records.counterfactuals import (
    Borrowed,
    Counterfactual,
    CounterfactualCase,
    CounterfactualRow,
    Judged,
    JudgedQuestion,
    Recurrence,
    RecurringSpan,
)
from itlim.records.datasets import (
    BadRow,
    ColumnMapping,
    DatasetFormat,
    DatasetPreview,
    FileKind,
    InstancesRead,
)
from itlim.records.measures import BoolArray, FloatArray, IntArray, TokenShifts, TokenTexts
from itlim.records.pairs import DEVICES, DTYPES, ModelSource, Pair, PromptTemplate
from itlim.records.requests import (
    DEFAULT_MAX_NEW_TOKENS,
    Generation,
    Prompt,
    Request,
    Thresholds,
)
from itlim.records.runs import REPHRASED_ORIGIN, Run
from itlim.records.side_by_side import Choice, Comparison, Contrast, Model, Side, SideBySide
from itlim.records.traces import (
    Candidate,
    CopiedRun,
    InstanceField,
    Level,
    Trace,
    VerbatimSpan,
    Weights,
)

__all__ = [
    "DEFAULT_LABELS",
    "DEFAULT_MAX_NEW_TOKENS",
    "DEVICES",
    "DTYPES",
    "REPHRASED_ORIGIN",
    "AnnotationEvent",
    "BadRow",
    "BoolArray",
    "Borrowed",
    "Candidate",
    "Choice",
    "ColumnMapping",
    "Comparison",
    "Contrast",
    "CopiedRun",
    "Counterfactual",
    "CounterfactualCase",
    "CounterfactualRow",
    "DatasetFormat",
    "DatasetPreview",
    "EventKind",
    "FileKind",
    "FloatArray",
    "Generation",
    "InstanceField",
    "InstancesRead",
    "IntArray",
    "Item",
    "Judged",
    "JudgedQuestion",
    "Judgement",
    "Label",
    "Level",
    "Mark",
    "MarkOrigin",
    "Model",
    "ModelSource",
    "Pair",
    "Prompt",
    "PromptTemplate",
    "Recurrence",
    "RecurringSpan",
    "Request",
    "Role",
    "Run",
    "Sheet",
    "SheetStatus",
    "Side",
    "SideBySide",
    "Study",
    "Thresholds",
    "TokenShifts",
    "TokenTexts",
    "Trace",
    "VerbatimSpan",
    "Verdict",
    "Weights",
]
