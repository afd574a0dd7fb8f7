"""The error of what an operator asked for."""


class OperationError(Exception):
    """It can't be done. The text says why and what to do, in a sentence or two for the operator."""
