"""The one path that every request takes: cache → budget → limiter → retries → provider."""

from harness.client._budget import Budget, Caps
from harness.client._cache import ResponseCache, fingerprint
from harness.client._client import Answer, ModelClient
from harness.client._limiter import Limiter
from harness.client._prices import Price, Rates
from harness.client._retry import RetryPolicy

__all__ = [
    "Answer",
    "Budget",
    "Caps",
    "Limiter",
    "ModelClient",
    "Price",
    "Rates",
    "ResponseCache",
    "RetryPolicy",
    "fingerprint",
]
