"""Keep what the matcher learnt, so that only a changed catalog is learnt anew.

What was learnt depends on nothing but the content and the code, so it is kept where every server and
command of this machine finds it, not with the patients' data.
"""

import asyncio
import hashlib
import os
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import structlog

import intents
from intents.catalog import Catalog
from intents.encoder import Encoder, is_installed, load_encoder
from intents.match import HybridMatcher, Matcher, build_matcher, load_matcher
from intents.similarity import Floats

log = structlog.get_logger()

#: What the learning and its result depend on.
_LEARNING = (
    "characters", "encoder", "features", "learnt", "match", "normalize", "ridge", "semantic",
    "similarity",
)  # fmt: skip
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile)
#: So many catalogs are kept: tests, a second hospital, a content under work.
_KEPT = 4


def learnt_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where what was learnt is kept: DAOYI_CACHE, else the user's cache folder."""
    if chosen := environment.get("DAOYI_CACHE"):
        return Path(chosen)
    home = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", ".")) / ".cache"
    return Path(home) / "daoyi"


def matcher_for(catalog: Catalog, folder: Path) -> Matcher:
    """Return a matcher of `catalog`: loaded from `folder` if it was learnt before, else learnt.

    What cannot be read is learnt again; what cannot be written is only learnt again next time.
    """
    encoder = encoder_in(folder)
    if found := _loaded(_path(catalog, folder), encoder):
        return found
    matcher = build_matcher(catalog.examples(), encoder and _Remembering(encoder, folder))
    _keep(matcher, _path(catalog, folder))
    return matcher


def matcher_at_once(catalog: Catalog, folder: Path) -> Matcher:
    """Return what is ready in a few seconds: what was learnt, else a matcher by characters alone."""
    path = _path(catalog, folder)
    if path.exists() and (found := _loaded(path, encoder_in(folder))):
        return found
    return build_matcher(catalog.examples())


def is_kept(catalog: Catalog, folder: Path) -> bool:
    """Say whether `matcher_for` would only have to load."""
    return _path(catalog, folder).exists()


def is_learnt(matcher: Matcher) -> bool:
    """Say whether there is nothing better to be learnt than `matcher`."""
    return isinstance(matcher, HybridMatcher) or not is_installed()


@lru_cache(maxsize=1)
def encoder_in(folder: Path) -> Encoder | None:
    """Return the model, loaded once, its table kept in `folder`; None where it is not installed."""
    return load_encoder(folder) if is_installed() else None


@dataclass(frozen=True, slots=True)
class Learner:
    """Learns in a process of its own while patients are answered, then swaps.

    Args:
        config: the settings file of this server.
        catalog: what to learn.
        swap: takes the matcher that was learnt.
    """

    config: Path
    catalog: Catalog
    swap: Callable[[Matcher], None]

    async def learn(self) -> None:
        """Learn, and swap; what goes wrong is said in the log, and characters go on standing alone."""
        folder = learnt_folder()
        command = ("-m", "bot", "--config", str(self.config), "intents", "learn")
        child = await asyncio.create_subprocess_exec(
            sys.executable, *command,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            status = await child.wait()
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        path = _path(self.catalog, folder)
        encoder = await asyncio.to_thread(encoder_in, folder)
        matcher = await asyncio.to_thread(_loaded, path, encoder) if status == 0 else None
        if matcher is None:
            log.error("matcher.not_learnt", status=status)
            return
        self.swap(matcher)
        log.info("matcher.learnt", version=self.catalog.version)


class _Remembering:
    """Gives the vectors that an earlier matcher learnt, and asks the model for the others only."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {}
        newest = max(
            folder.glob("matcher-*.npz"), key=lambda path: path.stat().st_mtime, default=None
        )
        earlier = newest and _loaded(newest, encoder)
        if isinstance(earlier, HybridMatcher):
            self._known = earlier.vectors()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a vector a text."""
        new = [text for text in texts if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def _loaded(path: Path, encoder: Encoder | None) -> Matcher | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return load_matcher(dict(arrays), encoder)
    except FileNotFoundError:
        return None
    except _UNREADABLE as exc:
        log.warning("matcher.unreadable", error=type(exc).__name__)
        return None


def _keep(matcher: Matcher, path: Path) -> None:
    draft = path.with_suffix(f".{os.getpid()}.new")
    packed: dict[str, Any] = dict(matcher.pack())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, **packed)
        draft.replace(path)
        kept = sorted(path.parent.glob("matcher-*.npz"), key=lambda one: -one.stat().st_mtime)
        for old in kept[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as exc:
        log.warning("matcher.not_kept", error=type(exc).__name__)
        with suppress(OSError):
            draft.unlink()


def _path(catalog: Catalog, folder: Path) -> Path:
    kind = "meaning" if is_installed() else "characters"
    return folder / f"matcher-{kind}-{catalog.version}-{_code_version()}.npz"


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Return a digest of the code that learns: what other code learnt is not loaded."""
    digest = hashlib.sha256()
    for name in _LEARNING:
        digest.update((Path(next(iter(intents.__path__))) / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]
