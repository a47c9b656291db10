"""Data from outside: files of any usual shape, and answers of a teacher model."""

from musi.importers.own_data import ImportReport, import_data

__all__ = ["ImportReport", "import_data"]
