"""Makes the addresses of the demo: real towns and postal areas, made streets, companies and the rest of postcodes."""

import gzip
import json
import random
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SEED = "orderly-demo-1"
# Postcodes of these are made inside areas of GeoNames' files; the others' towns carry a whole postcode in words.json
MADE_IN = ("GB", "IE", "NL", "AU", "DE", "NO")
NUMBER_LAST = {"DE", "NL", "NO", "BE", "ES", "CH", "PT", "IT", "FI", "SE", "DK", "AT", "CZ", "PL", "GR", "IS", "LT"}

# Towns, streets and the two halves of a company's name, by country. Towns are chosen by hand and carry the
# beginning of their postal area, which keeps Leeds in Yorkshire apart from Leeds in Kent.
WORDS: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))


def dice(*key: str) -> random.Random:
    """Return the dice of one row, so that a new row never changes its neighbors."""
    return random.Random(":".join((SEED, *key)))  # noqa: S311 - made data, not secrets


class PostalAreas:
    """The real postal areas of GeoNames, and postcodes made inside them."""

    def __init__(self, source: Path) -> None:
        self.areas: dict[str, list[list[str]]] = {}
        for country in MADE_IN:
            with gzip.open(source / "postal" / f"{country}.txt.gz", "rt", encoding="utf-8") as file:
                self.areas[country] = [line.rstrip("\n").split("\t") for line in file]

    def postcode(self, country: str, town: str, letters: str, roll: random.Random) -> tuple[str, str]:
        """Return a postcode inside a real area of the town, and the state where addresses need one."""
        # GB districts from 60 up and areas without an accuracy are mostly post office boxes.
        found = [
            (area[1], area[4])
            for area in self.areas[country]
            if area[2] == town
            and area[1].startswith(letters)
            and (country != "GB" or (area[-1] and re.fullmatch(letters + r"[1-5]?[0-9][A-Z]?", area[1])))
        ]
        if not found:
            raise SystemExit(f"{town} ({country} {letters}) has no postal area in the source.")
        area, state = roll.choice(found)
        match country:
            case "GB":
                return f"{area} {roll.randint(1, 9)}{''.join(roll.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}", ""
            case "IE":
                return f"{area} {''.join(roll.choices('ACDEFHKNPRTVWXY0123456789', k=4))}", ""
            case "NL":
                return f"{area} {''.join(roll.choices('BCEGHJKLMNPRTVWXZ', k=2))}", ""
            case "AU":
                return area, state
            case _:
                return area, ""

    def address(self, country: str, roll: random.Random) -> dict[str, str]:
        """Return a made street in a real town."""
        town, _, code = roll.choice(WORDS["towns"][country]).rpartition(" ")
        postcode, region = self.postcode(country, town, code, roll) if country in MADE_IN else (code, "")
        street, number = roll.choice(WORDS["streets"][country]), roll.randint(1, 120)
        line = f"{street} {number}" if country in NUMBER_LAST else f"{number} {street}"
        return {"street": line, "city": town, "region": region, "postcode": postcode, "country": country}


def slug(name: str) -> str:
    """Return the name as it may stand in a mail domain."""
    spelled = name.lower()
    for letter, plain in (("ß", "ss"), ("ø", "o"), ("ł", "l"), ("ð", "d"), ("&", "and")):
        spelled = spelled.replace(letter, plain)
    folded = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")


def most_customers(country: str) -> int:
    """Return how many companies the words of a country can name."""
    return len(WORDS["owners"].get(country, ())) * len(WORDS["trades"].get(country, ()))


def make_customers(countries: Mapping[str, str], areas: PostalAreas) -> list[dict[str, str]]:
    """Make a company around each customer number of the source; only number and country are its own."""
    unused = {
        country: [f"{owner} {trade}" for owner in owners for trade in WORDS["trades"][country]]
        for country, owners in WORDS["owners"].items()
    }
    for country, names in unused.items():
        dice("names", country).shuffle(names)
    customers = []
    for number, country in sorted(countries.items()):
        roll = dice("customer", number)
        name = unused[country].pop()
        customers.append(
            {
                "number": number,
                "name": name,
                **areas.address(country, roll),
                "email": f"orders@{slug(name)}.example",
                "vat_number": "",
                "terms_days": str(roll.choice([30] * 8 + [14, 60])),
            }
        )
    return customers
