"""Known deviations: what a project may write down, and what that does to a run."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from deviation_entries import GOOD, entry

from pytest_atomic_cards.model.settings import Mode, Settings, TargetKind
from pytest_atomic_cards.reporting.deviations import Deviation, Deviations, find_deviations
from pytest_atomic_cards.support.errors import SettingsError

SANDBOX = Settings()
LIVE = Settings(
    target=TargetKind.LIVE,
    api_url="https://Cards.Example.com:8443/api",
    token_url="https://auth.example.com/token",
    environment_id="Env-1",
    client_id="client",
    client_secret="secret",
    flow_id="flow",
)
REPLAY = Settings(cassettes=Mode.REPLAY)


# Reading


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cards-target.toml", entry(link='"https://tracker.example.com/1"')),
        (
            "pyproject.toml",
            '[project]\nname = "x"\n[[tool.atomic-cards.deviations]]\n'
            + GOOD
            + 'link = "https://tracker.example.com/1"\n',
        ),
    ],
)
def test_a_deviation_is_read(name: str, text: str, tmp_path: Path) -> None:
    """An entry in either file says which requirement, why, until when, and where to follow it."""
    (tmp_path / name).write_text(text)
    found = find_deviations(SANDBOX, tmp_path)
    assert found.source == name
    assert found.entries == {
        "PAGE-04": Deviation(
            "PAGE-04", "counts pages", date(2999, 12, 31), "https://tracker.example.com/1"
        )
    }


def test_a_date_may_be_text_and_a_link_may_be_missing(tmp_path: Path) -> None:
    """A date in quotes is a date, and a link is optional."""
    (tmp_path / "cards-target.toml").write_text(entry(expires='"2999-12-31"'))
    (known,) = find_deviations(SANDBOX, tmp_path).entries.values()
    assert (known.expires, known.link) == (date(2999, 12, 31), None)


def test_a_project_without_deviations_has_none(tmp_path: Path) -> None:
    """Neither a missing file, nor an empty one, nor a project of another kind means anything."""
    assert not find_deviations(SANDBOX, tmp_path).entries
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.ruff]\n')
    assert not find_deviations(SANDBOX, tmp_path).entries
    (tmp_path / "cards-target.toml").write_text("")
    assert not find_deviations(SANDBOX, tmp_path).entries


def test_the_first_directory_with_a_file_counts(tmp_path: Path) -> None:
    """The directory in which the run was started comes before the root of the project."""
    for name, requirement in (("near", "PAGE-01"), ("far", "PAGE-02")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cards-target.toml").write_text(entry(requirement=f'"{requirement}"'))
    found = find_deviations(SANDBOX, tmp_path / "none", tmp_path / "near", tmp_path / "far")
    assert list(found.entries) == ["PAGE-01"]


BAD: list[tuple[str, str]] = [
    ("deviations = [", "is not TOML"),
    ("\0", "is not TOML"),
    ("[[deviation]]\n" + GOOD, "'deviation' is not a setting; did you mean 'deviations'?"),
    ("xyz = 1\n", "'xyz' is not a setting; known: deviations, target"),
    ("deviations = 1\n", "must be an array of tables"),
    ('deviations = "PAGE-04"\n', "must be an array of tables"),
    ('deviations = ["PAGE-04"]\n', "must be an array of tables"),
    ("[deviations]\n" + GOOD, "must be an array of tables"),
    ("deviations = [[]]\n", "must be an array of tables"),
    ("[[deviations]]\n", "requirement is missing; it must be the id of a requirement"),
    (entry(requirement=None), "requirement is missing"),
    (entry(reason=None), "reason is missing; it must be some text"),
    (entry(expires=None), "expires is missing; it must be a date such as 2027-03-31"),
    (entry(requirement="4"), "requirement must be the id of a requirement, such as 'PAGE-04'"),
    (entry(requirement='["PAGE-04"]'), "requirement must be the id of a requirement"),
    (entry(requirement='""'), "requirement must be the id of a requirement"),
    (entry(requirement='"PAGE-4"'), "no requirement 'PAGE-4'; did you mean PAGE-04"),
    (entry(requirement='"NOTHING"'), "no requirement 'NOTHING'"),
    (entry(reason="true"), "reason must be some text"),
    (entry(reason='"  "'), "reason must be some text"),
    (entry(expires="2027"), "expires must be a date such as 2027-03-31"),
    (entry(expires='"soon"'), "not 'soon'"),
    (entry(expires='"2027-02-30"'), "not '2027-02-30'"),
    (entry(expires="2027-03-31T10:00:00Z"), "expires must be a date"),
    (entry(expires="10:00:00"), "expires must be a date"),
    (entry(expires="true"), "expires must be a date"),
    (entry(link='"tracker"'), "link must be an http or https URL"),
    (entry(link='"javascript:alert(1)"'), "link must be an http or https URL"),
    (entry(link='"https://"'), "link must be an http or https URL"),
    (entry(link='"https://a b"'), "link must be an http or https URL"),
    (entry(link='"https://[::"'), "link must be an http or https URL"),
    (entry(link="7"), "link must be an http or https URL"),
    (entry(expiry="2027-03-31"), "'expiry' is not a setting; did you mean 'expires'?"),
    (
        entry(id='"PAGE-04"'),
        "'id' is not a setting; known: requirement, reason, expires, link, target",
    ),
    (entry() + entry(), "PAGE-04 is listed twice"),
    (
        entry(target='"live"') + entry(target='"live"'),
        "PAGE-04 is listed twice for live; keep one entry",
    ),
    (entry(target="1"), "target must be 'sandbox', 'live', or a host or URL such as https://"),
    (entry(target='""'), "target must be 'sandbox', 'live'"),
    (entry(target='["live"]'), "target must be 'sandbox', 'live'"),
    (entry(target='"Live"'), "not 'Live'"),
    (entry(target='"sandboxx"'), "not 'sandboxx'"),
    (entry(target='"ftp://cards.example.com"'), "target must be 'sandbox', 'live'"),
    (entry(target='"https://"'), "target must be 'sandbox', 'live'"),
    (entry(target='"https://cards.example.com?a=b"'), "target must be 'sandbox', 'live'"),
    (entry(target='"cards.example.com/v1/env"'), "not 'cards.example.com/v1/env'"),
    (entry(target='"cards.example.com:port"'), "target must be 'sandbox', 'live'"),
    (entry(target='"cards example.com"'), "target must be 'sandbox', 'live'"),
    (entry(targets='"live"'), "'targets' is not a setting; did you mean 'target'?"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_file_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    """An invalid entry is reported in one line: the file, the place and what is wanted."""
    (tmp_path / "cards-target.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        find_deviations(SANDBOX, tmp_path)
    line = str(caught.value)
    assert line.startswith("cards-target.toml")
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool = 1 # atomic-cards\n", "'tool' in pyproject.toml must be a table"),
        ("[tool]\natomic-cards = 1\n", "'atomic-cards' in tool must be a table"),
        ("[tool.atomic-cards]\nsed = 1\n", "pyproject.toml: 'sed' is not a setting"),
        ("[[tool.atomic-cards.deviations]]\n", "pyproject.toml, known deviation 1: requirement is"),
    ],
)
def test_a_bad_project_file_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    """In pyproject.toml, too, an invalid entry is reported with its place."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        find_deviations(SANDBOX, tmp_path)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """A directory in place of the file, and bytes that are not text, are reported."""
    path = tmp_path / "cards-target.toml"
    path.mkdir()
    with pytest.raises(SettingsError, match=r"cards-target\.toml cannot be read"):
        find_deviations(SANDBOX, tmp_path)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"cards-target\.toml is not TOML"):
        find_deviations(SANDBOX, tmp_path)


def test_one_project_is_set_up_in_one_place(tmp_path: Path) -> None:
    """Two files that both set the project up are refused: nobody could say which one counts."""
    (tmp_path / "cards-target.toml").write_text(entry())
    (tmp_path / "pyproject.toml").write_text(f"[[tool.atomic-cards.deviations]]\n{GOOD}")
    with pytest.raises(SettingsError, match="keep one of them"):
        find_deviations(SANDBOX, tmp_path)


@pytest.mark.parametrize("field", ["link", "target"])
def test_a_password_in_a_url_is_not_repeated(field: str, tmp_path: Path) -> None:
    """A link or target that holds credentials is refused without showing them."""
    (tmp_path / "cards-target.toml").write_text(entry(**{field: '"https://me:hunter2@tracker/1"'}))
    with pytest.raises(SettingsError) as caught:
        find_deviations(SANDBOX, tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("day", "in_force"), [(-1, False), (0, True), (1, True)])
def test_the_last_day_counts(day: int, in_force: bool) -> None:  # noqa: FBT001
    """A deviation is accepted up to the day that it names, that day included."""
    today = date(2030, 5, 5)
    known = Deviation("PAGE-04", "counts pages", today + timedelta(days=day))
    deviations = Deviations("file", {"PAGE-04": known}, today)
    assert ("PAGE-04" in deviations.in_force) == in_force
    assert bool(deviations.expired()) != in_force


@pytest.mark.parametrize(
    ("target", "of"),
    [
        ("sandbox", "sandbox"),
        ("live", "live"),
        ("cards.example.com", "live"),
        ("cards.example.com:8443", "live"),
        ("https://cards.example.com:8443/api", "live"),
        ("HTTPS://CARDS.example.com:8443/api/", "live"),
        ("https://cards.example.com:8443/api/v1", "live"),
        ("https://cards.example.com:8443/api/v1/Env-1", "live"),
        ("https://cards.example.com:8443", ""),
        ("https://cards.example.com:8443/api/v1/Env", ""),
        ("https://cards.example.com:8443/api/v1/env-1", ""),
        ("http://cards.example.com:8443/api", ""),
        ("cards.example.com:443", ""),
        ("example.com", ""),
        ("localhost", ""),
    ],
)
def test_a_deviation_counts_on_its_target_only(target: str, of: str, tmp_path: Path) -> None:
    """An entry that names a target is in force there, and on any other changes nothing."""
    (tmp_path / "cards-target.toml").write_text(entry(target=f'"{target}"', expires="2020-01-01"))
    for kind, settings in (("sandbox", SANDBOX), ("live", LIVE)):
        found = find_deviations(settings, tmp_path)
        assert list(found.entries) == (["PAGE-04"] if kind == of else [])
        assert bool(found.expired()) == (kind == of)
        assert bool(found.gone(["PAGE-04"])) == (kind == of)
        assert [one.requirement for one in found.elsewhere] == ([] if kind == of else ["PAGE-04"])


def test_one_requirement_may_deviate_on_several_targets(tmp_path: Path) -> None:
    """Each target may have an entry of its own; the first in the file that is for it counts."""
    (tmp_path / "cards-target.toml").write_text(
        entry(target='"sandbox"', reason='"first"')
        + entry(target='"cards.example.com"', reason='"second"')
        + entry(reason='"third"')
    )
    for settings, reason in ((SANDBOX, "first"), (LIVE, "second")):
        assert find_deviations(settings, tmp_path).entries["PAGE-04"].reason == reason


def test_a_replay_cannot_tell_its_target(tmp_path: Path) -> None:
    """A recording does not say of which target it is: all entries count, and none has gone away."""
    (tmp_path / "cards-target.toml").write_text(
        entry(target='"cards.example.com"') + entry(requirement='"PAGE-01"')
    )
    found = find_deviations(REPLAY, tmp_path)
    assert set(found.in_force) == {"PAGE-04", "PAGE-01"}
    assert [text for text in found.gone(["PAGE-04", "PAGE-01"]) if "PAGE-04" in text] == []
    assert len(found.gone(["PAGE-04", "PAGE-01"])) == 1
