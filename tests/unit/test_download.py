# SPDX-License-Identifier: Apache-2.0
"""Downloads from a server that misbehaves: what comes through, what is said, that nothing wrong
is kept."""

import json
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from downloads import (
    FILES,
    KEY,
    artefact,
    fetch,
    noise,
    nothing_kept,
    on_disk,
    sha,
    tarred,
    web,
    zipped,
)
from replica import Answer, replica
from xling.data import answers, http
from xling.data.checksums import read_lock
from xling.data.notes import sum_of
from xling.data.partial import Progress
from xling.errors import DataError, Interrupted, SetupError

ARCHIVE = zipped(FILES)
BIG = noise(300_000)


@pytest.fixture
def site():
    with replica() as server:
        yield server


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """The network is allowed, straight to this machine."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@contextmanager
def at_most(size):
    """No file of this process may be larger: what a full disk or a quota looks like to it.

    Linux answers EFBIG, which is handled as ENOSPC is; a real full disk needs a mount, below.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def text_of(error):
    return str(error.value)


# What comes through


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("toy.zip", ARCHIVE),
        ("toy.tar.gz", tarred(FILES)),
        ("toy.tgz", tarred(FILES)),
        ("toy.tar.bz2", tarred(FILES, "w:bz2")),
        ("toy.tar.xz", tarred(FILES, "w:xz")),
        ("toy.tar", tarred(FILES, "w")),
    ],
)
def test_archives_are_unpacked_and_described(site, tmp_path, name, content):
    note = fetch(artefact(site.serve(f"/{name}?v=1", Answer(content))), tmp_path)
    assert on_disk(tmp_path) == dict(sorted(FILES.items()))
    assert note == json.loads((tmp_path / "data" / f"{KEY}.json").read_text())
    assert (note["bytes"], note["sha256"]) == (len(content), sha(content))
    assert (note["address"], note["rebuilt"]) == (f"{site.address}/{name}?v=1", None)
    assert note["files"] == [
        {"path": path, "bytes": len(FILES[path]), "sha256": sha(FILES[path])}
        for path in sorted(FILES)
    ]
    assert read_lock(tmp_path / "checksums.lock")[KEY].sha256 == sha(content)
    assert not (tmp_path / "data" / ".partial" / KEY).exists()


def test_a_single_file_keeps_its_published_name(site, tmp_path):
    fetch(artefact(site.serve("/a/dev%20set.json", Answer(b' {"a": 1}'))), tmp_path)
    assert on_disk(tmp_path) == {"dev set.json": b' {"a": 1}'}


def test_a_compressed_file_is_unpacked(site, tmp_path):
    import gzip

    fetch(artefact(site.serve("/a.txt.gz", Answer(gzip.compress(b"a\n")))), tmp_path)
    assert on_disk(tmp_path) == {"a.txt": b"a\n"}


def test_a_file_address(tmp_path):
    source = tmp_path / "with blank.zip"
    source.write_bytes(ARCHIVE)
    fetch(artefact(source.as_uri(), sha256=sha(ARCHIVE), bytes=len(ARCHIVE)), tmp_path)
    assert len(on_disk(tmp_path)) == 2
    assert source.exists()
    assert read_lock(tmp_path / "checksums.lock") == {}  # the registry has the sum


def test_what_is_there_is_not_fetched_again(site, tmp_path):
    one = artefact(site.serve("/toy.zip", Answer(ARCHIVE)))
    first = fetch(one, tmp_path)
    assert fetch(one, tmp_path) == first
    assert len(site.requests) == 1


def test_what_is_incomplete_or_has_another_sum_is_fetched_again(site, tmp_path, caplog):
    one = artefact(site.serve("/toy.zip", Answer(ARCHIVE)))
    fetch(one, tmp_path)
    (tmp_path / "data" / KEY / "toy" / "LICENSE").unlink()
    fetch(one, tmp_path)
    assert on_disk(tmp_path) == dict(sorted(FILES.items()))
    assert "LICENSE: is missing" in caplog.text
    other = zipped({"other": b"1"})
    fetch(artefact(site.serve("/toy.zip", Answer(other)), sha256=sha(other)), tmp_path)
    assert on_disk(tmp_path) == {"other": b"1"}


