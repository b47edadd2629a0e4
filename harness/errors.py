"""Errors by cause.

LudometerError
├── InputError            wrong input: nothing was started, exit code 2
└── ProviderError         a model could not be asked; never a move
├── TransientError    worth another try
│   ├── RateLimited   … and fewer at once
│   └── ProviderTimeout
└── FatalError        another try would fail the same way
├── RunStopped    not an error of the model: the run ends here, resumable
│   ├── BudgetExhausted
│   └── CannotWrite
└── MissingKey    also an InputError: found before anything starts
"""

from __future__ import annotations


class LudometerError(Exception):
    """Anything Ludometer raises on purpose."""


class InputError(LudometerError):
    """One clear line that says what is wrong with the input and how to mend it."""


class ProviderError(LudometerError):
    """The model could not be asked. The environment is not stepped."""


class TransientError(ProviderError):
    """Asking again may work: a connection lost, a 5xx, an overloaded server.

    `retry_after` is in seconds, None where the server did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(TransientError):
    """The provider asks us to slow down: fewer requests at once from now on."""


class ProviderTimeout(TransientError):
    """No answer within the time allowed."""


class FatalError(ProviderError):
    """Asking again cannot work: a refused key, an unknown model, a request that is not valid."""


class RunStopped(FatalError):
    """The run is to end after the turns under way; it can be resumed."""


class BudgetExhausted(RunStopped):
    """A budget (tokens, dollars, seconds) is used up; the run can be resumed with a larger one."""


class CannotWrite(RunStopped):
    """A file cannot be written (the disk is full, the folder became read-only); nothing before it is lost."""

    def __init__(self, path: object, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"cannot write {path}: {self.reason}; mend that and run the same command again")


class MissingKey(FatalError, InputError):
    """An API key is not set in the environment."""
