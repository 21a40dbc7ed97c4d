# SPDX-License-Identifier: Apache-2.0
"""Archives that are dangerous, damaged or cut off: each is refused, and why is said."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile

import pytest

from downloads import FILES, noise, tarred, zipped
from xling.data.archives import Limits, is_archive, unpack
from xling.data.contents import WrongFileError


def unpacked(tmp_path, name, content, limits=None):
    """Unpack into a folder and return its files; nothing may appear beside it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    folder = tmp_path / "around" / "out"
    folder.mkdir(parents=True)
    try:
        unpack(tmp_path / "in" / name, name, folder, limits)
    finally:
        assert [p.name for p in (tmp_path / "around").iterdir()] == ["out"]
        assert not any(p.is_symlink() for p in folder.rglob("*"))
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def tar_with(**fields):
    """A tar archive with one good file and one member that is not."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        good = tarfile.TarInfo("good.txt")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"good"))
        bad = tarfile.TarInfo("bad")
        for name, value in fields.items():
            setattr(bad, name, value)
        archive.addfile(bad)
    return stream.getvalue()


def zip_with(name="bad", mode=stat.S_IFREG, content=b"/etc/passwd"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("good.txt", b"good")
        info = zipfile.ZipInfo(name)
        info.filename = name  # the constructor would tidy it up
        info.external_attr = (mode | 0o644) << 16
        archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", zip_with("../bad"), "outside its folder: '../bad'"),
        ("a.zip", zip_with("x/../../bad"), "outside its folder"),
        ("a.zip", zip_with("/bad"), "absolute path: '/bad'"),
        ("a.zip", zip_with("C:/bad"), "absolute path"),
        ("a.zip", zip_with("..\\bad"), "strange name"),
        ("a.zip", zip_with("a\nb"), "strange name"),
        ("a.zip", zip_with(mode=stat.S_IFLNK), "link or device: 'bad'"),
        ("a.zip", zip_with(mode=stat.S_IFCHR), "link or device"),
        ("a.zip", zip_with("good.txt/x"), "two members of one name"),
        ("a.tar", tar_with(name="../bad"), "outside its folder: '../bad'"),
        ("a.tar", tar_with(name="/bad"), "absolute path: '/bad'"),
        ("a.tar", tar_with(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "link or device: 'bad'"),
        ("a.tar", tar_with(type=tarfile.LNKTYPE, linkname="good.txt"), "link or device"),
        ("a.tar", tar_with(type=tarfile.CHRTYPE), "link or device"),
        ("a.tar", tar_with(type=tarfile.FIFOTYPE), "link or device"),
        ("a.tar", tar_with(name="good.txt"), "two members of one name"),
    ],
)
def test_dangerous_members(tmp_path, name, content, words):
    with pytest.raises(WrongFileError, match=words):
        unpacked(tmp_path, name, content)


def test_an_encrypted_archive(tmp_path):
    content = bytearray(zipped({"a": b"1"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(WrongFileError, match="encrypted"):
        unpacked(tmp_path, "a.zip", bytes(content))


BOMB = {"zeros": b"\0" * 3_000_000}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped(BOMB)),
        ("a.tar.gz", tarred(BOMB)),
        ("a.tar.bz2", tarred(BOMB, "w:bz2")),
        ("a.gz", gzip.compress(BOMB["zeros"])),
    ],
)
@pytest.mark.parametrize(
    "limits",
    [Limits(small=1_000_000), Limits(total=2_000_000)],
    ids=["by its ratio", "by its size"],
)
def test_archive_bombs(tmp_path, name, content, limits):
    with pytest.raises(WrongFileError, match=r"unpacks to more than [12]\.0 MB"):
        unpacked(tmp_path, name, content, limits)
    written = sum(p.stat().st_size for p in (tmp_path / "around").rglob("*") if p.is_file())
    assert written <= 2_000_000


def test_a_bomb_that_lies_about_its_size(tmp_path):
    content = bytearray(zipped(BOMB))
    real = len(BOMB["zeros"]).to_bytes(4, "little")
    for place in (content.index(real), content.rindex(real)):
        content[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(WrongFileError, match="damaged"):
        unpacked(tmp_path, "a.zip", bytes(content))


def test_too_many_members(tmp_path):
    files = {f"{i}": b"" for i in range(11)}
    with pytest.raises(WrongFileError, match="more than 10 members"):
        unpacked(tmp_path, "a.zip", zipped(files), Limits(members=10))


def test_real_text_is_no_bomb(tmp_path):
    text = b"".join(b"%d\tsome words that come again and again\n" % i for i in range(50_000))
    assert unpacked(tmp_path, "a.tgz", tarred({"t": text}), Limits(small=1000)) == {"t": text}


# Every cut of a small archive, and damage anywhere in it.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped(FILES)),
        ("a.tar.gz", tarred(FILES)),
        ("a.tar.bz2", tarred(FILES, "w:bz2")),
        ("a.tar.xz", tarred(FILES, "w:xz")),
        ("a.gz", gzip.compress(b"text", mtime=0)),
        ("a.bz2", bz2.compress(b"text")),
        ("a.xz", lzma.compress(b"text")),
    ],
)
def test_cut_off_anywhere(tmp_path, name, content):
    for size in range(1, len(content)):
        path = tmp_path / str(size)
        path.mkdir()
        with pytest.raises(WrongFileError, match=r"damaged|cut off"):
            unpacked(path, name, content[:size])


def test_a_plain_tar_cut_off_between_members(tmp_path):
    content = tarred({"a": noise(700), "b": noise(100)}, "w")
    end = 512 + 1024 + 512 + 512  # two headers, two contents; then zeros
    assert content[end:].strip(b"\0") == b""
    for size in (600, 1024, 1536, 1600, 2048, 2100, end, end + 512, end + 1023):
        (tmp_path / str(size)).mkdir()
        with pytest.raises(WrongFileError, match=r"damaged|cut off"):
            unpacked(tmp_path / str(size), "a.tar", content[:size])
    assert len(unpacked(tmp_path, "a.tar", content[: end + 1024])) == 2


def test_a_plain_tar_with_a_damaged_header(tmp_path):
    """tarfile takes it for the end of the archive and says nothing."""
    content = bytearray(tarred({"a": noise(700), "b": noise(100)}, "w"))
    content[1536 + 150] ^= 1  # within the checksum of the second header
    with pytest.raises(WrongFileError, match="damaged after byte 1,536"):
        unpacked(tmp_path, "a.tar", bytes(content))


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_damage_in_the_content(tmp_path, name):
    files = {"a": noise(5000)}
    content = bytearray(zipped(files, zipfile.ZIP_STORED) if name == "a.zip" else tarred(files))
    content[len(content) // 2] ^= 1
    with pytest.raises(WrongFileError, match="damaged"):
        unpacked(tmp_path, name, bytes(content))


def test_folders_are_members_too(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in (".", "./empty", "./full"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        info = tarfile.TarInfo("./full/ä b.txt")
        archive.addfile(info)
    assert unpacked(tmp_path, "a.tar", stream.getvalue()) == {"full/ä b.txt": b""}
    assert (tmp_path / "around" / "out" / "empty").is_dir()


def test_what_is_an_archive():
    archives = "a.zip a.tar a.tgz a.tar.gz a.TAR.BZ2 a.tbz2 a.tar.xz a.json.gz a.txt.bz2 a.xz"
    assert all(map(is_archive, archives.split()))
    assert not any(map(is_archive, "a.json a.tsv a.conllu a.parquet target.txt".split()))
