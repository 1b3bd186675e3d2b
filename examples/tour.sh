#!/usr/bin/env bash
# Books a trip by hand, then a second one whose order's answer gets lost, against a running
# `make demo`. Needs curl and jq. Run it from the repository's root, or name the demo's directory:
# TRIPLEDGER_DATA_DIR=/somewhere examples/tour.sh
set -euo pipefail
shopt -s inherit_errexit

demo="${TRIPLEDGER_DATA_DIR:-.tripledger}/demo.json"
[[ -r "$demo" ]] || { echo "There is no $demo: start \`make demo\` in another terminal." >&2; exit 1; }
api=$(jq -r .base_url "$demo") key=$(jq -r .api_key "$demo")
stripe=$(jq -r .stripe_url "$demo") duffel=$(jq -r .duffel_url "$demo")
WAIT_S=5
SETTLE_S_MAX=60

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Calls the API: path first, then any options of curl. A problem is shown and ends the tour.
call() {
    local path=$1
    shift
    curl --silent --show-error --fail-with-body "$api$path" \
        -H "Authorization: Bearer $key" -H "Content-Type: application/json" "$@"
}

# What the pretended providers are told, and asked.
steer() {
    local url=$1
    shift
    curl --silent --show-error --fail-with-body "$url" -H "Content-Type: application/json" "$@"
}

# What really happened at a provider for one trip: journal URL TRIP.
journal() {
    steer "$1/_sandbox/journal" |
        jq -c --arg trip "$2" '.entries[] | select(.metadata.trip_id? == $trip)'
}

# Answers how the trip ended, woken by the feed of events.
until_settled() {
    local status after until=$((SECONDS + SETTLE_S_MAX))
    after=$(call "/v1/trips/$1/events" | jq '.events[-1].position')
    while ((SECONDS < until)); do
        status=$(call "/v1/trips/$1" | jq -r .status)
        [[ "$status" == completed || "$status" == failed ]] && { echo "$status"; return; }
        after=$(call "/v1/events?after=$after&wait_s=$WAIT_S" | jq .next)
    done
    echo "The trip is still $status." >&2
    return 1
}

# Makes a trip of the first offer of a flight search and answers its id: build ORIGIN DESTINATION.
build() {
    local search offer trip
    search=$(jq -n --arg from "$1" --arg to "$2" --argjson days 60 '{
        slices: [{origin: $from, destination: $to,
                  departure_date: (now + $days * 86400 | strftime("%Y-%m-%d"))}],
        passengers: [{type: "adult"}], cabin_class: "economy"}')
    offer=$(call /v1/offers/flights -d "$search" | jq -r '.offers[0].offer_id')
    trip=$(call /v1/trips -X POST | jq -r .trip_id)
    call "/v1/trips/$trip/items" -d "{\"offer_id\": \"$offer\"}" >/dev/null
    call "/v1/trips/$trip/travelers" -X PUT -d '{
        "travelers": [{"first_name": "Amelia", "last_name": "Earhart", "title": "mrs",
                       "passenger_type": "ADULT", "date_of_birth": "1987-07-24", "gender": "f"}],
        "contact": {"email": "amelia@tripledger.dev", "phone": "+442080160509"}}' >/dev/null
    echo "$trip"
}

pay() {
    steer "$stripe/_sandbox/checkout/$1/pay" -d '{"outcome": "paid"}' | jq -r .status
}

title "1. A trip, from the first search to the last booking"
trip=$(build LHR JFK)
call "/v1/trips/$trip" | jq '{trip_id, version, status, total: .total.display, travelers, allowed_actions}'

title "2. Booked twice with one Idempotency-Key: one answer, one checkout"
first=$(call "/v1/trips/$trip/book" -X POST -H "Idempotency-Key: tour-$trip")
again=$(call "/v1/trips/$trip/book" -X POST -H "Idempotency-Key: tour-$trip")
[[ "$first" == "$again" ]] || { echo "The answers differ." >&2; exit 1; }
jq '{session_id, total: .total.display, booking_codes, expires_at}' <<<"$first"

title "3. Paid: ordered, confirmed, captured"
pay "$(jq -r .session_id <<<"$first")"
until_settled "$trip"
call "/v1/trips/$trip" | jq -c '.bookings[] | {code, status, supplier_reference}'
call "/v1/trips/$trip/events" | jq -r '.events[] | "\(.position)\t\(.topic)\t\(.actor)"'

title "4. The supplier takes an order and drops the line before it answers"
trip=$(build LHR JFK)
session=$(call "/v1/trips/$trip/book" -X POST | jq -r .session_id)
steer "$duffel/_sandbox/faults" -d '{
    "match": {"method": "POST", "path": "/air/orders"}, "mode": "commit_then_reset", "times": 1}' |
    jq -c '{mode, match}'
pay "$session"
until_settled "$trip"
call "/v1/trips/$trip/events" | jq -r '.events[].topic' | grep '^booking\.'

title "5. What the providers' own journals say: one order, one capture"
orders=$(journal "$duffel" "$trip" | jq -c 'select(.kind == "order.created")')
captures=$(journal "$stripe" "$trip" | jq -c 'select(.kind == "payment.captured")')
jq -c '{kind, booking_reference, amount, currency}' <<<"$orders"
jq -c '{kind, amount, currency}' <<<"$captures"
[[ $(wc -l <<<"$orders") -eq 1 && $(wc -l <<<"$captures") -eq 1 ]] ||
    { echo "Something happened twice." >&2; exit 1; }

title "Done: trip $trip"
