"""The scanner catalogue in its file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.catalogue_file import CatalogueFile, Kept
from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

KEPT = Kept(
    ScanCatalogue(
        (ScanType("TOP", "Top & more", frozenset({"STK", "IND.US"})),),
        (ScanUniverse("STK", "Stocks", frozenset({"PRICE"})),),
        (ScanLocation("STK.US", "Börse", frozenset({"STK"})), ScanLocation("STK.NYSE", "", frozenset(), "STK.US")),
        (ScanFilter("ratingIs", "Rating", "choice", "RATING", "", (("AAA", "Best"),)),),
    ),
    datetime(2026, 11, 18, 16, tzinfo=UTC),
    178,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scan-catalogue.json"


def test_what_is_written_is_read_again(path: Path) -> None:
    file = CatalogueFile(path)
    assert file.read() is None
    file.write(KEPT)
    assert CatalogueFile(path).read() == KEPT
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def _plain(path: Path) -> dict[str, object]:
    CatalogueFile(path).write(KEPT)
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"form": 2},
        {"asked": "2026-11-18T16:00:00"},
        {"asked": "yesterday"},
        {"types": None},
        {"types": []},
        {"locations": []},
        {"types": [{"code": "TOP"}]},
        {"filters": [{"code": "a", "unheard": 1, "choices": []}]},
        {"filters": [{"code": "a", "name": "", "kind": "", "belongs": "", "choices": ["abc"]}]},
        {"locations": ["STK.US"]},
        {"server_version": None},
    ],
)
def test_a_file_of_another_form_is_as_none(path: Path, change: dict[str, object]) -> None:
    path.write_text(json.dumps(_plain(path) | change), encoding="utf-8")
    assert CatalogueFile(path).read() is None


@pytest.mark.parametrize("content", [b"", b'{"form": 1', b"\xff\xfe", b"[]", b"null"])
def test_a_broken_file_is_as_none_and_can_be_written_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    file = CatalogueFile(path)
    assert file.read() is None
    file.write(KEPT)
    assert file.read() == KEPT


def test_a_file_that_cannot_be_written_is_told_and_no_more(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    CatalogueFile(path.parent / "nowhere" / path.name).write(KEPT)
    assert "cannot be written" in caplog.text


def test_a_write_that_fails_half_way_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = CatalogueFile(path)
    file.write(KEPT)

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    file.write(Kept(ScanCatalogue(), KEPT.asked, 1))
    assert file.read() == KEPT
