"""A database that keeps the statements put to it, for tests of what a call costs."""

from contextlib import contextmanager

from itlim.store.connection import Store


class CountingStore(Store):
    """As `Store`; `statements` has the SQL of every cursor, in order."""

    def __init__(self, path):
        self.statements: list[str] = []
        super().__init__(path)

    @contextmanager
    def reading(self):
        # `writing` takes its cursor here too.
        with super().reading() as cursor:
            yield _Noting(cursor, self.statements)

    def log_reads(self) -> int:
        """Statements that read annotation events."""
        return sum("FROM annotation_events" in one for one in self.statements)

    def transactions(self) -> int:
        """Transactions that wrote, or could have."""
        return self.statements.count("BEGIN")


class _Noting:
    """A cursor that notes what it executes."""

    def __init__(self, cursor, statements):
        self._cursor = cursor
        self._statements = statements

    def execute(self, sql, *values):
        self._statements.append(sql)
        return self._cursor.execute(sql, *values)

    def __getattr__(self, name):
        return getattr(self._cursor, name)
