"""Start work that may run beside other work, such as opening and saving.

Trainings and other heavy steps share a viewer's `Workbench`, which takes one
at a time. Reading a file or comparing two pictures need not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf._napari._work import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject

    from napari_maxrf._napari._work import MakeSteps


def start_job(
    title: str,
    make_steps: MakeSteps,
    succeeded: Callable[[Any], Any],
    parent: QObject | None = None,
) -> Job:
    """Run a generator of the core in a thread, and hand its result over.

    Parameters
    ----------
    title : str
        What is being done, for the activity dock.
    make_steps : callable
        Makes the generator; called in the thread.
    succeeded : callable
        Gets the result, on the main thread. A refusal is shown by napari.
    parent : QObject, optional
        Whose end cancels the job; the application if not given.
    """
    from qtpy.QtCore import QCoreApplication

    job = Job(title, make_steps, parent or QCoreApplication.instance())
    job.succeeded.connect(succeeded)
    job.ended.connect(job.deleteLater)
    job.start()
    return job
