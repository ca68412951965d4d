"""The one exception a user is meant to see."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, where, and how to mend it; scripts and the
    command line show it without a traceback.
    """
