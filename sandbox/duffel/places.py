"""Airports as Duffel describes them: the best known by their real names, every other
plausible IATA code as a made-up airport that is the same every time."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sandbox.duffel.errors import Json
from sandbox.duffel.wire import spread

IATA_CODE = re.compile(r"[A-Z]{3}")
EARTH_RADIUS_KM = 6371.0

KNOWN_AIRPORTS = """
LHR|Heathrow Airport|London|LON|GB|EGLL|51.470311|-0.458118|Europe/London
LGW|Gatwick Airport|London|LON|GB|EGKK|51.156807|-0.161863|Europe/London
STN|London Stansted Airport|London|LON|GB|EGSS|51.886018|0.238866|Europe/London
LTN|London Luton Airport|London|LON|GB|EGGW|51.875797|-0.371717|Europe/London
LCY|London City Airport|London|LON|GB|EGLC|51.504544|0.050077|Europe/London
SEN|London Southend Airport|London|LON|GB|EGMC|51.570356|0.693627|Europe/London
MAN|Manchester Airport|Manchester|MAN|GB|EGCC|53.361801|-2.272644|Europe/London
EDI|Edinburgh Airport|Edinburgh|EDI|GB|EGPH|55.948143|-3.364177|Europe/London
DUB|Dublin Airport|Dublin|DUB|IE|EIDW|53.427274|-6.243912|Europe/Dublin
CDG|Paris Charles de Gaulle Airport|Paris|PAR|FR|LFPG|49.011244|2.548962|Europe/Paris
ORY|Paris Orly Airport|Paris|PAR|FR|LFPO|48.726236|2.365285|Europe/Paris
NCE|Nice Côte d'Azur Airport|Nice|NCE|FR|LFMN|43.660488|7.214873|Europe/Paris
AMS|Amsterdam Airport Schiphol|Amsterdam|AMS|NL|EHAM|52.309069|4.763385|Europe/Amsterdam
BER|Berlin Brandenburg Airport|Berlin|BER|DE|EDDB|52.366738|13.503323|Europe/Berlin
FRA|Frankfurt Airport|Frankfurt|FRA|DE|EDDF|50.032124|8.569393|Europe/Berlin
MUC|Munich Airport|Munich|MUC|DE|EDDM|48.353668|11.785889|Europe/Berlin
ZRH|Zürich Airport|Zürich|ZRH|CH|LSZH|47.456789|8.551211|Europe/Zurich
VIE|Vienna International Airport|Vienna|VIE|AT|LOWW|48.110516|16.570015|Europe/Vienna
BTS|M. R. Štefánik Airport|Bratislava|BTS|SK|LZIB|48.170204|17.212675|Europe/Bratislava
PRG|Václav Havel Airport Prague|Prague|PRG|CZ|LKPR|50.101852|14.266638|Europe/Prague
CPH|Copenhagen Airport|Copenhagen|CPH|DK|EKCH|55.617918|12.652452|Europe/Copenhagen
ARN|Stockholm Arlanda Airport|Stockholm|STO|SE|ESSA|59.650377|17.931032|Europe/Stockholm
FCO|Rome Fiumicino Airport|Rome|ROM|IT|LIRF|41.801907|12.246001|Europe/Rome
MXP|Milan Malpensa Airport|Milan|MIL|IT|LIMC|45.629205|8.724905|Europe/Rome
MAD|Adolfo Suárez Madrid–Barajas Airport|Madrid|MAD|ES|LEMD|40.492083|-3.569005|Europe/Madrid
BCN|Barcelona–El Prat Airport|Barcelona|BCN|ES|LEBL|41.297273|2.080877|Europe/Madrid
LIS|Humberto Delgado Airport|Lisbon|LIS|PT|LPPT|38.774186|-9.134188|Europe/Lisbon
ATH|Athens International Airport|Athens|ATH|GR|LGAV|37.936355|23.946391|Europe/Athens
IST|Istanbul Airport|Istanbul|IST|TR|LTFM|41.262276|28.742424|Europe/Istanbul
DXB|Dubai International Airport|Dubai|DXB|AE|OMDB|25.252852|55.366089|Asia/Dubai
JFK|John F. Kennedy International Airport|New York|NYC|US|KJFK|40.640556|-73.778519|America/New_York
EWR|Newark Liberty International Airport|Newark|EWR|US|KEWR|40.690971|-74.177139|America/New_York
PVD|Rhode Island T. F. Green Airport|Providence|PVD|US|KPVD|41.724194|-71.427963|America/New_York
MIA|Miami International Airport|Miami|MIA|US|KMIA|25.794534|-80.288826|America/New_York
ORD|O'Hare International Airport|Chicago|CHI|US|KORD|41.976381|-87.906063|America/Chicago
LAX|Los Angeles International Airport|Los Angeles|LAX|US|KLAX|33.942045|-118.408263|America/Los_Angeles
SFO|San Francisco International Airport|San Francisco|SFO|US|KSFO|37.619002|-122.374843|America/Los_Angeles
RAI|Nelson Mandela International Airport|Praia|RAI|CV|GVNP|14.942901|-23.485443|Atlantic/Cape_Verde
ABV|Nnamdi Azikiwe International Airport|Abuja|ABV|NG|DNAA|9.006794|7.263172|Africa/Lagos
MRU|Sir Seewoosagur Ramgoolam Airport|Mauritius|MRU|MU|FIMP|-20.430135|57.680717|Indian/Mauritius
SIN|Singapore Changi Airport|Singapore|SIN|SG|WSSS|1.361174|103.990198|Asia/Singapore
NRT|Narita International Airport|Tokyo|TYO|JP|RJAA|35.765786|140.386346|Asia/Tokyo
SYD|Sydney Airport|Sydney|SYD|AU|YSSY|-33.943011|151.176138|Australia/Sydney
"""  # noqa: E501


@dataclass(frozen=True)
class Airport:
    iata_code: str
    name: str
    city: str
    city_code: str
    country: str
    icao_code: str
    latitude: float
    longitude: float
    time_zone: str


def read_airport(line: str) -> Airport:
    code, name, city, city_code, country, icao, latitude, longitude, zone = line.split("|")
    return Airport(
        code, name, city, city_code, country, icao, float(latitude), float(longitude), zone
    )


AIRPORTS = {line[:3]: read_airport(line) for line in KNOWN_AIRPORTS.split("\n") if line}


def airport(code: str) -> Airport:
    """The airport of an IATA code; one we do not know is made up, always the same way."""
    known = AIRPORTS.get(code)
    if known is not None:
        return known
    return Airport(
        iata_code=code,
        name=f"{code.title()} Airport",
        city=code.title(),
        city_code=code,
        country="FR",
        icao_code=f"X{code}",
        latitude=spread(f"latitude {code}", 110) - 50 + 0.5,
        longitude=spread(f"longitude {code}", 350) - 175 + 0.5,
        time_zone="UTC",
    )


def city_wire(place: Airport) -> Json:
    return {
        "type": "city",
        "time_zone": None,
        "name": place.city,
        "longitude": None,
        "latitude": None,
        "id": f"cit_{place.city_code.lower()}_{place.country.lower()}",
        "icao_code": None,
        "iata_country_code": place.country,
        "iata_code": place.city_code,
        "iata_city_code": place.city_code,
        "city_name": None,
    }


def airport_wire(place: Airport) -> Json:
    return {
        "type": "airport",
        "time_zone": place.time_zone,
        "name": place.name,
        "longitude": place.longitude,
        "latitude": place.latitude,
        "id": f"arp_{place.iata_code.lower()}_{place.country.lower()}",
        "icao_code": place.icao_code,
        "iata_country_code": place.country,
        "iata_code": place.iata_code,
        "iata_city_code": place.city_code,
        "city_name": place.city,
        "city": city_wire(place),
        "airports": None,
    }


def distance_km(a: Airport, b: Airport) -> float:
    """Great-circle distance."""
    north_a, north_b = math.radians(a.latitude), math.radians(b.latitude)
    east = math.radians(b.longitude - a.longitude)
    half = (
        math.sin((north_b - north_a) / 2) ** 2
        + math.cos(north_a) * math.cos(north_b) * math.sin(east / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
