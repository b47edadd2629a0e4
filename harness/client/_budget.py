"""What a run may use up: checked before a request, booked after it."""

from __future__ import annotations

from harness.api import BudgetExhausted, Completion


class Budget:
    """Tokens and dollars for all models of a run together. None: no limit of that kind.

    A completion of unknown price adds nothing to the dollars; `unpriced` counts them, and a budget
    in dollars refuses to go on once it cannot be kept.
    """

    def __init__(self, *, tokens: int | None = None, dollars: float | None = None) -> None:
        self._tokens = tokens
        self._dollars = dollars
        self.used_tokens = 0
        self.used_dollars = 0.0
        self.unpriced = 0

    def check(self) -> None:
        """Refuse to ask when a budget is used up.

        Raises:
            BudgetExhausted: it is; the line names which, and how to go on.
        """
        if self._tokens is not None and self.used_tokens >= self._tokens:
            raise BudgetExhausted(
                f"the budget of {self._tokens:,} tokens is used up ({self.used_tokens:,}); "
                "raise --budget-tokens to go on"
            )
        if self._dollars is None:
            return
        if self.unpriced:
            raise BudgetExhausted(
                "a model's price is unknown, so a budget in dollars cannot be kept; use --budget-tokens"
            )
        if self.used_dollars >= self._dollars:
            raise BudgetExhausted(
                f"the budget of ${self._dollars:.2f} is used up (${self.used_dollars:.2f}); "
                "raise --budget-dollars to go on"
            )

    def book(self, tokens: int, cost: float | None) -> None:
        """Count what a completion took."""
        self.used_tokens += tokens
        if cost is None:
            self.unpriced += 1
        else:
            self.used_dollars += cost

    def book_completion(self, completion: Completion) -> None:
        """Count a completion, cached or not."""
        self.book(completion.usage.input + completion.usage.output, completion.cost)
