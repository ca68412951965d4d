"""One root seed in the config; every job derives its own."""

import hashlib


def derive_seed(root: int, *names: str | int) -> int:
    """Seed of one job: a 63-bit integer that depends on the root seed and on every name.

    Examples
    --------
    >>> derive_seed(1, "train", "clean_fgsm", 2) == derive_seed(1, "train", "clean_fgsm", 2)
    True
    >>> derive_seed(1, "train", "clean_fgsm", 2) == derive_seed(1, "train", "clean_fgsm", 3)
    False
    """
    text = "\x1f".join(str(part) for part in (root, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
