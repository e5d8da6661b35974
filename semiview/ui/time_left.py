"""How long work over many cases will still take, in words."""

import time


class TimeLeft:
    """Judges by the pace since the first case was done; says nothing before there is one to judge by."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def begin(self) -> None:
        """Other work begins."""
        self._first = None

    def words(self, done: int, total: int) -> str:
        """For example ``, 3 min left``; empty while nobody can say."""
        now = time.monotonic()
        if self._first is None or done < self._first[1]:
            self._first = (now, done) if done else None
            return ""
        since, before = self._first
        return "" if done <= before else in_words((total - done) * (now - since) / (done - before))


def in_words(seconds: float) -> str:
    """Rounded up, for the end of a sentence.

    >>> in_words(20), in_words(61), in_words(7300)
    (', 20 s left', ', 2 min left', ', 2.0 h left')
    """
    if seconds < 60:
        return f", {max(round(seconds / 10) * 10, 10)} s left"
    if seconds < 3600:
        return f", {int(seconds // 60) + 1} min left"
    return f", {seconds / 3600:.1f} h left"
