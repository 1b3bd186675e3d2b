"""Money that goes back in other ways than by itself: operators, the dashboard, the customer's bank;
and what people say of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from domain.booking import commands as bc
from domain.money import Money
from domain.trip import commands as tc
from tests.machines.world import World

Thing = TypeVar("Thing")
luck = st.sampled_from(range(2**9))
# Mostly what is usual, so that trips get far.
mostly = st.sampled_from((True, True, True, False))


def pick(things: Sequence[Thing], number: int) -> Thing:
    return things[number % len(things)]


class GoingBack(RuleBasedStateMachine):
    world: World

    def record(self, command: bc.BookingCommand | tc.TripCommand) -> bool:
        raise NotImplementedError

    @precondition(lambda self: self.world.provider.captured())
    @rule(number=luck, share=st.sampled_from((1, 2, 5)), noticed=mostly)
    def somebody_refunds_by_hand(self, number: int, share: int, noticed: bool) -> None:
        charge = pick(self.world.provider.captured(), number)
        amount = Money(max(1, charge.captured // share), "EUR")
        self.world.provider.refund_by_hand(charge.payment_id, amount)
        if noticed:
            self.world.look_at_money_back(charge.payment_id)

    @precondition(lambda self: self.world.provider.captured())
    @rule(number=luck, share=st.sampled_from((1, 1, 2)), noticed=mostly)
    def a_bank_takes_money_back(self, number: int, share: int, noticed: bool) -> None:
        charge = pick(self.world.provider.captured(), number)
        amount = Money(max(1, charge.captured // share), "EUR")
        self.world.provider.dispute(charge.payment_id, amount)
        if noticed:
            self.world.look_at_money_back(charge.payment_id)

    @precondition(lambda self: self.world.provider.disputes)
    @rule(number=luck, outcome=st.sampled_from(("won", "lost")), noticed=mostly)
    def a_dispute_is_decided(self, number: int, outcome: str, noticed: bool) -> None:
        """What was lost may yet be won; what was won stays won."""
        taken = pick(list(self.world.provider.disputes.values()), number)
        if taken.status != "won":
            taken.status = "won" if outcome == "won" else "lost"
        if noticed:
            self.world.look_at_money_back(taken.payment_id)

    @precondition(lambda self: self.world.trip.payments)
    @rule(number=luck, cents=st.sampled_from((1, 500, 5_000, 10_000, 30_000)))
    def an_operator_refunds(self, number: int, cents: int) -> None:
        """Asked twice it is one refund; another amount under the same request is refused."""
        request = f"request-{number % 3}"
        refund = tc.RefundPayment(
            request_id=request, amount=Money(cents, "EUR"), reason="goodwill", now=self.world.now
        )
        before = len(self.world.events)
        accepted = self.record(refund)
        after = len(self.world.events)
        assert not accepted or self.record(refund)
        assert after == len(self.world.events)
        assert after - before <= 1

    @precondition(lambda self: self.world.trip.payments)
    @rule(number=luck)
    def an_operator_lets_an_authorisation_go(self, number: int) -> None:
        if number % 4 == 0:
            self.record(tc.ReleasePayment(reason="operator", now=self.world.now))

    @precondition(lambda self: self.world.trip.incidents)
    @rule(number=luck)
    def an_incident_is_taken_on_and_settled(self, number: int) -> None:
        incident = pick(self.world.trip.incidents, number)
        of = {"code": incident.code, "subject": incident.subject, "now": self.world.now}
        self.record(tc.AssignIncident(owner="ana", **of))
        self.record(tc.ResolveIncident(resolution="called them", **of))
        before = len(self.world.events)
        self.record(tc.ResolveIncident(resolution="again", **of))
        assert before == len(self.world.events)
        assert not any(
            i.open
            for i in self.world.trip.incidents
            if (i.code, i.subject) == (incident.code, incident.subject)
        )
