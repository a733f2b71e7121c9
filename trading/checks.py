"""Orders to be looked into at IBKR, and when: soon at first, ever more rarely while it has nothing new to say."""

_LONGEST_S = 900.0


class Checks:
    """When to ask about which order; all times are monotonic seconds. The first repetition comes after *retry_s*."""

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._due: dict[str, float] = {}
        self._tries: dict[str, int] = {}

    def ask(self, order_ref: str, at: float) -> None:
        """Ask about the order at *at*, or when it is due anyway if that is sooner."""
        self._due[order_ref] = min(at, self._due.get(order_ref, at))

    def keep(self, order_ref: str, now: float) -> None:
        """Ask again, unless that is due anyway: each time after twice the pause, a quarter of an hour at most."""
        if order_ref in self._due:
            return
        tries = self._tries.get(order_ref, 0)
        self._tries[order_ref] = tries + 1
        self._due[order_ref] = now + min(self._retry_s * 2.0 ** min(tries, 32), _LONGEST_S)

    def settle(self, order_ref: str) -> None:
        """Forget the order: it is known how it stands."""
        self._due.pop(order_ref, None)
        self._tries.pop(order_ref, None)

    def take(self, now: float) -> set[str]:
        """Return the orders that are due at *now*; who is not settled then is asked for again (see `keep`)."""
        due = {order_ref for order_ref, at in self._due.items() if at <= now}
        for order_ref in due:
            del self._due[order_ref]
            self.keep(order_ref, now)
        return due

    @property
    def times(self) -> list[float]:
        """When something is due."""
        return list(self._due.values())
