"""Writes the table of failure cases into docs/OPERATIONS.md: `make failure-cases` does, and a test holds that it fits.

A case is a way in which software of this kind fails people. The tests that prove it cannot happen here bear its number
in their names (`test_x07_…`), and are found by it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "OPERATIONS.md"
BEGIN, END = "<!-- failure cases: made by make failure-cases -->", "<!-- end of failure cases -->"
_NUMBERED = re.compile(r"test_x(\d\d)_(?:x(\d\d)_)?")
CASES = {
    1: "A campaign that is resumed after a pause mails some people again and others never",
    2: "A campaign is finished while half of it was not sent",
    3: "A campaign says that it runs, and nothing happens any more",
    4: "Nobody can tell who got the mail",
    5: "Two workers at once send the same mails",
    6: "One bad recipient makes a batch repeat for ever",
    7: "The process dies between the send and its record",
    8: "A retry after a timeout sends twice",
    9: "People enter a sequence several times",
    10: "An unknown time zone drops people silently",
    11: "A sequence stalls when one send fails",
    12: "A tracked link belongs to somebody else's mail",
    13: "Opens by machines count as people's",
    14: "Security gateways click everything and count as interest",
    15: "A filter against machines loses real opens",
    16: "A variant wins by machine opens or by chance",
    17: "Provider events come twice, late and in any order",
    18: "Scanners unsubscribe people",
    19: "A tracking link redirects to wherever its query says",
    20: "One webhook starts two runs",
    21: "An old version of a workflow keeps running",
    22: "A run is lost, or told to have failed, when the process dies",
    23: "A run that waited or failed starts again from the top",
    24: "A sender that loses patience is answered twice",
    25: "A clock stops, drifts, or knows old time zones",
    26: "Large data kill a run",
    27: "Workflows set each other off without end",
    28: "Windows and days are counted in the wrong zone",
    29: "A workflow is switched off silently",
    30: "A retried agent forgets what it said and spent",
    31: "A merge merges with itself or loses something",
    32: "Two clocks that collide lose a moment",
    33: "A burst of messages makes several conversations",
    34: "Messages at the same moment are stored twice",
    35: "A webhook is acknowledged and its message never appears",
    36: "Only the first entry of a batch is read",
    37: "The status of a message goes back",
    38: "After a merge an answer goes to another address",
    39: "A merge cannot be undone",
    40: "A delivery gets one try",
    41: "An expired token fails silently",
    42: "Conversations get slow with volume",
    43: "Bounces of answers are not shown",
    44: "Credits burn on, and stop does not stop",
    45: "A value of another kind counts as found",
    46: "The same person becomes two leads",
    47: "An import is all or nothing, or too large",
    48: "An import does not start workflows, or always does",
    49: "A crowd brings it down",
    50: "What one person does makes another wait",
    51: "Two people in one browser become one",
}


def proofs() -> dict[int, list[tuple[str, str]]]:
    """By number, the tests that bear it: file and name, in order."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (match := _NUMBERED.match(node.name)):
                for number in filter(None, match.groups()):
                    found[int(number)].append((str(path.relative_to(ROOT)), node.name))
    return found


def table() -> str:
    """The table, with its marks."""
    found = proofs()
    rows = ["| | What goes wrong elsewhere | What proves that it does not here |", "|---|---|---|"]
    for number, case in CASES.items():
        tests = "<br>".join(f"[`{name}`](../{path})" for path, name in sorted(found[number]))
        rows.append(f"| X{number} | {case} | {tests} |")
    return "\n".join([BEGIN, "", *rows, "", END])


def written(page: str) -> str:
    """The page with the table as it is now. Raises ValueError when the page has no place for it."""
    before, after = page.index(BEGIN), page.index(END) + len(END)
    return page[:before] + table() + page[after:]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
