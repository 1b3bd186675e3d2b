"""One trip from its first item to rest, under everything customers, workers, clocks and providers
can do to it, in any order."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from domain import ids
from domain.booking import commands as bc
from domain.money import Money, total
from domain.payments import CheckoutMode
from domain.suppliers import Selection
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.lifecycle import allowed_actions, status
from tests.machines.going_back import GoingBack, luck, mostly, pick
from tests.machines.rest import come_to_rest, demand_rest
from tests.machines.wishes import a_stay, cancellation_terms, named_travelers
from tests.machines.world import Letter, World

LIVES = {"dev": 50, "ci": 200, "long": 5000}
STEPS = 60
TASKS_MAX = 20

START = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)
TRIP = "0b9d3d0e-6a3c-4a37-9a1b-6d1f3c6f2a10"
PAYING = ("authorized", "authorized", "captured", "declined", "action_required", "processing")
PAUSES = (timedelta(minutes=1), timedelta(minutes=25), timedelta(hours=7), timedelta(days=8))

# While it can be paid, and from then on, a trip is what was quoted.
FIXED = {"opening", "awaiting_payment", "processing", "closing", "paid", "fulfilling", "completed"}
ENDS = {"failed", "cancelled"}


class TripMachine(GoingBack):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(now=START)
        self.items = 0
        self.quotes = 0
        self.sound = True

    def record(self, command: bc.BookingCommand | tc.TripCommand) -> bool:
        self.sound = False
        accepted = self.world.record(command)
        self.sound = True
        return accepted

    # --- the owner of the trip

    @initialize(
        refundable=st.lists(st.booleans(), min_size=1, max_size=3),
        policy=st.sampled_from(("keep_confirmed", "all_or_nothing")),
        mode=st.sampled_from(("hosted", "direct")),
        how=st.sampled_from((None, "open", "authorized", "authorized", "captured", "processing")),
    )
    def a_trip_with_items(
        self,
        refundable: list[bool],
        policy: te.FulfillmentPolicy,
        mode: CheckoutMode,
        how: str | None,
    ) -> None:
        """Some begin in the middle, so that what comes late is met often enough."""
        self.record(tc.StartTrip(trip_id=TRIP, tenant="acme", now=START))
        for each in refundable:
            self.add_item(each, 10_000)
        self.travelers_are_named(1)
        if how is None:
            return
        self.book(mode, policy, None, 0)
        self.workers_catch_up([0])
        if how != "open":
            self.customer_pays(0, how, noticed=True)
            self.a_letter_arrives(0, again=False)

    @rule(what=st.sampled_from(("add", "remove", "travelers", "extras")), number=luck)
    def the_owner_edits(self, what: str, number: int) -> None:
        match what:
            case "add":
                self.add_item(number % 2 == 0, 100 * number + 1)
            case "remove":
                self.remove_item(number)
            case "travelers":
                self.travelers_are_named(number % 3)
            case _:
                self.extras_are_chosen(number, number % 3)

    def add_item(self, refundable: bool, price: int) -> None:
        self.items += 1
        offer = a_stay(self.items, Money(price, "EUR"), refundable=refundable)
        self.record(tc.AddItem(item_id=f"item-{self.items}", offer=offer, now=self.world.now))

    def remove_item(self, number: int) -> None:
        item_id = f"item-{number % max(self.items, 1) + 1}"
        self.record(tc.RemoveItem(item_id=item_id, now=self.world.now))

    def travelers_are_named(self, number: int) -> None:
        self.record(named_travelers(number, self.world.now))

    def extras_are_chosen(self, number: int, quantity: int) -> None:
        if not self.world.trip.items:
            return
        item = pick(self.world.trip.items, number)
        bags = Selection(
            offer_id="bag", quantity=quantity, price=Money(50, "EUR"), name="Bag", type="bag"
        )
        chosen = (bags,) if quantity else ()
        self.record(
            tc.SelectAncillaries(item_id=item.item_id, selections=chosen, now=self.world.now)
        )

    @rule(
        mode=st.sampled_from(("hosted", "direct")),
        policy=st.sampled_from(("keep_confirmed", "all_or_nothing")),
        expected=st.sampled_from((None, None, "shown", "wrong")),
        tolerance=st.sampled_from((0, 0, 1000)),
    )
    def book(
        self,
        mode: CheckoutMode,
        policy: te.FulfillmentPolicy,
        expected: str | None,
        tolerance: int,
    ) -> None:
        shown = self.world.trip.shown_total
        stated = shown if expected == "shown" else Money(1, "EUR") if expected else None
        self.quotes += 1
        request = te.BookRequest(
            mode=mode, policy=policy, expected_total=stated, tolerance=tolerance
        )
        self.record(tc.Book(quote_id=f"quote-{self.quotes}", request=request, now=self.world.now))

    @precondition(lambda self: self.world.trip.checkouts)
    @rule(number=luck, named=st.booleans())
    def close_checkout(self, number: int, named: bool) -> None:
        checkout = pick(self.world.trip.checkouts, number)
        self.record(
            tc.CloseCheckout(
                reason="edited",
                checkout_id=checkout.checkout_id if named else None,
                now=self.world.now,
            )
        )

    @precondition(lambda self: self.world.with_status("confirmed"))
    @rule(number=luck, kept=st.sampled_from((0, 1, 10, None)), agreed=mostly)
    def the_owner_cancels(self, number: int, kept: int | None, agreed: bool) -> None:
        """Asks for the terms of some bookings, and mostly takes them."""
        booked = self.world.with_status("confirmed")[: number % 3 + 1]
        self.quotes += 1
        terms = f"terms-{self.quotes}"
        if self.record(cancellation_terms(terms, booked, kept, self.world.now)) and agreed:
            for _ in ("once", "again"):
                self.record(tc.CancelBookings(cancellation_quote_id=terms, now=self.world.now))

    # --- the customer, at the provider

    @precondition(lambda self: self.world.provider.payable())
    @rule(number=luck, how=st.sampled_from(PAYING), noticed=mostly)
    def customer_pays(self, number: int, how: str, noticed: bool) -> None:
        checkout_id = pick(self.world.provider.payable(), number)
        self.world.provider.pay(self.world.provider.sessions[checkout_id], how, self.world.now)
        if noticed:
            self.world.look(checkout_id)

    @precondition(lambda self: self.world.provider.closed_unpaid())
    @rule(number=luck, how=st.sampled_from(("authorized", "captured")))
    def money_comes_too_late(self, number: int, how: str) -> None:
        """The customer was half-way through when the page closed, or opened it again."""
        checkout_id = pick(self.world.provider.closed_unpaid(), number)
        self.world.provider.pay(self.world.provider.sessions[checkout_id], how, self.world.now)
        self.world.look(checkout_id)

    @precondition(lambda self: self.world.provider.with_status("processing"))
    @rule(number=luck, well=st.booleans(), noticed=mostly)
    def slow_payment_ends(self, number: int, well: bool, noticed: bool) -> None:
        checkout_id = pick(self.world.provider.with_status("processing"), number)
        self.world.provider.slow_payment_ends(self.world.provider.sessions[checkout_id], well=well)
        if noticed:
            self.world.look(checkout_id)

    @precondition(lambda self: self.world.provider.with_status("authorized"))
    @rule(number=luck)
    def somebody_captures_by_hand(self, number: int) -> None:
        checkout_id = pick(self.world.provider.with_status("authorized"), number)
        charge = self.world.provider.sessions[checkout_id].charge
        self.world.provider.capture(charge.payment_id, charge.amount)

    @precondition(lambda self: self.world.provider.refunds)
    @rule(number=luck, well=mostly)
    def refund_ends(self, number: int, well: bool) -> None:
        back = pick(list(self.world.provider.refunds.values()), number)
        if back.status == "pending" or (back.status == "succeeded" and not well):
            self.world.provider.refund_ends(back, well=well)

    # --- workers, webhooks and the post

    @precondition(lambda self: self.world.due())
    @rule(number=luck, luck=luck)
    def work_is_done(self, number: int, luck: int) -> None:
        """And may be done again, by another worker, until its outcome is recorded."""
        self.sound = False
        self.world.perform(pick(self.world.due(), number), luck)
        self.sound = True

    @precondition(lambda self: self.world.due())
    @rule(number=luck, luck=luck)
    def work_is_done_and_told(self, number: int, luck: int) -> None:
        before = len(self.world.letters)
        self.work_is_done(number, luck)
        for letter in self.world.letters[before:]:
            self.deliver(letter)

    @precondition(lambda self: self.world.due())
    @rule(fates=st.lists(luck, min_size=1, max_size=4))
    def workers_catch_up(self, fates: list[int]) -> None:
        """All that is due now, and what follows from it, is done and told in turn."""
        for turn in range(TASKS_MAX):
            if not self.world.due():
                return
            self.work_is_done_and_told(0, pick(fates, turn))

    @precondition(lambda self: self.world.letters)
    @rule(number=luck, again=st.booleans())
    def a_letter_arrives(self, number: int, again: bool) -> None:
        letter = pick(self.world.letters, number)
        self.deliver(letter)
        if again:
            self.world.letters.append(Letter(letter.command))

    def deliver(self, letter: Letter) -> None:
        self.sound = False
        self.world.letters.remove(letter)
        self.world.deliver(letter)
        self.sound = True

    @precondition(lambda self: self.world.letters)
    @rule(number=luck)
    def a_letter_is_lost(self, number: int) -> None:
        self.world.letters.remove(pick(self.world.letters, number))

    @precondition(lambda self: self.world.provider.sessions)
    @rule(number=luck)
    def a_webhook_says_look(self, number: int) -> None:
        self.world.look(pick(list(self.world.provider.sessions), number))

    @precondition(lambda self: self.world.dossier.bookings)
    @rule(number=luck)
    def a_supplier_says_look(self, number: int) -> None:
        booking = pick(self.world.dossier.bookings, number)
        self.world.supplier_shows(booking.booking_id, 0)

    @precondition(lambda self: self.world.supplier.orders)
    @rule(number=luck)
    def an_order_becomes_visible(self, number: int) -> None:
        pick(self.world.supplier.orders, number).visible = True

    @rule(pause=st.sampled_from(PAUSES))
    def time_passes(self, pause: timedelta) -> None:
        self.world.now += pause
        self.world.provider.pass_time(self.world.now)

    # --- things said out of turn

    @rule(what=st.sampled_from(("start", "order", "incident", "strange")), number=luck)
    def something_comes_out_of_turn(self, what: str, number: int) -> None:
        match what:
            case "start":
                self.fulfillment_is_started_out_of_turn(number % 3 + 1)
            case "order":
                self.orders_already_made_are_wished_for_again(number)
            case "incident":
                self.an_operator_opens_an_incident()
            case _:
                self.what_never_was_is_told()

    def fulfillment_is_started_out_of_turn(self, attempt: int) -> None:
        """Only a paid checkout that waits for it takes it up."""
        checkout_id = ids.checkout_id(TRIP, attempt)
        now = self.world.trip.fulfillment
        due = now is not None and now.checkout_id == checkout_id and now.status == "pending"
        before = len(self.world.events)
        self.record(tc.StartFulfillment(checkout_id=checkout_id, now=self.world.now))
        assert due == (len(self.world.events) > before)

    def orders_already_made_are_wished_for_again(self, number: int) -> None:
        made = [b for b in self.world.dossier.bookings if b.status != "initialized"]
        if not made:
            return
        booking = pick(made, number)
        before = len(self.world.events)
        self.record(bc.RequestOrder(booking_id=booking.booking_id, now=self.world.now))
        self.record(
            bc.AbandonBooking(booking_id=booking.booking_id, reason="late", now=self.world.now)
        )
        assert before == len(self.world.events)

    def an_operator_opens_an_incident(self) -> None:
        incident = tc.OpenIncident(
            code="asked",
            detail="A customer called.",
            advice="Call back.",
            subject=TRIP,
            at_stake=None,
            now=self.world.now,
        )
        self.record(incident)
        assert len([i for i in self.world.trip.incidents if i.code == "asked" and i.open]) == 1

    def what_never_was_is_told(self) -> None:
        """News of checkouts, payments and refunds that the trip never had change nothing."""
        before = len(self.world.events)
        nobody, now = "nobody", self.world.now
        self.record(tc.ExpireQuote(quote_id=nobody, now=now))
        self.record(tc.RecordQuote(quote_id=nobody, answers={}, now=now))
        self.record(tc.RecordCheckoutRefused(checkout_id=nobody, code="x", detail="x", now=now))
        self.record(tc.RecordCaptureRefused(payment_id=nobody, code="x", detail="x", now=now))
        self.record(tc.RecordRefundRefused(refund_id=nobody, code="x", detail="x", now=now))
        assert before == len(self.world.events)

    # --- what always holds

    @invariant()
    def allowed_actions_can_be_taken(self) -> None:
        if self.world.dossier.trip is None:
            return
        actions = allowed_actions(self.world.trip)
        assert ("pay" in actions) == (status(self.world.trip) == "awaiting_payment")
        if status(self.world.trip) in ENDS:
            assert actions == ()

    @invariant()
    def what_is_paid_is_what_was_quoted(self) -> None:
        trip = self.world.dossier.trip
        if trip is None or status(trip) not in FIXED:
            return
        paid = trip.fulfillment.checkout_id if trip.fulfillment else None
        checkout = trip.find_checkout(paid) if paid else trip.checkout
        assert checkout is not None
        assert [item.item_id for item in trip.items] == [line.item_id for line in checkout.lines]
        assert total((line.price for line in checkout.lines), "EUR") == checkout.amount

    def teardown(self) -> None:
        if self.sound and self.world.dossier.trip is not None:
            come_to_rest(self.world)
            demand_rest(self.world)


TestTripMachine = TripMachine.TestCase
TestTripMachine.settings = settings(
    max_examples=LIVES[os.environ.get("HYPOTHESIS_PROFILE", "dev")],
    stateful_step_count=STEPS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
