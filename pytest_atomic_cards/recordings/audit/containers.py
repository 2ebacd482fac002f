"""Opens recordings: files, standard input, and what gzip and zip files contain."""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO, Any, Final, cast

from pytest_atomic_cards.recordings.audit.bodies import LARGEST
from pytest_atomic_cards.recordings.audit.foreign_formats import described_archive
from pytest_atomic_cards.support.errors import CassetteError

STANDARD_INPUT: Final = "-"
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of standard input that are kept in memory; more go to a temporary file."""
_SUFFIXES: Final = (
    (".har",),
    (".jsonl", ".ndjson", ".json", ".yaml", ".yml", ".toml"),
)
"""Names of recordings in a zip file; the later ones only if there is none of the former."""
_LARGEST_RATIO: Final = 300
"""How many times its size a container may unpack to: recordings pack to a hundredth at best, and
gzip reaches a thousandth with nothing but repetitions."""
_FREE: Final = 64 * 1024 * 1024
"""Bytes that any container may unpack to."""
_BROKEN: Final = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError)
"""What libraries raise for damaged and encrypted containers."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that can be read several times.

    Args:
        path: Its file, and the name inside a zip file.
        open: Opens its content.
        size: Bytes of the content; ``None`` if unknown.
        attached: The content of another file beside it; ``None`` if there is none.
    """

    path: Path
    open: Callable[[], IO[bytes]]
    size: int | None = None
    attached: Callable[[str], bytes | None] = lambda _: None


@contextmanager
def recordings_in(path: Path) -> Iterator[list[Recording]]:
    """The recordings in a file; several if it is a zip file.

    Args:
        path: A file; ``-`` for standard input.

    Raises:
        CassetteError: It cannot be opened, or is an archive without a recording.
    """
    if str(path) == STANDARD_INPUT:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
            copyfileobj(sys.stdin.buffer, kept)
            with ExitStack() as opened:
                yield _recordings(Path("standard input"), lambda: _rewound(kept), opened)
        return
    with ExitStack() as opened:
        try:
            found = _recordings(path, lambda: path.open("rb"), opened)
        except OSError as error:
            raise CassetteError(
                f"{path} cannot be read: {error.strerror}; name a readable file"
            ) from None
        yield found


def _rewound(kept: tempfile.SpooledTemporaryFile[bytes]) -> IO[bytes]:
    kept.seek(0)
    return cast("IO[bytes]", io.BufferedReader(_Lasting(kept)))


class _Lasting(io.RawIOBase):
    """A temporary file that stays open when a reader of it is closed."""

    def __init__(self, file: tempfile.SpooledTemporaryFile[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _recordings(
    path: Path, open_file: Callable[[], IO[bytes]], opened: ExitStack
) -> list[Recording]:
    with open_file() as file:
        head = file.read(len(_ZIP))
        size = file.seek(0, io.SEEK_END)
    if head.startswith(_GZIP):
        unpack = partial(_unpacked, partial(_gunzipped, open_file), size)
        return [Recording(path, unpack, None, _beside(path))]
    if head == _ZIP:
        return _in_zip(path, opened.enter_context(open_file()), size)
    return [Recording(path, open_file, size, _beside(path))]


def _gunzipped(open_file: Callable[[], IO[bytes]]) -> IO[bytes]:
    packed = open_file()
    file = gzip.GzipFile(fileobj=packed)
    file.myfileobj = packed  # type: ignore[assignment] # which is closed with it
    return cast("IO[bytes]", file)


def _in_zip(path: Path, file: IO[bytes], size: int) -> list[Recording]:
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise CassetteError(f"{path} is a damaged zip file: {error}; pack it again") from None
    names = [one.filename for one in archive.infolist() if not one.is_dir()]
    known = [name for name in names if (archive.getinfo(name).flag_bits & 1) == 0]
    for suffixes in _SUFFIXES:
        chosen = [name for name in known if PurePosixPath(name).suffix.lower() in suffixes]
        if chosen and not described_archive(names):
            return [
                Recording(
                    path / name,
                    partial(_unpacked, partial(archive.open, name), size),
                    archive.getinfo(name).file_size,
                    partial(_attached, archive, PurePosixPath(name).parent),
                )
                for name in chosen
            ]
    what = described_archive(names) or "a zip file without a recording; name a HAR file"
    raise CassetteError(f"{path} is {what}")


def _attached(archive: zipfile.ZipFile, directory: PurePosixPath, name: str) -> bytes | None:
    try:
        with archive.open(str(directory / name)) as file:
            return file.read(LARGEST)
    except (KeyError, *_BROKEN):
        return None


def _beside(path: Path) -> Callable[[str], bytes | None]:
    def attached(name: str) -> bytes | None:
        if PurePosixPath(name).name != name or "\\" in name:
            return None  # it could be any file of the machine
        try:
            with (path.parent / name).open("rb") as file:
                return file.read(LARGEST)
        except (OSError, ValueError):
            return None

    return attached


def _unpacked(open_file: Callable[[], IO[bytes]], size: int) -> IO[bytes]:
    try:
        unpacked: Any = _Unpacked(open_file(), max(_FREE, size * _LARGEST_RATIO))
    except _BROKEN as error:
        raise ValueError(f"it cannot be unpacked: {error}") from None
    return io.BufferedReader(unpacked)


class _Unpacked(io.RawIOBase):
    """The content of a container, which must not be endless.

    Args:
        file: The content.
        limit: The most bytes that are read.

    Raises:
        ValueError: It is damaged, or larger.
    """

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            content = self._file.read(len(buffer))
        except EOFError:
            raise ValueError("the file ends too early") from None
        except _BROKEN as error:
            raise ValueError(f"it cannot be unpacked: {error}") from None
        self._read += len(content)
        if self._read > self._limit:
            raise ValueError(
                f"it unpacks to more than {_LARGEST_RATIO} times its size; unpack it yourself"
            )
        buffer[: len(content)] = content
        return len(content)

    def tell(self) -> int:
        return self._read

    def close(self) -> None:
        self._file.close()
        super().close()
