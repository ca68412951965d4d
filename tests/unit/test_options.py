"""What is read from sources agrees with what Python makes of them."""

from dataclasses import fields

from robustag.claims.evidence import COLUMNS
from robustag.evaluation.tables import Assessment
from robustag.options import fields_of, keys_of


def test_fields_of_a_dataclass_are_read_in_their_order():
    wanted = [field.name for field in fields(Assessment)]
    assert fields_of("robustag.evaluation.tables", "Assessment") == wanted
    assert fields_of("robustag.evaluation.tables", "Absent") == []


def test_keys_of_a_dictionary_are_read_in_their_order():
    assert keys_of("robustag.claims.evidence", "COLUMNS") == list(COLUMNS)
    assert keys_of("robustag.claims.evidence", "ABSENT") == []
