"""The same bytes under every newer Python at hand: in its own environment, a split of each language against the lock."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = ("pydantic", "orjson", "typer", "rich")
CHECK = """
import hashlib, sys
from musi.build import split_lines
from musi.generate import release_name
from musi.languages import LANGUAGES
from musi.release import lock
for lang in LANGUAGES:
    data = b"".join(split_lines("test_iid", lang=lang))
    assert hashlib.sha256(data).hexdigest() == lock(release_name(lang)).files["test_iid.jsonl"].sha256, lang
print(sys.version_info[:2])
"""


def pythons() -> dict[str, str]:
    """Interpreters of Python 3.12 and newer, by version: on the path, and those that pyenv keeps."""
    found = {}
    for path in sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python")):
        version = re.match(r"3\.(\d+)", path.parents[1].name)
        if version and int(version[1]) >= 12:
            found[f"3.{version[1]}"] = str(path)
    for minor in range(12, 20):
        path = shutil.which(f"python3.{minor}")
        if path and "shims" not in path:
            found.setdefault(f"3.{minor}", path)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("version", pythons() or [pytest.param("", marks=pytest.mark.skip(reason="no newer Python at hand"))])
def test_splits_are_the_locked_bytes(version, tmp_path):
    subprocess.run([pythons()[version], "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDS], check=True)
    done = subprocess.run([python, "-c", CHECK], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert version.split(".")[1] in done.stdout
