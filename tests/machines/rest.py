"""Letting a world come to rest, and what must be true of it then: nothing is owed, nothing is
stuck, and what the log says is what really happened."""

from __future__ import annotations

from domain.booking.state import BY_CUSTOMER
from domain.dossier import fold
from domain.log import EffectKind
from domain.money import total
from domain.trip.going_back import MADE_AT_PROVIDER
from domain.trip.lifecycle import status
from domain.trip.state import Trip
from tests.machines.world import World

ROUNDS_MAX = 300
GOOD_LUCK = 0
LAST_LOOK = 3
AT_REST = {"draft", "completed", "failed", "cancelled"}


def come_to_rest(world: World) -> None:
    """Customers leave, faults are over, every answer arrives, and time goes on."""
    outside_ends(world)
    work_off(world)
    pay_too_late(world)
    work_off(world)


def pay_too_late(world: World) -> None:
    """After all is over, whoever had a page open still pays on it."""
    for number, checkout_id in enumerate(world.provider.closed_unpaid()):
        how = "captured" if number % 2 else "authorized"
        world.provider.pay(world.provider.sessions[checkout_id], how, world.now)


def work_off(world: World) -> None:
    for _ in range(ROUNDS_MAX):
        while world.letters:
            world.deliver(world.letters.pop(0))
        notice(world)
        due = world.due()
        for task in due:
            last_look = task.kind == EffectKind.FIND_ORDER
            world.perform(task, LAST_LOOK if last_look else GOOD_LUCK)
        if not due and not world.letters:
            if not world.tasks:
                return
            world.now = min(task.due for task in world.tasks.values())
            world.provider.pass_time(world.now)
    raise AssertionError(f"never comes to rest: {sorted(world.tasks)}")


def outside_ends(world: World) -> None:
    """Slow payments and refunds end one way or the other; what was ordered can be seen."""
    for number, session in enumerate(world.provider.sessions.values()):
        if session.charge.status == "processing":
            world.provider.slow_payment_ends(session, well=number % 2 == 0)
    for back in world.provider.refunds.values():
        if back.status == "pending":
            world.provider.refund_ends(back, well=True)
    for order in world.supplier.orders:
        order.visible = True


def notice(world: World) -> None:
    """Reconciliation: look at everything of which the log does not say what the world says."""
    for checkout in world.trip.checkouts:
        if checkout.checkout_id not in world.provider.sessions or checkout.status == "opening":
            continue
        world.look(checkout.checkout_id)
        world.deliver(world.letters.pop())
    for booking in world.dossier.bookings:
        if world.supplier.live(booking.booking_id) and booking.supplier_order_id is None:
            world.supplier_shows(booking.booking_id, GOOD_LUCK)
            world.deliver(world.letters.pop())
    for payment in world.trip.payments:
        if payment.status == "captured":
            world.look_at_money_back(payment.payment_id)
            world.deliver(world.letters.pop())


def demand_rest(world: World) -> None:
    trip = world.trip
    assert fold(world.events) == world.dossier
    assert status(trip) in AT_REST, status(trip)
    assert [b for b in world.dossier.bookings if not b.settled] == []
    assert (status(trip) == "completed") == bool(world.with_status("confirmed"))
    demand_money_matches(world)
    demand_orders_match(world)
    assert [s for s in world.provider.sessions.values() if s.payable] == []


def demand_money_matches(world: World) -> None:
    trip = world.trip
    known = {p.payment_id: p for p in trip.payments}
    kept = 0
    for session in world.provider.sessions.values():
        charge = session.charge
        assert charge.status in {"unpaid", "canceled", "captured", "action_required"}
        recorded = known.get(charge.payment_id)
        assert charge.captured == (recorded.captured.amount if recorded else 0)
        assert charge.refunded == (recorded.refunded.amount if recorded else 0)
        kept += charge.captured - charge.refunded
        taken = world.provider.disputes_of(charge.payment_id)
        lost = sum(dispute.amount.amount for dispute in taken if dispute.status != "won")
        assert lost == (recorded.disputed.amount if recorded else 0)
    demand_only_what_is_wanted_is_kept(world, kept)
    for payment in trip.payments:
        checkout = trip.find_checkout(payment.checkout_id)
        assert checkout is not None
        assert payment.amount == checkout.amount


def demand_only_what_is_wanted_is_kept(world: World, kept: int) -> None:
    """As long as all that goes back goes by the rules; what people and banks give back besides is
    in the books alone."""
    trip = world.trip
    reasons = {r.reason for p in trip.payments for r in p.refunds}
    if world.provider.disputes or reasons & {MADE_AT_PROVIDER, "goodwill"}:
        return
    confirmed = [b.price for b in world.dossier.bookings if b.status == "confirmed"]
    fulfilled = total(confirmed, "EUR").amount
    promised = sum(
        r.amount.amount for p in trip.payments for r in p.refunds if r.reason == "cancelled"
    )
    by_customer = [
        b.price.amount for b in world.with_status("cancelled") if b.cancel_reason == BY_CUSTOMER
    ]
    fees = sum(by_customer) - promised
    unpaid, owed = at_stake(trip, "booked_but_unpaid"), at_stake(trip, "refund_failed")
    assert kept == fulfilled + fees - unpaid + owed
    assert 0 <= fees


def demand_orders_match(world: World) -> None:
    standing = {
        b.supplier_order_id
        for b in world.dossier.bookings
        if b.status in {"confirmed", "cancellation_refused"}
    }
    assert standing == {o.order_id for o in world.supplier.orders if o.live}


def at_stake(trip: Trip, code: str) -> int:
    """What people have been told to settle by hand."""
    return sum(i.at_stake.amount for i in trip.incidents if i.code == code and i.at_stake)
