"""What can go wrong, said so that a learner can act on it.

Every error a reader can cause is an :class:`ExplainError`; its text is shown on the page as it is.
Anything else that is raised is a bug of ours.
"""


class ExplainError(Exception):
    """A clear sentence for the reader: what is wrong, and what to do."""


class BadQuery(ExplainError):
    """The query cannot be run: a position, layer or head that does not exist, a value of the wrong kind."""


class BadModel(ExplainError):
    """The model cannot be loaded: unknown name, no weights, weights we do not open, no network."""


class Missing(ExplainError):
    """The model has no such part (no next-sentence head, no segments): said, never faked."""
