"""The condition language of workflow filters, action conditions, audiences and sequence steps.

A condition is JSON, `None` (always true), or one of

    {"all": [condition, ...]}    every one holds; an empty list holds
    {"any": [condition, ...]}    at least one holds; an empty list does not
    {"not": condition}
    {"field": "lead.score", "op": "gte", "value": 50}

Fields are `lead.*` (typed), `lead.custom.*`, `trigger.*`, `actions.<action_id>.output.*` (any JSON) and
`steps.<n>.opened|clicked|replied|status`, and in fit rules `enrichment.*`; a `FieldCatalog` says which of them a place
may name (`AUDIENCE`, `FIT`, `TRIGGER_FILTER`, `ACTION`, `SEQUENCE_STEP`). In a path a number indexes a list, and a key
that itself holds dots is found by writing it as it is (`lead.custom.utm.source` finds the key `utm.source` before
`source` inside `utm`).

**No value.** A field has no value when it is absent, null, blank text, or an empty list or object. No op holds for it
but `not_exists`, `ne`, `not_in` and `not_contains`: those four are exactly the negations of `exists`, `eq`, `in` and
`contains`. So `lead.score lt 10` and `not (lead.score gte 10)` differ for a lead without a score: the second holds.
The same goes for a value an op cannot use (a number asked whether it starts with "a").

| op | holds when | `value` |
|---|---|---|
| `eq` `ne` | equal; text without regard to case | text, number or boolean, as the field |
| `in` `not_in` | equal to one of them; for a list: any member is | 1..1,000 of those |
| `gt` `gte` `lt` `lte` | as numbers | a number |
| `contains` `not_contains` | text: part of it, list: a member, without regard to case | text (dynamic: any scalar) |
| `starts_with` `ends_with` | text, without regard to case | text |
| `exists` `not_exists` | the field has a value | none |
| `before` `after` | as moments; a date is its whole UTC day: before it starts, after it ends | RFC 3339 or a date |
| `within_days` | n > 0: in the last n times 24 hours; n < 0: in the next | a whole number, ±1..3,650 |

`budget`, `timeline` and the other enums know `eq ne in not_in exists not_exists` only. Dynamic fields come from forms
and other systems, so there a number also equals the text that spells it (`5`, `"5.0"`), a boolean the text `true` or
`false`, and numeric text compares as a number. There are no regular expressions.

`validate` refuses at write time; what it let through can be evaluated against any facts whatever without an error.
"""

from leadflow.core.conditions.catalog import (
    ACTION,
    AUDIENCE,
    FIT,
    SEQUENCE_STEP,
    TRIGGER_FILTER,
    FieldCatalog,
    FieldType,
)
from leadflow.core.conditions.evaluation import Verdict, evaluate, explain
from leadflow.core.conditions.validation import validate

__all__ = [
    "ACTION",
    "AUDIENCE",
    "FIT",
    "SEQUENCE_STEP",
    "TRIGGER_FILTER",
    "FieldCatalog",
    "FieldType",
    "Verdict",
    "evaluate",
    "explain",
    "validate",
]
