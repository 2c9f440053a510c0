"""Whether a sentence says that something is not there, in English or Chinese, and what it says that of.

A refusal counts by its sentence. 'I cannot find any other' and 'not fully visible' are none, nor is 'there is no object
left of the bowl, so the free spot is ...', which concludes a place from what is absent.
"""

import re

_SEEING = (
    r'(?:visible|found|find|see|seen|locate|located|identify|identified|detect|detected|present|exist|appear|shown|show|'
    r'contain|contains|include|includes|recogni[sz]ed?|any|there|in\s+(?:the|this)\s+(?:image|picture|photo|scene|view)|'
    r'in\s+(?:view|sight)|on\s+the\s+image)\b'
)
_ENGLISH = (
    r'(?:\b(?:not|cannot|unable\s+to|fail(?:ed|s)?\s+to|never)|n[\'’]t)\s+(?:(?!fully|entirely|completely|clearly|only|'
    rf'just|wholly|totally)\w+\s+){{0,3}}?{_SEEING}'
    r'|\b(?:there\s+(?:is|are|were|was)|i\s+(?:can\s+)?see|contains?|shows?)\s+(?:no|nothing|none)\b'
    r'|\b(?:no|none\s+of\s+the)\s+(?:\w+\s+){1,4}?(?:is|are|was|were)?\s*'
    r'(?:visible|found|detected|present|seen|shown|exists?|in\s+(?:the|this)\s+(?:image|picture|scene))\b'
    r'|\b(?:is|are|was|were|seems|appears|be)\s+(?:\w+\s+)?(?:missing|absent|invisible|nowhere|out\s+of\s+(?:view|sight|frame))\b'
    r'|\b(?:missing|absent)\s+(?:from|in)\b|\bnot\s+applicable\b|\bno\s+(?:such|sign\s+of)\b'
)
_CHINESE = (
    r'(?:未|没|沒)(?:能|有)?(?:找到|发现|發現|检测|檢測|看到|看见|見到|见到|识别|出现|显示|包含|定位)'
    r'|(?:找|看|检测|识别|定位)不(?:到|见|出|清)|(?:无法|不能|没法|未能)(?:找到|看到|看见|识别|检测|定位|确定|辨认|回答)'
    r'|不存在|不可见|看不清|不在(?:图|画面|场景|视野|这)|(?:不|未)包含|缺失|没有|並沒有|无目标|无此|无该|无相关|无法'
)
_REFUSAL = re.compile(f'{_ENGLISH}|{_CHINESE}', re.IGNORECASE)
# A whole sentence, or a whole label.
_CURT = re.compile(
    r'\W*(?:no(?:ne|thing|where)?|n/?a|null|not\s+(?:found|visible|present|there|here)|unknown|empty|无|沒有|没有|不可见|否)\W*'
    r'|\W*(?:sorry\W+)?no\s+(?!problem|worries|doubt|need|issue|obstacle)(?:\w+\s*){1,4}\W*',
    re.IGNORECASE,
)
# It is about something else, or only about a part.
_OTHER = re.compile(
    r'\b(?:any|no)\s+(?:other|more|further)\b|\b(?:another|anything\s+else|something\s+else|others)\b'
    r'|\bno\s+(?:obstacles?|obstructions?|collisions?|occlusions?|problems?|doubts?|need|issues?)\b'
    r'|其他|别的|其它|另外|障碍|遮挡|碰撞|完全|问题',
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r'[,;\s]\s*(?:and\s+)?(?:so|therefore|thus|hence|which\s+means|consequently)\b|所以|因此|因而|故', re.IGNORECASE
)
_NEGATION = re.compile(r"\b(?:not|cannot|unable|impossible|no)\b|n['’]t\b|无法|不能|没", re.IGNORECASE)
_BOUNDARY = re.compile(r'(?<=[.!?])(?=\s|\Z)|[;。！？；\n]')


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end; a semicolon and a new line end one, too."""
    spans, begin = [], 0
    for match in _BOUNDARY.finditer(text):
        if match.end() > begin:
            spans.append((begin, match.end()))
            begin = match.end()
    return [*spans, (begin, len(text))]


def is_refusal(sentence: str) -> bool:
    """Whether this sentence, or label, says that what was asked for is not there."""
    sentence = sentence[:600]
    if _CURT.fullmatch(sentence):
        return True
    match = _REFUSAL.search(sentence)
    if match is None:
        return False
    if _OTHER.search(sentence[: match.end() + 40]):
        return False
    conclusion = _CONCLUSION.search(sentence, match.end())
    return conclusion is None or bool(_NEGATION.search(sentence, conclusion.end()))


def says_not_there(text: str) -> bool:
    """Whether any sentence of a text without values says that nothing was found."""
    text = text[:2000]
    return any(is_refusal(text[begin:end]) for begin, end in sentences(text))
