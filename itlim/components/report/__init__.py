"""A report with figures and tables as one HTML file."""

from itlim.components.report.document import (
    ReportDetail,
    ReportFigure,
    ReportSection,
    report_document,
)

__all__ = ["ReportDetail", "ReportFigure", "ReportSection", "report_document"]
