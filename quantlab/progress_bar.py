"""The progress bar: a widget in notebooks that show widgets, text elsewhere."""

import warnings
from typing import Any


def progress_bar(*args: Any, **options: Any) -> Any:
    """Return tqdm's bar for this place; the arguments are those of `tqdm.tqdm`.

    Without ipywidgets the bar is text, and tqdm's warning about that is not shown. tqdm.auto loads
    asyncio, so it is imported here and not with the module.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm  # noqa: PLC0415
    return tqdm(*args, **options)
