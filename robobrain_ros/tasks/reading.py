"""Reading free text that a model wrote: wrappers, refusals, one-line texts, excerpts. All in linear time."""

import re
import unicodedata

from robobrain_ros.tasks.values import Dropped

NUMBER = r'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?'
"""Decimal numbers as models write them: sign, missing decimals ('1.'), missing zero ('.5') and exponent allowed."""
STRING = r"""(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:(?:\\.|(?<=\w)'(?=\w))[^'\\]*)*(?:'(?!\w)|(?<!\w)'))"""
"""A quoted string of JSON or Python; an apostrophe between two letters does not end a single-quoted one."""

_EXCERPT = 120
_REFUSAL = re.compile(
    r"(?:\b(?:not|cannot|unable\s+to|fail(?:ed)?\s+to)|n['’]t)\s+(?:\w+\s+){0,3}?"
    r'(?:visible|found|find|see|seen|locate|located|identify|detect|detected|present|exist|appear|shown|'
    r'in\s+(?:the|this)\s+image)\b'
    r'|\b(?:there\s+(?:is|are|were|was)|i\s+see|contains|shows)\s+no\b'
    r'|\bno\s+(?:\w+\s+){1,4}?(?:is|are|was|were)?\s*(?:visible|found|detected|present|seen|shown)\b'
    r'|\A\W*(?:none|nothing|n/a|not\s+applicable)\W*\Z',
    re.IGNORECASE,
)
_EMPTY_LIST = re.compile(r'\A(?:```(?:json|python)?)?\s*\[\s*\]\s*(?:```)?\Z')
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|.)', re.DOTALL)
_ESCAPED = {'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f'}


def unwrap(answer: str) -> str:
    """The answer proper, without thinking and answer tags, stripped.

    Text behind the first ``</think>`` counts, as in the public RoboBrain 2.0 script; endless thoughts hold no answer.
    """
    _, closed, behind = answer.partition('</think>')
    text = behind if closed else answer.partition('<think>')[0]
    _, opened, inside = text.partition('<answer>')
    return (inside if opened else text).partition('</answer>')[0].strip()


def says_not_found(text: str) -> bool:
    """Whether a text without values says that nothing was found: 'the mug is not visible', or an empty list."""
    return bool(_REFUSAL.search(text[:1000]) or _EMPTY_LIST.match(text))


def drop(text: str, reason: str, repeat: bool = False) -> Dropped:
    """A ``Dropped`` with a text of bearable length: its beginning, literally."""
    return Dropped(text[:_EXCERPT], reason, repeat)


def nothing_in(answer: str, text: str, wanted: str) -> Dropped:
    """The report for an answer without a single candidate; ``text`` is the unwrapped ``answer``."""
    if text:
        return drop(text, f'no {wanted} in the answer')
    return drop(answer.strip(), 'the answer ends inside its thoughts' if '<think>' in answer else 'the answer is empty')


def one_line(text: str) -> str:
    """The text with every run of blanks and control characters as one space; safe for messages and logs."""
    printable = ''.join(' ' if unicodedata.category(c) in ('Cc', 'Cs') else c for c in text)
    return ' '.join(printable.split())


def unquote(token: str) -> str:
    """The value of a ``STRING`` token, its escapes resolved; unknown escapes stand for their character."""

    def resolve(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)

    text = _ESCAPE.sub(resolve, token[1:-1])
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')  # joins \ud83d\ude00, replaces half pairs
