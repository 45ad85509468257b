"""From a verified total to numbers with intervals, in plain Python: what the outposts' and the C# side's estimators say of the same total (docs/queries.md).

noise: distributions of the noise. layout: which cells a query has. draws: the noise drawn anew. The rest: one file a kind of statistic.
"""

from .layout import Layout, LayoutError
from .release import release

__all__ = ["Layout", "LayoutError", "release"]
