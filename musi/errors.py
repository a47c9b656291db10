"""The one exception that users see as a single line: what is wrong, where, and what to do next."""


class MusiError(Exception):
    """A fault in the input or the environment, not in MuSI.

    The message names the file, line or item and ends in the next step. `cli.py` prints it as one line and exits with 1;
    the traceback shows only under `MUSI_DEBUG=1`.
    """
