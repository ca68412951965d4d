"""The one exception a user is meant to see, and one that tells damage to files from faults of the code."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, where, and how to mend it; scripts and the
    command line show it without a traceback.
    """


class DamageError(Exception):
    """The content of a file is not what was written to it."""
