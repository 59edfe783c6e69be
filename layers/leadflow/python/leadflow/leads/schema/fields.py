"""Types that the fields of leads and signals share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from leadflow.core.schema import Line, Lines, Text
from leadflow.leads.enums import MAX_LABELS


def _moment(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise ValueError("must be an RFC 3339 time with Z or an offset") from error


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def without_repeats(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _to_six_decimals(value: float) -> float:
    return round(value, 6)


Name = Annotated[Line, Field(min_length=1, max_length=100)]
Company = Annotated[Annotated[Line, Field(max_length=100)] | None, AfterValidator(_null_when_empty)]
Notes = Annotated[Annotated[Lines, Field(max_length=1000)] | None, AfterValidator(_null_when_empty)]
RecordId = Annotated[Text, Field(min_length=1, max_length=64)]
Label = Annotated[Line, Field(min_length=1, max_length=100)]
Labels = Annotated[list[Label], Field(max_length=MAX_LABELS), AfterValidator(without_repeats)]
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Impact = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False), AfterValidator(_to_six_decimals)]


def left_alone() -> Any:
    """The value of a field that was not given, where null itself is refused."""
    return None
