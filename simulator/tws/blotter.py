"""The blotter: every order of every client, and how they hang together."""

from simulator.tws.order import Order

_FIRST_PERM_ID = 1_948_210_300


class Blotter:
    """All orders in the order of arrival; those that are done stay, but are not looked at again."""

    def __init__(self) -> None:
        self._orders: dict[tuple[int, int], Order] = {}
        self._live: list[Order] = []
        self._perm_id = _FIRST_PERM_ID
        self._highest: dict[int, int] = {}
        self._children: dict[tuple[int, int], list[Order]] = {}

    def add(self, order: Order) -> None:
        """Take a new order."""
        self._highest[order.client_id] = max(self._highest.get(order.client_id, 0), order.order_id)
        self._orders[order.client_id, order.order_id] = order
        self._live.append(order)
        if order.parent_id:
            self._children.setdefault((order.client_id, order.parent_id), []).append(order)

    def all(self) -> list[Order]:
        """Return every order in the order of arrival."""
        return list(self._orders.values())

    def find(self, client_id: int, order_id: int) -> Order | None:
        """Return a client's order, None where it has none of that id."""
        return self._orders.get((client_id, order_id))

    def waiting(self) -> list[Order]:
        """Return the orders that were sent and are not done."""
        self._live = [order for order in self._live if not order.done]
        return [order for order in self._live if order.transmit]

    def parent_of(self, order: Order) -> Order | None:
        """Return the order that *order* hangs on, None where it hangs on none."""
        return self.find(order.client_id, order.parent_id) if order.parent_id else None

    def children_of(self, order: Order) -> list[Order]:
        """Return what hangs on *order* and is not done."""
        hanging = self._children.get((order.client_id, order.order_id), [])
        return [one for one in hanging if not one.done and self._orders.get((one.client_id, one.order_id)) is one]

    def group_of(self, order: Order) -> list[Order]:
        """Return the others of its group that were sent and are not done."""
        return [one for one in self.waiting() if one is not order and one.shares_group_with(order)]

    def forget_held(self) -> int:
        """Lose what was never transmitted, as TWS does when it restarts; return how many orders those were."""
        held = [key for key, order in self._orders.items() if not order.transmit and not order.done]
        for key in held:
            del self._orders[key]
        self._live = [order for order in self._live if order.transmit]
        return len(held)

    def next_perm_id(self) -> int:
        """Return a new permanent id."""
        self._perm_id += 1
        return self._perm_id

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that *client_id* may use: it only grows, also past orders that were lost."""
        return self._highest.get(client_id, 0) + 1

    def next_hand_id(self) -> int:
        """Return the id of the next order made by hand: below zero."""
        return min((order_id for client, order_id in self._orders if client == 0), default=0) - 1
