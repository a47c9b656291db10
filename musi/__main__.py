"""Start the command line: `musi …` or `python -m musi …`.

`cli.py` lies beside this package and is loaded from there by its path: other distributions also install a module named `cli`, and
whichever comes first on the path must not matter.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_cli() -> ModuleType:
    """The module `cli.py` beside this package."""
    path = Path(__file__).resolve().parent.parent / "cli.py"
    spec = importlib.util.spec_from_file_location("musi_cli", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is missing; install musi again")
    module = importlib.util.module_from_spec(spec)
    sys.modules["musi_cli"] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Run the command line and exit with its code."""
    load_cli().main()


if __name__ == "__main__":
    main()
