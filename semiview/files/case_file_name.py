"""The name under which a case's own files lie."""

import hashlib
from urllib.parse import quote

LONGEST = 180  # file systems take 255 bytes; a suffix and a writer's temporary name must fit as well


def case_file_name(case_id: str) -> str:
    """`case_id` percent-encoded, so that any id names one file; a long one is cut and told apart by its hash.

    >>> case_file_name("wafer 3/site 07")
    'wafer%203%2Fsite%2007'
    """
    name = quote(case_id, safe="")
    if len(name) > LONGEST:
        name = f"{name[:100]}~{hashlib.sha256(case_id.encode()).hexdigest()[:16]}"
    return name
