"""What of a person may be read at a glance (PR-04, pure)."""

_PHONE_ENDS = (3, 4)
_DOCUMENT_ENDS = (3, 4)


def masked_name(name: str) -> str:
    """Return the first character and stars: 张**."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"


def masked_phone(phone: str) -> str:
    """Return a phone as 138****1234; short ones are hidden whole."""
    return _ends(phone, *_PHONE_ENDS)


def masked_document(document: str) -> str:
    """Return a document number with its first 3 and last 4 characters."""
    return _ends(document, *_DOCUMENT_ENDS)


def _ends(value: str, first: int, last: int) -> str:
    hidden = len(value) - first - last
    return "*" * len(value) if hidden < 1 else value[:first] + "*" * hidden + value[-last:]
