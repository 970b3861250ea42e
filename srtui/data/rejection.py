"""The one way to say that a file gives no picture."""


class PictureRejected(Exception):  # noqa: N818 - a verdict on a file, caught and counted; the program did not fail
    """The file gives no picture; the text says why."""
