"""Which amounts Stripe charges: known currencies, least and greatest sums, special units."""

from __future__ import annotations

from sandbox.stripe.errors import StripeError

CURRENCY_CODES = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd
    cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq
    gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd
    lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk
    php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top
    try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw
"""
CURRENCIES = frozenset(CURRENCY_CODES.split())
ZERO_DECIMAL_CODES = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(ZERO_DECIMAL_CODES.split())
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
AMOUNT_MAX = 99_999_999
LEAST = {
    "usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "nzd": 50, "sgd": 50,
    "brl": 50, "inr": 50, "jpy": 50, "hkd": 400, "mxn": 1_000, "dkk": 250, "nok": 300,
    "sek": 300, "pln": 200, "czk": 1_500, "huf": 17_500, "ron": 200, "bgn": 100, "aed": 200,
    "myr": 200, "thb": 1_000,
}  # fmt: skip
# Elsewhere the least depends on a rate of exchange; one unit keeps zero out.
LEAST_ELSEWHERE = 1


def checked_currency(raw: str, param: str) -> str:
    currency = raw.lower()
    if currency not in CURRENCIES:
        raise StripeError(
            f"Invalid currency: {raw}. Stripe currently supports these currencies: "
            + ", ".join(sorted(CURRENCIES)),
            param=param,
        )
    return currency


def check_amount(amount: int, currency: str, param: str) -> None:
    """Refuse what could not be charged; `currency` is already known to be one of Stripe's."""
    if currency in THREE_DECIMAL and amount % 10:
        raise StripeError(
            f"Invalid amount: the last digit must be 0 for {currency.upper()}.", param=param
        )
    if currency == "isk" and amount % 100:
        raise StripeError("Invalid amount: ISK has no decimals; end it with 00.", param=param)
    if amount < LEAST.get(currency, LEAST_ELSEWHERE):
        raise StripeError(
            f"Amount must be at least {shown(LEAST.get(currency, LEAST_ELSEWHERE), currency)}",
            code="amount_too_small",
            param=param,
        )
    if amount > AMOUNT_MAX:
        raise StripeError(
            f"Amount must be no more than {shown(AMOUNT_MAX, currency)}",
            code="amount_too_large",
            param=param,
        )


def shown(amount: int, currency: str) -> str:
    """In major units with the currency's code, for messages and the pay page."""
    if currency in ZERO_DECIMAL:
        return f"{amount:,} {currency.upper()}"
    digits = 3 if currency in THREE_DECIMAL else 2
    whole, part = divmod(amount, 10**digits)
    return f"{whole:,}.{part:0{digits}d} {currency.upper()}"
