"""The one error of the domain: a code and its values, worded by whoever shows it."""


class DomainError(Exception):
    """Something the rules do not allow.

    `code` is a stable name such as ``survey.closed``; `values` are what a sentence about it needs. Values hold
    no answer, no identity number and no name of a person.
    """

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        if not self.values:
            return self.code
        return f"{self.code} ({', '.join(f'{name}={value}' for name, value in self.values.items())})"
