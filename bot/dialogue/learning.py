"""Keep what the matcher learnt beside the data, so that only a changed catalog is learnt anew."""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import structlog

import intents
from intents.catalog import Catalog
from intents.match import Matcher, build_matcher, load_matcher

log = structlog.get_logger()


def matcher_for(catalog: Catalog, folder: Path) -> Matcher:
    """Return a matcher of `catalog`: loaded from `folder` if it was learnt before, else learnt.

    What cannot be read is learnt again; what cannot be written is only learnt again next time.
    """
    path = folder / f"matcher-{catalog.version}-{_code_version()}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return load_matcher(dict(arrays))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as exc:
        log.warning("matcher.unreadable", error=type(exc).__name__)
    matcher = build_matcher(catalog.examples())
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("matcher-*.npz"):
            old.unlink(missing_ok=True)
        with draft.open("wb") as file:
            np.savez(file, **matcher.pack())  # type: ignore[arg-type]
        draft.replace(path)
    except OSError as exc:
        log.warning("matcher.not_kept", error=type(exc).__name__)
        draft.unlink(missing_ok=True)
    return matcher


def _code_version() -> str:
    """Return a digest of the code that learns: what other code learnt is not loaded."""
    digest = hashlib.sha256()
    for file in sorted(Path(next(iter(intents.__path__))).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
