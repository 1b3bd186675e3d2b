"""Each tenant's travellers see its own brand; what a tenant leaves out is the deployment's."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from service.pages.brand import brands_of
from service.settings import Settings, UnsafeSettings
from tests.pages.checkouts import booked
from tests.pages.reading import Visitor
from tests.scenarios.world import raised_world


def written(path: Path, brands: object) -> Path:
    path.write_text(json.dumps(brands))
    return path


async def test_a_tenants_page_carries_its_name_and_colour(
    database_url: str, tmp_path: Path
) -> None:
    brands = {"ours": {"name": "Bergfahrt", "color": "#5b2a86"}}
    file = written(tmp_path / "brands.json", brands)
    async with (
        raised_world(database_url, tmp_path, brands_file=file, brand_name="House") as world,
        aiohttp.ClientSession() as session,
    ):
        sid, _ = await booked(world, await world.build(await world.find_stay()))
        visitor = Visitor(world.url, session)

        page = await visitor.open(sid)
        absent = await visitor.open("unknown")

        assert "Bergfahrt" in page.text
        assert "House" not in page.text
        assert "House" in absent.text
        sheets = [
            known["href"] for tag, known in page.reader.tags if known.get("rel") == "stylesheet"
        ]
        styles = [await visitor.ask("GET", href) for href in sheets]
        assert 1 == sum("--brand: #5b2a86" in style.html for style in styles)


@pytest.mark.parametrize(
    "brands",
    [
        {"ours": {"color": "purple"}},
        {"ours": {"logo": "https://cdn.example/logo.png"}},
        {"ours": {"script": "x"}},
        ["ours"],
    ],
)
def test_a_brands_file_that_cannot_be_used_stops_the_start(tmp_path: Path, brands: object) -> None:
    file = written(tmp_path / "brands.json", brands)
    with pytest.raises(UnsafeSettings, match="TRIPLEDGER_BRANDS_FILE"):
        brands_of(Settings(data_dir=tmp_path, brands_file=file))


def test_what_a_tenant_leaves_out_is_the_deployments(tmp_path: Path) -> None:
    file = written(tmp_path / "brands.json", {"ours": {"name": "Bergfahrt"}})
    brands = brands_of(
        Settings(data_dir=tmp_path, brands_file=file, support_url="mailto:help@house.example")
    )

    assert ("Bergfahrt", "mailto:help@house.example") == (
        brands.of("ours").name,
        brands.of("ours").support_url,
    )
    assert brands.own == brands.of("theirs")
