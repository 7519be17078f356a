"""The settings of a connection: found, checked once, and shown with where each came from.

Whatever is found first wins: argument, environment, the official SDK's profile file, keyring.
Never connects to anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.errors import InputError, SetupError, VodnbError
from vodnb.rules.words.markup import Displayable, Markup, table
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import padded, say, width_of
from vodnb.service.redact import Secret

from .credentials import Credential, UserCredential, choose_credential
from .endpoints import (
    REGIONS,
    check_ca_bundle,
    check_endpoint,
    check_name,
    is_huawei,
    is_loopback,
    region_of,
    service_host,
)
from .sources import VARIABLES, SettingSources

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vodnb.rules.model import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a connection needs to know; the secrets inside are masked wherever they are shown."""

    endpoint: str
    """URL of VOD, without a closing slash."""
    credential: Credential
    iam_endpoint: str = ""
    """URL of IAM; "" where it is not known."""
    region: str = ""
    """The region; "" where the endpoint names none."""
    project_id: str = ""
    """The project; "" means: look it up by the region's name."""
    ca_bundle: str = ""
    """A PEM file of further authorities to trust; "" for none."""
    lang: Lang = "en"
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each value came from, by the name of the setting."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything in here that must not be seen."""
        return tuple(part for part in _parts(self.credential).values() if isinstance(part, Secret))


def read_settings(
    *,
    environ: Mapping[str, str],
    home: Path,
    locale_name: str = "",
    **arguments: str | Secret | None,
) -> Settings:
    """Find and check every setting; a message names what to set.

    The home folder has the SDK's profile file. The locale is such as `zh_CN`, "" where it is not
    known. The arguments are those of `connect`, by the names in `VARIABLES`, and `profile`, a
    section of the profile file, which then goes before the environment.

    Raises:
        SetupError: A setting is missing or wrong.
        InputError: `lang` is no language of ours.
        TypeError: There is no such setting.
    """
    try:
        places = SettingSources(environ=environ, home=home, arguments=arguments)
        return _read(places, locale_name)
    except VodnbError as wrong:
        # A verbose traceback shows the variables of its frames, and these hold secrets.
        del environ, arguments
        raise wrong.with_traceback(None) from None


def _read(places: SettingSources, locale_name: str) -> Settings:
    credential = choose_credential(places)
    endpoint, region = _find_service(places)
    iam_endpoint = _find_iam(places, endpoint, region)
    project_id = places.get("project_id")
    ca_bundle = places.get("ca_bundle")
    return Settings(
        endpoint=endpoint,
        region=region,
        iam_endpoint=iam_endpoint,
        project_id=check_name("project_id", project_id) if project_id else "",
        credential=credential,
        ca_bundle=check_ca_bundle(ca_bundle, places.home) if ca_bundle else "",
        lang=_find_lang(places, locale_name),
        sources=places.sources,
    )


def _find_lang(places: SettingSources, locale_name: str) -> Lang:
    lang = places.get("lang")
    if "lang" in places.arguments.values:
        return resolve_lang(lang, {}, locale_name)
    # By its own name: whoever reads that it is wrong has given no argument.
    return resolve_lang(None, {"VODNB_LANG": lang}, locale_name)


def _find_service(places: SettingSources) -> tuple[str, str]:
    """Return endpoint and region; an argument for one outranks the environment's other."""
    wanted = {"endpoint", "region"}
    place = next((here for here in places.for_service() if wanted & here.values.keys()), None)
    if place is None:
        raise SetupError(
            "Neither a region nor an endpoint was given.",
            "Assets live in one region each, so a guess could ask the wrong one.",
            f"Set VODNB_REGION, or connect(region=...), to one of {', '.join(REGIONS)}; "
            "or set VODNB_ENDPOINT.",
        )
    endpoint = places.take(place, "endpoint") if "endpoint" in place.values else ""
    endpoint = check_endpoint("endpoint", endpoint) if endpoint else ""
    _note_foreign(places, "endpoint", endpoint)
    named = region_of(endpoint)
    if "region" not in place.values and named:
        places.sources["region"] = "the endpoint"
        return endpoint, named
    region = places.get("region")
    region = check_name("region", region) if region else ""
    if endpoint and named and named != region:
        raise SetupError(
            f"The region {region!r} and the endpoint {endpoint} do not go together.",
            f"That endpoint belongs to {named!r}.",
            "Leave one of them out.",
        )
    if not endpoint:
        places.sources["endpoint"] = "the region"
    return endpoint or service_host("vod", region), region


