"""
The one import of the broker library: ib_async, or ib_insync where that is installed instead.

Both have the same names; what differs in behaviour is evened out in `broker/convert.py` and `broker/link.py`.
"""

import logging

try:
    import ib_async as library
except ImportError:
    import ib_insync as library  # type: ignore[no-redef]

IB = library.IB
BarData = library.BarData
Contract = library.Contract
ContractDetails = library.ContractDetails
ContractDescription = library.ContractDescription
Execution = library.Execution
ExecutionFilter = library.ExecutionFilter
ComboLeg = library.ComboLeg
CommissionReport = library.CommissionReport
OptionChain = library.OptionChain
Order = library.Order
OrderState = library.OrderState
RequestError = library.wrapper.RequestError
ScannerSubscription = library.ScannerSubscription
TagValue = library.TagValue

NAME = library.__name__
VERSION = library.__version__


def quieten() -> None:
    """
    Silence the library's log of what TWS says; `broker/call.py` logs it by what it means.

    It logs every answer "no" (a mistyped symbol, a cancelled order) as an error, and every position at INFO. What its
    decoder cannot read and what becomes of its socket is still logged.
    """
    for part in ("wrapper", "ib"):
        logging.getLogger(f"{NAME}.{part}").setLevel(logging.CRITICAL)


__all__ = [
    "IB",
    "NAME",
    "VERSION",
    "BarData",
    "ComboLeg",
    "CommissionReport",
    "Contract",
    "ContractDescription",
    "ContractDetails",
    "Execution",
    "ExecutionFilter",
    "OptionChain",
    "Order",
    "OrderState",
    "RequestError",
    "ScannerSubscription",
    "TagValue",
    "quieten",
]
