# SPDX-License-Identifier: Apache-2.0
"""The lists of packages that translation needs: pip's, and conda's with an older Python."""

import ast
import re
import subprocess
import sys
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from xling.config.loader import repository_root
from xling.mt.fairseq.compat import SUPPORTED

ROOT = repository_root()
PACKAGE = ROOT / "workflow"
# New in the standard library of Python 3.11; conda's fairseq runs on 3.10.
NEW_IN_311 = {"Self", "StrEnum", "UTC", "assert_never", "chdir", "tomllib", "ExceptionGroup"}


def pins(name):
    lines = (ROOT / "envs" / name).read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]
    assert all(len(one.specifier) == 1 and "==" in str(one.specifier) for one in wanted)
    return {canonicalize_name(one.name) for one in wanted}, wanted


def conda():
    return yaml.safe_load((ROOT / "envs" / "fairseq-conda.yaml").read_text(encoding="utf-8"))


def module_file(name):
    place = PACKAGE.joinpath(*name.split("."))
    options = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in options if path.is_file()), None)


def imported(tree):
    """Yield what a module imports, anywhere in it: modules, and names of modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def launched():
    """Return the syntax trees of all that the launcher and the plug-in load of xling."""
    plugin = PACKAGE / "xling" / "mt" / "fairseq" / "plugin"
    waiting = [
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(plugin.glob("*.py"))
    ]
    waiting.append("xling.mt.fairseq.launcher")
    found = {}
    while waiting:
        name = waiting.pop()
        path = module_file(name)
        if name in found or path is None:
            continue
        # A syntax error if Python 3.10 could not read it.
        text = path.read_text(encoding="utf-8")
        found[name] = ast.parse(text, str(path), feature_version=(3, 10))
        waiting += [other for other in imported(found[name]) if other.startswith("xling.")]
    return found


def test_fairseq_s_list_adds_to_the_lock_and_repeats_nothing():
    extra, wanted = pins("fairseq.txt")
    locked, _ = pins("requirements.lock")
    assert not extra & locked
    (fairseq,) = [one for one in wanted if one.name == "fairseq"]
    assert str(fairseq.specifier).removeprefix("==") in SUPPORTED


def test_fairseq_s_requirements_are_all_listed():
    try:
        wanted = [Requirement(text) for text in metadata.requires("fairseq") or []]
    except metadata.PackageNotFoundError:
        pytest.skip("fairseq is not installed")
    listed = pins("fairseq.txt")[0] | pins("requirements.lock")[0]
    needed = {
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or one.marker.evaluate({"extra": ""})
    }
    assert needed - listed == {"torchaudio"}  # for speech alone


def test_conda_s_list_has_what_the_launcher_and_the_plug_in_import():
    listed = dict(re.match(r"([a-z-]+)=?(.*)", line).groups() for line in conda()["dependencies"])
    assert listed["python"] == "3.10"
    assert listed["fairseq"] in SUPPORTED
    others = {
        name.partition(".")[0]
        for tree in launched().values()
        for name in imported(tree)
        if not name.startswith("xling")
    } - set(sys.stdlib_module_names)
    # fairseq's own package brings the first two.
    assert others - {"numpy", "torch"} <= set(listed)


def test_what_the_launcher_and_the_plug_in_load_is_for_python_310_too():
    modules = launched()
    assert {"xling.mt.fairseq.launcher", "xling.mt.cats.controller", "xling.errors"} <= set(modules)
    names = {
        part for tree in modules.values() for name in imported(tree) for part in name.split(".")
    }
    assert not names & NEW_IN_311


def install(python, compiler):
    """Run the script with a stand-in for Python: ``true`` has fairseq, ``false`` fails."""
    return subprocess.run(
        [ROOT / "envs" / "install-fairseq.sh", python],
        capture_output=True,
        text=True,
        env={"PATH": "/bin:/usr/bin", "CXX": compiler},
        check=False,
    )


def test_fairseq_is_installed_where_there_is_a_compiler_or_it_was_built():
    assert install("true", "sh").returncode == 0
    assert install("true", "no-such-compiler").returncode == 0


@pytest.mark.parametrize(
    ("compiler", "says"),
    [("no-such-compiler", "there is no C++ compiler"), ("sh", "could not be installed")],
)
def test_without_fairseq_the_script_says_what_still_works_and_what_to_do(compiler, says):
    done = install("false", compiler)
    assert done.returncode == 4
    for text in (says, "all the rest does", "make fairseq"):
        assert text in done.stderr
