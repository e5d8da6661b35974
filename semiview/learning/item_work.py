"""A job's items one after the other: how far it is, what could not be done and why, when to end."""

import time
from collections.abc import Callable, Iterator

from semiview.files.problem import FileProblem
from semiview.learning.messages import (
    Event,
    Finished,
    PredictionDone,
    PredictionFailed,
    PredictItem,
    PredictJob,
    Progress,
    Wish,
)
from semiview.learning.shortage import is_out_of_memory


def each_item(
    job: PredictJob, wish: Callable[[], Wish], work: Callable[[PredictItem], PredictionDone], cannot: str
) -> Iterator[Event]:
    """Do the work on each item; any wish ends it after the one at hand, and a fault costs one item.

    Parameters
    ----------
    cannot
        What is said of an item whose files do not serve, with the reason behind it.
    """
    begun = time.monotonic()
    for number, item in enumerate(job.items):
        if wish():
            yield Finished("abandoned" if wish() == "abandon" else "cancelled", time.monotonic() - begun)
            return
        yield Progress(number, len(job.items), item.case_id)
        try:
            yield work(item)
        except (OSError, ValueError, EOFError) as error:
            yield PredictionFailed(item.case_id, f"{cannot}: {error}")
        except FileProblem as problem:
            yield PredictionFailed(item.case_id, str(problem))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            yield PredictionFailed(item.case_id, "there is not enough memory for this picture")
    yield Finished("done", time.monotonic() - begun, text=f"{len(job.items)} pictures")
