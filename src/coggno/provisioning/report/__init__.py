"""What became of a roster as a whole: counts, rows that need attention, pace. In constant memory."""

from __future__ import annotations

from coggno.provisioning.report.html_report import ReportFacts, holds_report, report_html, write_report
from coggno.provisioning.report.labels import counts_of, detail_of, label_of, label_of_outcome, outcome_name
from coggno.provisioning.report.statistics import LISTED, ProblemRows, RunStatistics
from coggno.provisioning.report.timeline import Timeline, Wait

__all__ = [
    "LISTED",
    "ProblemRows",
    "ReportFacts",
    "RunStatistics",
    "Timeline",
    "Wait",
    "counts_of",
    "detail_of",
    "holds_report",
    "label_of",
    "label_of_outcome",
    "outcome_name",
    "report_html",
    "write_report",
]
