"""What is wrong with a computed sentence: a superlative without evidence, broken plurals, doubled points, holes."""

from __future__ import annotations

import re
from dataclasses import replace

from bert_explain.analysis.sentence import Piece, Sentence

SUPERLATIVE = re.compile(
    r"\b(most(?! of\b| there\b| wrong\b)|best|least|strongest|longest|shortest|largest|smallest|highest|lowest|nearest|closest"
    r"|furthest|palest|darkest|boldest|faintest|decides|hardest|easiest|commonest|sharpest|most wrong|more than any other"
    r"|no other|more alike than any)\b"
)
UNITS = "words|tokens|pieces|characters|heads|layers|runs|pairs|copies|look-ups|vectors|neurons|sentences|questions|passes|parts"


def wrong_with(said: Sentence | str, fine: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a sentence, apart from what the reader's own text brings into it.

    fine : patterns of phrases that name no leader, though a superlative stands in them.
    """
    if isinstance(said, str):
        text, evidence = said, ()
    else:
        own = {name: "WORD" if isinstance(value, Piece) else value for name, value in said.values.items()}
        text, evidence = replace(said, values=own).plain(), said.evidence
    found = [f"{best} does not lead" for best in evidence if not (best.many > 1 and 0 < best.margin <= best.ahead)]
    found += [
        bad for bad in ("..", "  ", ", ,", *([] if isinstance(said, str) else [" .", " ,"])) if bad in text.replace("…", "")
    ]
    found += re.findall(r"\b(?:nan|None(?! of)|inf|NaN)\b", text)
    found += re.findall(rf"(?<!\.)\b1 (?:{UNITS})\b", text)
    found += re.findall(r"\b(?:the|[Aa]ll|[Ee]ach of the|[Ee]very one of the) 1\b(?! to| of|\.)", text)
    found += re.findall(r"(?<![\w.])-\d|−0\.0+\b", text)
    bare = text
    for phrase in fine:
        bare = re.sub(phrase, "", bare, flags=re.IGNORECASE)
    if (claimed := SUPERLATIVE.findall(bare)) and not evidence:
        found.append(f"claims {claimed} and shows no evidence")
    return found
