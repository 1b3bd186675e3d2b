"""What has become of a traveller's money, in one sentence for each thing that happened to it."""

from __future__ import annotations

from domain.money import Money, total
from domain.trip.state import Payment, RefundStatus
from service.http.answers import display

UNCHARGED = "You have not been charged."
BANKS_TAKE = "Banks usually take 5 to 10 days to show it."


def shown(amount: Money) -> str:
    return display(amount)


def money_says(payment: Payment) -> tuple[str, ...]:
    says: list[str] = []
    match payment.status:
        case "authorized":
            says.append(f"{shown(payment.authorized)} is reserved, not charged yet.")
        case "capturing":
            charged = payment.capturing or payment.authorized
            says.append(f"You are being charged {shown(charged)} now.")
            rest = payment.authorized - charged
            if rest.amount > 0:
                says.append(f"The other {shown(rest)} that was reserved is released, not charged.")
        case "releasing":
            says.append(
                f"{UNCHARGED} The {shown(payment.authorized)} that was reserved is being released."
            )
        case "released":
            says.append(
                f"{UNCHARGED} The {shown(payment.released)} that was reserved has been released; "
                "your bank may show it for some days more."
            )
        case "captured":
            says.append(f"You have been charged {shown(payment.captured)}.")
            if payment.released.amount:
                says.append(
                    f"The other {shown(payment.released)} that was reserved has been released."
                )
    says.extend(refunds_say(payment))
    return tuple(says)


def refunds_say(payment: Payment) -> list[str]:
    says: list[str] = []
    coming = sum_of(payment, "scheduled", "pending")
    back = sum_of(payment, "succeeded")
    stuck = sum_of(payment, "failed")
    if coming.amount:
        says.append(f"{shown(coming)} is on its way back to you.")
    if back.amount:
        says.append(f"{shown(back)} has been sent back to you. {BANKS_TAKE}")
    if stuck.amount:
        says.append(
            f"We could not send back {shown(stuck)} yet. We know that we owe it to you "
            "and are working on it."
        )
    return says


def money_rows(payment: Payment) -> list[tuple[str, str]]:
    """The same, as figures: what stands where now."""
    rows = [
        ("Reserved", payment.authorized),
        ("Charged", payment.captured),
        ("Released, not charged", payment.released),
        ("On its way back to you", sum_of(payment, "scheduled", "pending")),
        ("Sent back to you", sum_of(payment, "succeeded")),
    ]
    return [(name, shown(amount)) for name, amount in rows if amount.amount]


def sum_of(payment: Payment, *statuses: RefundStatus) -> Money:
    amounts = (r.amount for r in payment.refunds if r.status in statuses)
    return total(amounts, payment.amount.currency)


def money_moves(payment: Payment) -> bool:
    """Whether more will be heard of the money by itself."""
    moving = {"authorized", "capturing", "releasing"}
    waiting = sum_of(payment, "scheduled", "pending").amount
    return payment.status in moving or waiting > 0
