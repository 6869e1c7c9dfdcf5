"""The text of a file that somebody saved from a spreadsheet or an editor."""

from bot.hospital.problems import HospitalDataError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\x00"))


def decode(data: bytes, file: str) -> str:
    """Return the text of a file saved by a spreadsheet, in whichever of the usual encodings."""
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            return data.decode(encoding).translate(_INVISIBLE)
        except UnicodeDecodeError:
            continue
    raise HospitalDataError([f"{file}: the text is neither UTF-8 nor GB18030 (save as CSV UTF-8)"])