def _find_iam(places: SettingSources, endpoint: str, region: str) -> str:
    """Return IAM's endpoint: as given, or the one of the region where VOD is Huawei Cloud's own."""
    given = places.get("iam_endpoint")
    if not given:
        if not region or not is_huawei(endpoint):
            return ""
        places.sources["iam_endpoint"] = "the region"
        return service_host("iam", region, like=endpoint)
    # The SDK's profile leaves the scheme out.
    iam = check_endpoint("iam_endpoint", given if "://" in given else f"https://{given}")
    if places.sources["iam_endpoint"].startswith("profile") and not _is_expected(iam):
        raise SetupError(
            f"The profile's iam_endpoint {iam} is not a host of Huawei Cloud.",
            "The credential would be sent there, and nobody named that host outright.",
            "If it is right, set VODNB_IAM_ENDPOINT to it.",
        )
    _note_foreign(places, "iam_endpoint", iam)
    return iam


def _is_expected(endpoint: str) -> bool:
    return is_huawei(endpoint) or is_loopback(urlsplit(endpoint).hostname or "")


def _note_foreign(places: SettingSources, name: str, endpoint: str) -> None:
    if endpoint and not _is_expected(endpoint):
        places.sources[name] += " (not a host of Huawei Cloud; used because it was named)"


def resolve_lang(lang: str | None, environ: Mapping[str, str], locale_name: str) -> Lang:
    """Return the language to speak: as asked, else VODNB_LANG, else the locale's, else English."""
    for name, value in (("lang", lang), ("VODNB_LANG", environ.get("VODNB_LANG") or None)):
        if value is None:
            continue
        match value.strip().lower().replace("_", "-").partition("-")[0]:
            case "zh":
                return "zh"
            case "en":
                return "en"
        raise InputError(
            f"{name} is {value!r}.", "Only Chinese and English are spoken here.", "Use zh or en."
        )
    return "zh" if locale_name.lower().startswith(("zh", "chinese")) else "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as it may be shown."""

    name: str
    value: str
    """Its value, masked where it is secret."""
    source: str
    variable: str
    """The environment variable that would set it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SettingsTable(Displayable):
    """The settings as a table, in a terminal and in a notebook."""

    rows: tuple[SettingRow, ...]
    lang: Lang = "en"

    def __repr__(self) -> str:
        cells = [self.header(), *self.cells()]
        widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
        lines = (zip(row, widths, strict=True) for row in cells)
        return "\n".join(
            "  ".join(padded(cell, width) for cell, width in row).rstrip() for row in lines
        )

    def _as_html(self) -> Markup:
        return table(self.header(), self.cells(), caption=say("settings.caption", self.lang))

    def header(self) -> list[str]:
        """Return the titles in its language.

        Example:
            >>> vod.settings().header()
        """
        return [say(title, self.lang) for title in _HEADER]

    def cells(self) -> list[list[str]]:
        """Return what stands below the titles, a setting a line.

        Example:
            >>> vod.settings().cells()
        """
        lang = self.lang
        ours, joint = say("join.or", "en"), say("join.or", lang)
        return [
            [
                row.name,
                translate(row.value, lang),
                translate(row.source, lang),
                row.variable.replace(ours, joint),
            ]
            for row in self.rows
        ]


_HEADER = ("settings.name", "column.value", "settings.source", "settings.variable")


def explain(settings: Settings) -> SettingsTable:
    """Return every setting with its value (secrets masked), source and environment variable."""
    plain = ("endpoint", "iam_endpoint", "region", "project_id")
    values: dict[str, object] = {name: getattr(settings, name) for name in plain}
    values |= _parts(settings.credential)
    values |= {"ca_bundle": settings.ca_bundle, "lang": settings.lang}
    return SettingsTable(
        rows=tuple(
            SettingRow(
                name=name,
                value=str(value) if value else "(none)",
                source=settings.sources.get(
                    name, "looked up" if name == "project_id" else "default"
                ),
                variable=say("join.or", "en").join(VARIABLES[name]),
            )
            for name, value in values.items()
        ),
        lang=settings.lang,
    )


def _parts(credential: Credential) -> dict[str, object]:
    """Return the parts of a credential by the names of their settings."""
    before = "iam_" if isinstance(credential, UserCredential) else ""
    return {f"{before}{part.name}": getattr(credential, part.name) for part in fields(credential)}
