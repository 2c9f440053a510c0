"""Traditional Chinese characters as simplified ones, so that one list of words serves both."""

_PAIRS = (
    '沒没無无圖图發发現现檢检測测偵侦見见識识別别畫画視视場场顯显確确認认並并當当與与點点軌轨跡迹邊边標标範范圍围參参'
    '障障礙碍體体對对這这裡里於于為为該该個个關关結结輸输動动計计劃划驟骤處处後后從从開开間间說说準准觀观備备註注'
    '機机將将讓让請请張张來来過过還还閉闭應应據据訊讯獲获實实難难題题會会樣样幾几總总寫写釋释東东兩两盤盘紅红綠绿藍蓝'
)
_SIMPLIFIED = {ord(old): new for old, new in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)}


def simplified(text: str) -> str:
    """The text with simplified characters where it has traditional ones; as long as ``text``."""
    return text.translate(_SIMPLIFIED)
