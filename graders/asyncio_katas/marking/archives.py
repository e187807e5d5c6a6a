"""Files inside folders and archives, read without ever being written anywhere.

Nothing is unpacked, so no member can land outside a folder, and no link is followed. Only files whose names are asked
for are read, each up to a limit; what an archive may cost on the whole is limited too.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

# What the whole of one submission may hold; a semester's repository is far below both.
MAX_ENTRIES = 20_000
MAX_BYTES = 256_000_000
# The same limit as for an answer that a learner has on disk.
MAX_FILE_BYTES = 1_000_000
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
# Where no answer lies: tools, caches, what an operating system adds, and everything hidden.
_SKIPPED = {"__MACOSX", "__pycache__", "node_modules", "site-packages", "venv", "env"}


class Unreadable(Exception):  # noqa: N818 - a fact about a submission, not an error of the program
    """A submission cannot be looked at; the text says why, as a template filled from `values`."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format_map(values))
        self.template, self.values = template, values


@dataclass(frozen=True)
class Found:
    """A file with a name that was asked for. `content` is None where it is no file, or one above the limit."""

    path: str
    content: bytes | None
    why: str = ""


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is an archive that can be read."""
    return path.name.lower().endswith(_SUFFIXES)


def stem(path: Path) -> str:
    """Return an archive's name without what says that it is one."""
    suffix = next(suffix for suffix in sorted(_SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(suffix))
    return path.name[: -len(suffix)]


def in_folder(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Found]:
    """Give every wanted file below a folder, also from archives that lie in it."""
    entries = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_skipped(name))
        entries += len(folders) + len(files)
        if entries > MAX_ENTRIES:
            raise Unreadable("It holds more than {most} files.", most=MAX_ENTRIES)
        for name in sorted(files):
            path = Path(place, name)
            inside = path.relative_to(folder).as_posix()
            if wanted(name):
                yield _on_disk(path, inside)
            elif is_archive(path) and not name.startswith(".") and not path.is_symlink() and path.is_file():
                for found in in_archive(path, wanted):
                    yield Found(f"{inside}/{found.path}", found.content, found.why)


def in_archive(path: Path, wanted: Callable[[str], bool]) -> Iterator[Found]:
    """Give every wanted file of a zip or tar archive."""
    try:
        yield from _zipped(path, wanted) if zipfile.is_zipfile(path) else _tarred(path, wanted)
    except (OSError, EOFError, RuntimeError, ValueError, NotImplementedError, tarfile.TarError) as error:
        raise Unreadable("The archive {name} cannot be read: {error}", name=path.name, error=error) from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, lzma.LZMAError, OverflowError, MemoryError) as error:
        raise Unreadable("The archive {name} cannot be read: {error}", name=path.name, error=error) from None


def is_answerable(path: str) -> bool:
    """Tell whether an answer may lie at this path of a submission."""
    return not any(_is_skipped(part) for part in PurePosixPath(path).parts[:-1])


def _is_skipped(name: str) -> bool:
    return name in _SKIPPED or (name.startswith(".") and name not in {".", ".."})


def _on_disk(path: Path, inside: str) -> Found:
    if path.is_symlink():
        return Found(inside, None, "is a link")
    if not path.is_file():
        return Found(inside, None, "is no regular file")
    with path.open("rb") as stream:
        return _limited(stream, inside)


def _limited(stream: IO[bytes], inside: str) -> Found:
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        return Found(inside, None, "is too large to be an answer")
    return Found(inside, content)


def _zipped(path: Path, wanted: Callable[[str], bool]) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_ENTRIES:
            raise Unreadable("It holds more than {most} files.", most=MAX_ENTRIES)
        read = 0
        for member in members:
            inside = _inside(member.filename)
            if member.is_dir() or not wanted(PurePosixPath(inside).name) or not is_answerable(inside):
                continue
            # The upper half is the mode a file had on Unix; 0o12 is a link.
            if member.external_attr >> 28 == 0o12:
                yield Found(inside, None, "is a link")
                continue
            with archive.open(member) as stream:
                found = _limited(stream, inside)
            # The sizes an archive states may be lies; what has been read is not.
            read += MAX_FILE_BYTES if found.content is None else len(found.content)
            if read > MAX_BYTES:
                raise Unreadable("It holds more than {most} bytes.", most=MAX_BYTES)
            yield found


def _tarred(path: Path, wanted: Callable[[str], bool]) -> Iterator[Found]:
    with ExitStack() as stack:
        stream = stack.enter_context(_Capped(_decompressed(path, stack), MAX_BYTES))
        archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        for count, member in enumerate(archive):
            if count >= MAX_ENTRIES:
                raise Unreadable("It holds more than {most} files.", most=MAX_ENTRIES)
            inside = _inside(member.name)
            if member.isdir() or not wanted(PurePosixPath(inside).name) or not is_answerable(inside):
                continue
            content = archive.extractfile(member) if member.isreg() else None
            yield _limited(content, inside) if content else Found(inside, None, "is a link, or no regular file")


def _inside(name: str) -> str:
    """Return a member's name as a path that is only ever shown: it is never joined to a folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    return "/".join(parts) or "?"


def _decompressed(path: Path, stack: ExitStack) -> Stream:
    with path.open("rb") as stream:
        start = stream.read(6)
    if start.startswith(b"\x1f\x8b"):
        return stack.enter_context(gzip.GzipFile(path))
    if start.startswith(b"BZh"):
        return stack.enter_context(bz2.BZ2File(path))
    if start == b"\xfd7zXZ\x00":
        return stack.enter_context(lzma.LZMAFile(path))
    return stack.enter_context(path.open("rb"))


class Stream(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


class _Capped(io.RawIOBase):
    """A stream that gives no more than so many bytes, however small the archive they come from."""

    def __init__(self, stream: Stream, most: int) -> None:
        super().__init__()
        self._stream, self._left, self._most = stream, most, most

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, as far as the limit allows."""
        piece = self._stream.read(min(len(buffer), self._left + 1))
        if len(piece) > self._left:
            raise Unreadable("It holds more than {most} bytes.", most=self._most)
        self._left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; a header that claims to be huge gets no further than the limit."""
        piece = self._stream.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        if len(piece) > self._left:
            raise Unreadable("It holds more than {most} bytes.", most=self._most)
        self._left -= len(piece)
        return piece