# Servers


def test_404_then_the_mirror(site, tmp_path):
    address = site.serve("/old/toy.zip", Answer(b"gone", 404))
    mirror = site.serve("/new/other-name", Answer(ARCHIVE))
    note = fetch(artefact(address, mirrors=(mirror,)), tmp_path)
    assert note["address"] == mirror
    assert len(on_disk(tmp_path)) == 2
    assert len(site.asked("/old/toy.zip")) == 1  # no second try of what is gone


def test_no_address_works(site, tmp_path):
    address = site.serve("/toy.zip", Answer(b"no", 403))
    with pytest.raises(DataError) as error:
        fetch(artefact(address, mirrors=(site.address + "/gone.zip",)), tmp_path)
    assert f"{address}: HTTP 403 Forbidden" in text_of(error)
    assert "/gone.zip: HTTP 404 Not Found" in text_of(error)
    assert "2 tried" in text_of(error)
    assert nothing_kept(tmp_path)


def test_503_then_success_after_the_time_that_the_server_asks_for(site, tmp_path):
    busy = Answer(b"busy", 503, headers=(("Retry-After", "1"),))
    begun = time.monotonic()
    fetch(artefact(site.serve("/toy.zip", busy, Answer(ARCHIVE))), tmp_path)
    assert time.monotonic() - begun >= 1
    assert [request.status for request in site.requests] == [503, 200]


def test_attempts_and_pauses_are_bounded(site, tmp_path):
    address = site.serve("/toy.zip", Answer(b"busy", 503))
    with pytest.raises(DataError, match="HTTP 503 Service Unavailable \\(attempts: 3\\)"):
        fetch(artefact(address), tmp_path)
    assert len(site.requests) == 3
    address = site.serve("/b.zip", Answer(b"", 429, headers=(("Retry-After", "3600"),)))
    with pytest.raises(DataError, match="asks to come back in 3,600 s"):
        fetch(artefact(address), tmp_path)
    assert len(site.asked("/b.zip")) == 1
    assert nothing_kept(tmp_path)


def test_pauses_grow_and_are_not_all_the_same():
    class Stop(threading.Event):
        def __init__(self):
            super().__init__()
            self.waits = []

        def wait(self, timeout=None):
            self.waits.append(timeout)

    stop = Stop()
    client = http.Web(http.Patience(first_wait=1.0, longest_wait=5.0), stop, jitter=lambda: 0.5)
    for failures in range(1, 6):
        client._pause(answers.AgainError("busy"), failures, "toy")
    assert stop.waits == [0.75, 1.5, 3.0, 3.75, 3.75]
    client._pause(answers.AgainError("busy", wait=4.0), 1, "toy")
    assert stop.waits[-1] == 4.0


def test_retry_after_may_be_a_date():
    from email.utils import formatdate

    assert 50 < answers.retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert answers.retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
    assert answers.retry_after("soon") is None


def test_no_server_at_all(tmp_path):
    with replica() as server:
        address = server.address + "/toy.zip"
    with pytest.raises(SetupError) as error:
        fetch(artefact(address), tmp_path)
    assert "no server can be reached" in text_of(error)
    assert "refused" in text_of(error)
    assert "proxy" in text_of(error)
    assert nothing_kept(tmp_path)


