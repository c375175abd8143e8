"""Reports about training: who has finished what.

```python
async for row in coggno.reports.completion():
    print(row.document, row.login, row.state, row.score)
```
"""

from coggno.reports.completion import ReportScope, completion
from coggno.reports.completion_row import CompletionRow, CompletionState
from coggno.reports.csv_file import CompletionCsv
from coggno.reports.facade import Reports
from coggno.reports.html_file import CompletionHtml
from coggno.reports.statistics import CompletionCounts, CompletionStatistics

__all__ = [
    "CompletionCounts",
    "CompletionCsv",
    "CompletionHtml",
    "CompletionRow",
    "CompletionState",
    "CompletionStatistics",
    "ReportScope",
    "Reports",
    "completion",
]
