"""Asks a consortium questions over its station's REST interface: docs/analysts.md. Standard library only."""

from .analysis import QueryError
from .client import Answer, Cancelled, Column as column, Condition, Consortium, Dataset, Number, RoundFailed, connect
from .evidence import Evidence, EvidenceError
from .p256 import BadKey
from .question import SignedQuery
from .roster import RosterError
from .transport import StationError, StationUnavailable

__all__ = ["Answer", "BadKey", "Cancelled", "Condition", "Consortium", "Dataset", "Evidence", "EvidenceError", "Number", "QueryError", "RosterError", "RoundFailed", "SignedQuery",
           "StationError", "StationUnavailable", "column", "connect"]