def test_a_server_that_falls_silent(site, tmp_path):
    address = site.serve("/toy.bin", Answer(BIG, cut=1000, hang=True), Answer(BIG))
    fetch(artefact(address), tmp_path, web=web(silence=0.2))
    assert site.requests[1].headers["Range"] == "bytes=1000-"
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_a_redirect_is_followed_but_only_to_the_web(site, tmp_path):
    site.serve("/real/toy.zip", Answer(ARCHIVE))
    address = site.serve("/toy.zip", Answer(b"", 302, headers=(("Location", "/real/toy.zip"),)))
    assert fetch(artefact(address), tmp_path)["address"] == address
    secret = tmp_path / "secret.zip"
    secret.write_bytes(ARCHIVE)
    address = site.serve("/to-file.zip", Answer(b"", 302, headers=(("Location", secret.as_uri()),)))
    with pytest.raises(DataError, match=r"sends us on to file:.*not safe"):
        fetch(artefact(address, key="other"), tmp_path)
    assert nothing_kept(tmp_path, "other")


def test_a_redirect_from_https_to_http_is_refused():
    class Session:
        def get(self, address, **_):
            return type("Response", (), {"close": lambda self: None})()

        def get_redirect_target(self, response):
            return "http://elsewhere/toy.zip"

    with pytest.raises(
        answers.UnavailableError, match=r"http://elsewhere/toy\.zip, which is not safe"
    ):
        web()._open(Session(), "https://here/toy.zip", {})


def test_endless_redirects(site, tmp_path):
    address = site.serve("/a.zip", Answer(b"", 302, headers=(("Location", "/a.zip"),)))
    with pytest.raises(DataError, match="more than 10 times"):
        fetch(artefact(address), tmp_path)


# Interrupted downloads


def test_a_truncated_download_goes_on_where_it_stopped(site, tmp_path):
    address = site.serve("/toy.bin", Answer(BIG, cut=100_000), Answer(BIG))
    fetch(artefact(address, sha256=sha(BIG), bytes=len(BIG)), tmp_path)
    first, second = site.requests
    assert "Range" not in first.headers
    assert second.headers["Range"] == "bytes=100000-"
    assert second.headers["If-Range"] == '"one"'
    assert first.sent + second.sent == len(BIG)  # no byte twice
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_many_interruptions_are_fine_as_long_as_it_goes_on(site, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "NEW_START", 10_000)
    cuts = [Answer(BIG, cut=50_000)] * 5
    fetch(artefact(site.serve("/toy.bin", *cuts, Answer(BIG))), tmp_path)
    assert sum(request.sent for request in site.requests) == len(BIG)
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_a_server_that_always_cuts_is_given_up_and_the_bytes_are_kept(site, tmp_path):
    address = site.serve("/toy.bin", Answer(BIG, cut=100, ranges=False))
    with pytest.raises(DataError, match=r"ended after 0.0 MB of 0.3 MB \(attempts: 3\)"):
        fetch(artefact(address), tmp_path)
    assert nothing_kept(tmp_path, partial=True)
    (part,) = (tmp_path / "data" / ".partial" / KEY).glob("*.part")
    assert part.read_bytes() == BIG[:100]


