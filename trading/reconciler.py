"""
Settles open orders by what IBKR knows of them when it is asked: open orders, executions, completed orders.

Found: its state is adopted. Nowhere: UNKNOWN, told once, never sent again; an order that was not sent before a crash is
not sent after it. Where IBKR did not answer in full, what was not found stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from market.clock import Clock
from trading.checks import Checks
from trading.family import Family
from trading.findings import Findings, ask
from trading.lifetime import by_time
from trading.ports import OrderFate, OrderGateway, ProposalStore
from trading.proposal import Leg, LegRole, LegState, Proposal
from trading.recorder import Recorder
from trading.terms import ORDER_OVER, after_change
from trading.transition import after_fill, after_findings, is_part, leg_of
from trading.turns import Turns

STOPPED = "bot stopped"
"""The message of an order of a list that the bot did not live to send."""


class Reconciler:
    """Asks IBKR, and adopts what it says; it sends nothing, but has TWS give up what it holds of a broken bracket."""

    def __init__(
        self,
        store: ProposalStore,
        gateway: OrderGateway,
        clock: Clock,
        *,
        turns: Turns,
        recorder: Recorder,
        checks: Checks,
        family: Family,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._clock = clock
        self._turns = turns
        self._recorder = recorder
        self._checks = checks
        self._family = family

    async def settle(self, only: set[str] | None) -> Mapping[str, int]:
        """
        Settle all open orders, or *only* those of these references, not at a connect then.

        Return IBKR's lasting identities (perm ids) of those it spoke of, by reference. Raises LinkDown.
        """
        if only is None:
            self._family.link_is_new()
        open_legs = await self._open_legs(only)
        for order_ref in (only or set()) - {leg.order_ref for _, leg in open_legs}:
            self._checks.settle(order_ref)
        if not open_legs:
            return {}
        findings = await ask(self._gateway)
        for proposal_id in dict.fromkeys(number for number, _ in open_legs):
            async with self._turns.of(proposal_id):
                proposal = await self._store.get(proposal_id)
                if proposal is not None:
                    await self._family.settle(proposal, findings)
                    await self._end_list(proposal)
        for proposal_id, leg in open_legs:
            async with self._turns.of(proposal_id):
                await self._adopt(proposal_id, leg, findings, at_connect=only is None)
        reports = (findings.named(leg.order_ref) for _, leg in open_legs)
        return {report.order_ref: report.perm_id for report in reports if report is not None}

    async def _open_legs(self, only: set[str] | None) -> Sequence[tuple[int, Leg]]:
        """
        Return the legs that are not final, each looked at in its turn.

        The turn lets a Confirm that is just sending finish first: otherwise IBKR would be asked too early, and a good
        order be told as unknown.
        """
        legs: list[tuple[int, Leg]] = []
        for listed in await self._store.unsettled():
            async with self._turns.of(listed.id):
                proposal = await self._store.get(listed.id)
            legs += [(listed.id, leg) for leg in (proposal.legs if proposal else ()) if not leg.state.is_final]
        return [(number, leg) for number, leg in legs if only is None or leg.order_ref in only]

    async def _adopt(self, proposal_id: int, asked_for: Leg, findings: Findings, *, at_connect: bool) -> None:
        proposal = await self._store.get(proposal_id)
        leg = leg_of(proposal, asked_for.order_ref) if proposal else None
        if proposal is None or leg is None or leg != asked_for or self._recorder.held(leg.order_ref) is not None:
            # It moved while IBKR was being asked, so its own events tell about it.
            return
        if proposal.order_of(leg).role is LegRole.CHANGE:
            after = await self._of_change(proposal, leg, findings)
            at, is_settled = self._clock.now(), after.state.is_final
        else:
            proposal = await self._with_terms(proposal, leg, findings)
            after, at = await self._with_fills(proposal, leg, findings)
            report = findings.report_of(proposal, leg)
            after = after_findings(after, report, are_complete=findings.are_complete, is_patient=at_connect)
            if report is None:
                after = self._family.after_silence(proposal, after, findings)
            else:
                after = by_time(proposal, leg, after, report.at)
            is_settled = after.state.is_final or (report is not None and report.fate is OrderFate.WORKING)
        if is_settled:
            self._checks.settle(leg.order_ref)
        else:
            self._checks.keep(leg.order_ref, self._clock.monotonic())
        await self._recorder.store(proposal, leg, after, at, found=at_connect)

    async def _end_list(self, proposal: Proposal) -> None:
        """
        Say of the orders of a list that were never sent that they never will be.

        Each was noted before the next left: after the first that is not noted, none can have left.
        """
        unsent = [leg for leg in proposal.legs if leg.state is LegState.UNSENT]
        if proposal.order_of(proposal.legs[0]).role is not LegRole.PART:
            return
        for leg in unsent[1:]:
            ended = replace(leg, state=LegState.NOT_SENT, message=STOPPED)
            await self._recorder.store(proposal, leg, ended, self._clock.now(), found=True)

    async def _with_terms(self, proposal: Proposal, leg: Leg, findings: Findings) -> Proposal:
        """Return *proposal* with the terms that IBKR works on, stored."""
        report = findings.report_of(proposal, leg)
        return proposal if report is None else await self._recorder.take_terms(proposal, leg, report)

    async def _with_fills(self, proposal: Proposal, leg: Leg, findings: Findings) -> tuple[Leg, datetime]:
        """Return *leg* with its executions, and when the last news of it was made."""
        order, at = proposal.order_of(leg), self._clock.now()
        for fill in findings.fills_of(proposal, leg):
            await self._recorder.take_fill(proposal, leg, fill)
            if not is_part(order, fill):
                leg, at = after_fill(leg, fill, order.ticket.quantity), min(fill.time, at)
        return leg, at

    async def _of_change(self, proposal: Proposal, leg: Leg, findings: Findings) -> Leg:
        """Return a CHANGE leg with what became of it, by what is known of the order that it changes."""
        order = proposal.order_of(leg)
        changed = await self._store.by_order_ref(order.changes)
        target = leg_of(changed, order.changes) if changed else None
        if changed is None or target is None:
            report = findings.named(order.changes)
        else:
            report = findings.report_of(changed, target)
        if report is not None:
            if changed is not None and target is not None:
                await self._recorder.take_terms(changed, target, report)
            return after_change(proposal, leg, report, is_asked=True)
        if target is None or target.state.is_final:
            return replace(leg, state=LegState.CANCELLED, message=ORDER_OVER)
        return replace(leg, state=LegState.UNKNOWN) if findings.are_complete else leg