@pytest.mark.parametrize(
    "second",
    [Answer(BIG, ranges=False), Answer(BIG, etag='"two"')],
    ids=["a server without ranges", "a file that changed"],
)
def test_it_begins_anew_if_it_cannot_go_on(site, tmp_path, second):
    other = noise(400_000)[100_000:]
    address = site.serve("/toy.bin", Answer(other, cut=100_000), second)
    fetch(artefact(address), tmp_path)
    assert [request.status for request in site.requests] == [200, 200]
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_the_wrong_part_is_not_taken(site, tmp_path):
    told = (("Content-Range", "bytes 5-299004/300000"),)  # as many bytes as are missing
    wrong = Answer(BIG[5:299_005], 206, headers=told)
    address = site.serve("/toy.bin", Answer(BIG, cut=1000), wrong, Answer(BIG))
    fetch(artefact(address), tmp_path)
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_a_wrong_mixture_is_fetched_once_more_from_the_beginning(site, tmp_path):
    """A server without ETag whose file changed between two parts, in the same size."""
    old = Answer(bytes(reversed(BIG)), cut=100_000, etag="")
    address = site.serve("/toy.bin", old)
    one = artefact(address, sha256=sha(BIG))
    with pytest.raises(DataError, match="attempts: 1"):
        fetch(one, tmp_path, web=web(attempts=1))
    site.script["/toy.bin"] = [Answer(BIG, etag="")]
    fetch(one, tmp_path)
    assert [request.status for request in site.requests] == [200, 206, 200]
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_an_error_page_in_place_of_the_rest_does_not_cost_what_has_arrived(site, tmp_path):
    page = Answer(QUOTA, headers=(("Content-Type", "text/html"),), ranges=False)
    address = site.serve("/toy.bin", Answer(BIG, cut=100_000), page, Answer(BIG))
    with pytest.raises(DataError, match="quota"):
        fetch(artefact(address), tmp_path)
    fetch(artefact(address), tmp_path)
    assert site.requests[2].headers["Range"] == "bytes=100000-"
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def process(one, root):
    """A process of its own that fetches an artefact."""
    program = (
        "import sys; from pathlib import Path; from downloads import fetch, artefact; import json;"
        "fetch(artefact(sys.argv[1]), Path(sys.argv[2]))"
    )
    tests = __file__.rsplit("/", 2)[0]
    return subprocess.Popen(
        [sys.executable, "-c", program, one.address, str(root)],
        cwd=tests,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_kill_minus_nine_and_going_on(site, tmp_path):
    one = artefact(site.serve("/toy.bin", Answer(BIG, cut=200_000, hang=True), Answer(BIG)))
    killed = process(one, tmp_path)
    work = tmp_path / "data" / ".partial" / KEY
    wait_for(lambda: any(p.stat().st_size == 200_000 for p in work.glob("*.part")))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert nothing_kept(tmp_path, partial=True)
    fetch(one, tmp_path)
    assert site.requests[1].headers["Range"] == "bytes=200000-"
    assert site.requests[0].sent + site.requests[1].sent == len(BIG)
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_killed_after_the_last_byte(site, tmp_path):
    one = artefact(site.serve("/toy.bin", Answer(BIG)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xling.data.download.check_kind", lambda *_: (_ for _ in ()).throw(KeyError))
        with pytest.raises(KeyError):
            fetch(one, tmp_path)
    fetch(one, tmp_path)
    assert len(site.requests) == 1
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_two_processes_at_once(site, tmp_path):
    one = artefact(site.serve("/toy.bin", Answer(BIG, slow=0.3)))
    both = [process(one, tmp_path) for _ in range(2)]
    errors = [each.communicate()[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], errors
    assert len(site.requests) == 1  # the second one waited and found it there
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_a_stop_keeps_what_has_arrived(site, tmp_path):
    one = artefact(site.serve("/toy.bin", Answer(BIG, slow=0.2), Answer(BIG)))
    client = web()
    threading.Timer(0.3, client.stop.set).start()
    with pytest.raises(Interrupted, match=r"the download of toy-1\.0 stopped"):
        fetch(one, tmp_path, web=client)
    assert nothing_kept(tmp_path, partial=True)
    fetch(one, tmp_path)
    assert site.requests[1].status == 206
    assert on_disk(tmp_path) == {"toy.bin": BIG}


# Wrong content


def test_a_wrong_checksum(site, tmp_path):
    with pytest.raises(DataError) as error:
        fetch(artefact(site.serve("/toy.zip", Answer(ARCHIVE)), sha256="0" * 64), tmp_path)
    assert f"its sha256 is {sha(ARCHIVE)}, the registry says {'0' * 64}" in text_of(error)
    assert nothing_kept(tmp_path)


def test_a_wrong_checksum_then_the_mirror(site, tmp_path):
    address = site.serve("/toy.zip", Answer(zipped({"wrong": b""})))
    mirror = site.serve("/mirror.zip", Answer(ARCHIVE))
    note = fetch(artefact(address, mirrors=(mirror,), sha256=sha(ARCHIVE)), tmp_path)
    assert note["address"] == mirror
    assert "wrong" not in on_disk(tmp_path)


@pytest.mark.parametrize("length", [True, False], ids=["told beforehand", "found afterwards"])
def test_a_wrong_size(site, tmp_path, length):
    address = site.serve("/toy.zip", Answer(ARCHIVE, length=length))
    with pytest.raises(DataError, match=rf"{len(ARCHIVE)} bytes, the registry says 7"):
        fetch(artefact(address, bytes=7), tmp_path)
    assert nothing_kept(tmp_path)


QUOTA = b"""<!DOCTYPE html><html><head><title>Toy - Quota exceeded</title>
<script>var login = 1;</script></head><body>Sorry, too many users viewed this file.</body></html>"""
LOGIN = b"<html><head><title>Our repository</title></head><body>Please sign in.</body></html>"
S3 = b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>'


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (QUOTA, "text/html", "HTML page .*quota of the file is used up; .*'Toy - Quota exceeded'"),
        (QUOTA, "application/zip", "HTML page instead of the file: the download quota"),
        (LOGIN, "text/html; charset=utf-8", "has to log in first; its title is 'Our repository'"),
        (b"hello", "text/html", "HTML page instead of the file: it has no title"),
        (S3, "application/xml", "error page of the server instead of the file: AccessDenied"),
        (b"", "application/zip", "the file is empty"),
        (b"not a zip", "application/zip", "this is not a zip archive: it begins with b'not a zip'"),
    ],
)
def test_something_else_instead_of_a_zip(site, tmp_path, body, kind, words):
    answer = Answer(body, headers=(("Content-Type", kind),))
    with pytest.raises(DataError, match=words):
        fetch(artefact(site.serve("/toy.zip", answer)), tmp_path)
    assert nothing_kept(tmp_path)


def test_a_page_instead_of_json_or_text(site, tmp_path):
    for name in ("toy.json", "toy.tsv"):
        with pytest.raises(DataError, match="HTML page instead of the file"):
            fetch(artefact(site.serve(f"/{name}", Answer(LOGIN))), tmp_path)
    with pytest.raises(DataError, match="not a JSON file"):
        fetch(artefact(site.serve("/toy.json", Answer(b"a,b\n"))), tmp_path)
    assert nothing_kept(tmp_path)


def test_a_server_that_compresses_although_asked_not_to(site, tmp_path):
    answer = Answer(b"whatever", headers=(("Content-Encoding", "gzip"),))
    with pytest.raises(DataError, match="compresses the file although"):
        fetch(artefact(site.serve("/toy.tsv", answer)), tmp_path)
    packed = tarred(FILES)
    answer = Answer(packed, headers=(("Content-Encoding", "x-gzip"),))
    fetch(artefact(site.serve("/toy.tgz", answer)), tmp_path)
    assert len(on_disk(tmp_path)) == 2


def test_a_bad_archive_then_the_mirror(site, tmp_path):
    address = site.serve("/toy.zip", Answer(ARCHIVE[:-30]))
    mirror = site.serve("/mirror.zip", Answer(ARCHIVE))
    assert fetch(artefact(address, mirrors=(mirror,)), tmp_path)["address"] == mirror


def test_a_bad_archive_is_not_kept_nor_recorded(site, tmp_path):
    for name, content in (("a.zip", zipped({"../a": b"1"})), ("a.tgz", tarred(FILES)[:-9])):
        with pytest.raises(DataError, match=r"outside its folder|damaged or cut off"):
            fetch(artefact(site.serve(f"/{name}", Answer(content))), tmp_path)
        assert nothing_kept(tmp_path)
    assert not (tmp_path / "data" / ".partial" / "a").exists()


# Recorded sums


def test_a_recorded_checksum_that_changes_later(site, tmp_path):
    one = artefact(site.serve("/toy.zip", Answer(ARCHIVE)))
    fetch(one, tmp_path)
    lock = (tmp_path / "checksums.lock").read_text()
    (tmp_path / "data" / f"{KEY}.json").unlink()
    other = zipped({"new": b"1"})
    site.serve("/toy.zip", Answer(other))
    with pytest.raises(DataError) as error:
        fetch(one, tmp_path)
    date = read_lock(tmp_path / "checksums.lock")[KEY].date
    assert f"sha256 is {sha(other)} ({len(other)} bytes), recorded on {date}" in text_of(error)
    assert f"was {sha(ARCHIVE)} ({len(ARCHIVE)} bytes)" in text_of(error)
    assert f"xling fetch --accept-changed {KEY}" in text_of(error)
    assert (tmp_path / "checksums.lock").read_text() == lock
    assert on_disk(tmp_path) == dict(sorted(FILES.items()))  # the old files, without a note
    fetch(one, tmp_path, accept_changed=True)
    assert read_lock(tmp_path / "checksums.lock")[KEY].sha256 == sha(other)
    assert on_disk(tmp_path) == {"new": b"1"}
    assert fetch(one, tmp_path)["sha256"] == sha(other)


def test_the_lock_is_sorted_and_each_line_is_understood(site, tmp_path):
    for key in ("b", "a", "c"):
        fetch(artefact(site.serve(f"/{key}.zip", Answer(ARCHIVE)), key=key), tmp_path)
    path = tmp_path / "checksums.lock"
    lines = path.read_text().splitlines()[1:]
    assert [line.split()[2] for line in lines] == ["a", "b", "c"]
    assert lines[0].startswith(f"{sha(ARCHIVE)}  {len(ARCHIVE)}  a  20")
    path.write_text("oops\n")
    with pytest.raises(DataError, match="recorded checksums cannot be read"):
        fetch(artefact(site.address + "/a.zip", key="a"), tmp_path)


# Room


def test_the_disk_is_full(site, tmp_path):
    one = artefact(site.serve("/toy.bin", Answer(BIG)))
    with at_most(100_000), pytest.raises(SetupError) as error:
        fetch(one, tmp_path)
    assert "toy-1.0 does not fit on the disk" in text_of(error)
    assert "needed: 0.3 MB; free: " in text_of(error)
    assert nothing_kept(tmp_path, partial=True)
    fetch(one, tmp_path)
    assert site.requests[1].headers["Range"] == "bytes=100000-"
    assert on_disk(tmp_path) == {"toy.bin": BIG}


def test_the_disk_is_full_while_unpacking(site, tmp_path):
    one = artefact(site.serve("/toy.zip", Answer(zipped({"a": b"a" * 300_000}))))
    with at_most(100_000), pytest.raises(SetupError) as error:
        fetch(one, tmp_path)
    assert "the content of toy.zip does not fit on the disk" in text_of(error)
    assert "needed: 0.3 MB" in text_of(error)
    assert nothing_kept(tmp_path, partial=True)
    fetch(one, tmp_path)
    assert len(site.requests) == 1  # the archive itself was kept
    assert on_disk(tmp_path) == {"a": b"a" * 300_000}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 KB, where the system lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no 'mount'")
    if done.returncode:
        pytest.skip(f"no file system can be mounted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("length", "words"),
    [(True, "needed: 0.3 MB; free: 0.2 MB"), (False, "No space left on device")],
    ids=["told beforehand", "found out"],
)
def test_a_small_file_system(site, small_disk, length, words):
    one = artefact(site.serve("/toy.bin", Answer(BIG, length=length)))
    with pytest.raises(SetupError, match=words):
        fetch(one, small_disk)
    assert nothing_kept(small_disk, partial=True)
    begun = list((small_disk / "data" / ".partial" / KEY).glob("*.part"))
    assert bool(begun) != length  # not a byte is written if it cannot fit


# By hand, rebuilt, offline


def manual(**changes):
    values = {"address": "https://example.org/toy.zip", "how": "manual", "note": "log in there"}
    return artefact(**(values | changes))


def test_a_manual_row_says_what_to_put_where(tmp_path):
    with pytest.raises(DataError) as error:
        fetch(manual(sha256=sha(ARCHIVE), bytes=1234), tmp_path)
    text = text_of(error)
    assert error.value.exit_code == 3
    assert "has to be put in place by hand" in text
    assert f"{tmp_path}/data/{KEY}/" in text
    assert f"toy.zip, 1,234 bytes, sha256 {sha(ARCHIVE)}" in text
    assert f"log in there; then run 'xling fetch --dataset {KEY}'" in text
    assert nothing_kept(tmp_path)


def test_a_placed_archive_is_verified_and_unpacked(tmp_path):
    folder = tmp_path / "data" / KEY
    folder.mkdir(parents=True)
    (folder / "toy.zip").write_bytes(ARCHIVE)
    for _ in range(2):
        note = fetch(manual(), tmp_path)
        assert (note["sha256"], note["address"]) == (sha(ARCHIVE), "placed by hand")
        assert on_disk(tmp_path) == dict(sorted((FILES | {"toy.zip": ARCHIVE}).items()))
        (tmp_path / "data" / f"{KEY}.json").unlink()
    (folder / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match=r"mine\.txt lies beside it and is not in it"):
        fetch(manual(), tmp_path)
    assert (folder / "mine.txt").read_text() == "precious"


def test_files_added_by_hand_later_are_noticed(tmp_path):
    folder = tmp_path / "data" / KEY
    folder.mkdir(parents=True)
    (folder / "de.tsv").write_bytes(b"1\n")
    fetch(manual(), tmp_path)
    (folder / "fr.tsv").write_bytes(b"2\n")
    with pytest.raises(DataError, match=r"it changed: its sha256 is"):
        fetch(manual(), tmp_path)
    note = fetch(manual(), tmp_path, accept_changed=True)
    assert [file["path"] for file in note["files"]] == ["de.tsv", "fr.tsv"]


def test_a_kill_between_two_renames_loses_nothing(tmp_path):
    old = tmp_path / "data" / ".partial" / KEY / "old"
    old.mkdir(parents=True)
    (old / "toy.zip").write_bytes(ARCHIVE)
    fetch(manual(), tmp_path)
    assert on_disk(tmp_path) == dict(sorted((FILES | {"toy.zip": ARCHIVE}).items()))


def test_a_link_among_placed_files_is_refused(tmp_path):
    folder = tmp_path / "data" / KEY
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(b"1")
    (folder / "a.tsv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="a link among downloaded files"):
        fetch(manual(), tmp_path)


def test_a_placed_file_that_is_wrong_stays_and_is_named(tmp_path):
    folder = tmp_path / "data" / KEY
    folder.mkdir(parents=True)
    for content, words in ((LOGIN, "HTML page"), (ARCHIVE, "its sha256 is"), (b"PK", "not a zip")):
        (folder / "toy.zip").write_bytes(content)
        with pytest.raises(DataError, match=f"placed for {KEY} is not the right one: .*{words}"):
            fetch(manual(sha256="0" * 64), tmp_path)
        assert on_disk(tmp_path) == {"toy.zip": content}
        assert not (tmp_path / "data" / f"{KEY}.json").exists()


def test_unpacked_files_are_taken_as_they_are_and_held_to(tmp_path):
    folder = tmp_path / "data" / KEY
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.tsv").write_bytes(b"1\n")
    (folder / "b.tsv").write_bytes(b"2\n")
    note = fetch(manual(address="https://drive.google.com/drive/folders/1Rdb"), tmp_path)
    lines = f"{sha(b'2' + bytes([10]))}  b.tsv\n{sha(b'1' + bytes([10]))}  sub/a.tsv\n"
    assert (note["sha256"], note["bytes"]) == (sha(lines.encode()), 4)
    assert note["address"] == "unpacked by hand"
    assert list(read_lock(tmp_path / "checksums.lock")) == [f"{KEY}+unpacked"]
    (tmp_path / "data" / f"{KEY}.json").unlink()
    (folder / "b.tsv").write_bytes(b"3\n")
    with pytest.raises(DataError, match="it changed"):
        fetch(manual(address=""), tmp_path)
    assert fetch(manual(address=""), tmp_path, accept_changed=True)["files"][0]["path"] == "b.tsv"


@pytest.fixture
def rebuilders(monkeypatch):
    """Stand-in for the module of rebuilders: ``toy`` joins two downloads into one file."""
    module = type(sys)("xling.data.rebuild")
    module.REBUILDERS = {}
    monkeypatch.setitem(sys.modules, "xling.data.rebuild", module)
    return module.REBUILDERS


def test_a_mirror_in_another_form(site, tmp_path, rebuilders):
    parts = [site.serve(f"/{i}.txt", Answer(b"busy", 503), Answer(b"%d\n" % i)) for i in (1, 2)]

    def toy(fetch_bytes, folder):
        texts = []
        for i, address in enumerate(parts):
            fetch_bytes(address, folder.parent / f"{i}.txt")
            texts.append((folder.parent / f"{i}.txt").read_bytes())
        (folder / "both.txt").write_bytes(b"".join(texts))

    rebuilders["toy"] = toy
    page = site.serve("/share/d3KGCRC", Answer(b"no file"))
    one = artefact(page, mirrors=("rebuild:toy",), sha256="0" * 64)
    note = fetch(one, tmp_path)
    assert on_disk(tmp_path) == {"both.txt": b"1\n2\n"}
    assert (note["rebuilt"], note["bytes"]) == ("toy", 4)
    assert note["sha256"] == sum_of(note["files"])[0]
    assert list(read_lock(tmp_path / "checksums.lock")) == [f"{KEY}+rebuilt"]
    assert site.asked("/share/d3KGCRC") == []
    asked = len(site.requests)
    assert fetch(one, tmp_path) == note
    assert len(site.requests) == asked


def test_a_rebuilder_that_fails_or_gives_nothing(site, tmp_path, rebuilders):
    def damaged(fetch_bytes, folder):
        raise DataError("the copy has other columns", fix="tell the authors")

    rebuilders.update(damaged=damaged, empty=lambda fetch_bytes, folder: None)
    mirrors = ("rebuild:damaged", "rebuild:empty")
    with pytest.raises(DataError) as error:
        fetch(artefact(site.address + "/gone.zip", mirrors=mirrors), tmp_path)
    assert "rebuild:damaged: the copy has other columns" in text_of(error)
    assert "rebuild:empty: the rebuilder empty gave no files" in text_of(error)
    assert "tell the authors" in text_of(error)
    assert nothing_kept(tmp_path)


def test_offline_nothing_touches_the_network(site, tmp_path, monkeypatch):
    one = artefact(site.serve("/toy.zip", Answer(ARCHIVE)))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SetupError) as error:
        fetch(one, tmp_path)
    assert "a download is needed and the network is forbidden" in text_of(error)
    assert "HF_HUB_OFFLINE=1" in text_of(error)
    assert site.requests == []
    assert nothing_kept(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    note = fetch(one, tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch(one, tmp_path) == note  # what is there needs no network


def test_progress_tells_bytes_rate_and_time_left(caplog):
    progress = Progress("toy", have=10_000_000, total=40_000_000, every=0.0)
    with caplog.at_level("INFO", logger="xling"):
        progress.add(10_000_000)
    assert progress.line(2.0) == "toy: 20.0 MB of 40.0 MB (50 %), 5.0 MB/s, 4 s left"
    assert "toy: 20.0 MB of 40.0 MB (50 %)" in caplog.text
    assert Progress("toy", 0, None).line(1.0) == "toy: 0.0 MB, 0.0 MB/s"
