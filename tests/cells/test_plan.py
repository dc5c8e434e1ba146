from dataclasses import replace

import numpy as np
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.made_from import MadeFrom
from autoencoder_lab.cells.plan import Plan, make_plan, missing_nodes

from .conftest import CODE, IMAGES, Start, create_pipeline, make, same

A = create_pipeline("a")
REGISTERED = A + create_pipeline("b")
FILES = {"a.model", "a.score", "a.map"}


def plan(catalog: DataCatalog, *, selected=A, only_missing: bool = False, code=CODE) -> Plan:
    return make_plan(selected, REGISTERED, catalog, code, only_missing_outputs=only_missing)


@pytest.fixture
def made(start: Start) -> Plan:
    """Make a whole cell, and return its plan."""
    catalog = start()
    whole = plan(catalog)
    make(whole, catalog, *FILES)
    return whole


def test_each_file_is_made_from_what_the_nodes_before_it_read(start: Start) -> None:
    made = plan(start()).made

    assert set(made) == FILES
    assert made["a.model"].parameters == {"split": 0, "epochs": 1, "seed": 3}
    assert made["a.score"].parameters == made["a.model"].parameters
    assert made["a.map"].parameters == {**made["a.model"].parameters, "perplexity": 30}
    assert {origin.data for origin in made.values()} == {IMAGES.sha256}
    assert {origin.sha256 for origin in made.values()} == {""}


def test_what_was_made_from_the_same_is_used_again(start: Start, made: Plan) -> None:
    again = plan(start(), only_missing=True)

    assert set(again.reused) == FILES
    assert [again.made, again.stale, again.problems, again.other_code] == [{}, [], {}, {}]


def test_only_what_depends_on_another_parameter_cannot_be_used_again(
    start: Start, made: Plan
) -> None:
    other_map = plan(start(perplexity=5), only_missing=True)
    other_model = plan(start(epochs=7), only_missing=True)

    assert other_map.problems == {"a.map": "was made from something else: perplexity was 30, is 5"}
    assert set(other_map.reused) == {"a.model", "a.score"}
    assert set(other_model.problems) == FILES
    assert "epochs was 1, is 7" in other_model.problems["a.score"]


def test_other_data_is_something_else(start: Start, made: Plan) -> None:
    altered = IMAGES.train_images.copy()
    altered[0, 0, 0] = 1

    problems = plan(
        start(raw_images=replace(IMAGES, train_images=altered)), only_missing=True
    ).problems

    assert set(problems) == FILES
    assert all("data was" in problem for problem in problems.values())


def test_a_whole_run_recomputes_all_whatever_is_there(start: Start, made: Plan) -> None:
    again = plan(start(epochs=7))

    assert set(again.made) == FILES
    assert [again.problems, again.reused] == [{}, {}]


def test_what_is_missing_is_made_and_the_rest_used(start: Start, made: Plan) -> None:
    catalog = start()
    made.files["a.map"].remove()

    rest = plan(catalog, only_missing=True)

    assert set(rest.made) == {"a.map"}
    assert set(rest.reused) == {"a.model", "a.score"}
    to_run = {node.name for node in missing_nodes(A, catalog)}
    assert to_run == {"split", "describe", "a.encode", "a.draw"}


def test_what_is_made_from_a_file_that_is_recomputed_is_outdated(start: Start, made: Plan) -> None:
    training = plan(start(), selected=A.to_nodes("a.train"))

    assert set(training.made) == {"a.model"}
    assert training.stale == ["a.map", "a.score"]
    assert not training.reused


def test_what_chosen_nodes_need_must_be_of_the_same_and_the_rest_need_not(
    start: Start, made: Plan
) -> None:
    evaluation = A.filter(node_names=["split", "a.encode", "a.measure"])

    usable = plan(start(perplexity=5), selected=evaluation)
    other = plan(start(epochs=7), selected=evaluation)

    assert not usable.problems
    assert set(usable.made) == {"a.score"}
    assert set(usable.reused) == {"a.model"}
    assert set(other.problems) == {"a.model"}


def test_a_file_that_is_needed_and_outdated_is_a_problem(start: Start, made: Plan) -> None:
    report = Pipeline([Node(same, "score", "report", name="report")], namespace="a")
    training = A.filter(node_names=["split", "a.train"])

    problems = make_plan(
        training + report, REGISTERED + report, start(), CODE, only_missing_outputs=False
    ).problems

    assert problems == {"a.score": "is made from a file that is to be recomputed"}


def test_a_file_of_a_session_that_was_killed_while_writing_it_is_recomputed(
    start: Start, made: Plan
) -> None:
    catalog = start()
    record = made.files["a.map"].beside(made_from.FILE_NAME)
    files = made_from.read(record).files
    unfinished = files["map.json"].model_copy(update={"sha256": ""})
    made_from.write(record, MadeFrom(files={**files, "map.json": unfinished}))

    again = plan(catalog, only_missing=True)

    assert set(again.made) == {"a.map"}
    assert again.stale == ["a.map"]
    assert not again.problems


def test_a_file_without_a_record_cannot_be_used_again(start: Start, made: Plan) -> None:
    made.files["a.model"].beside(made_from.FILE_NAME).remove()

    problems = plan(start(), only_missing=True).problems

    assert problems == {"a.model": "cannot be reused: no made_from.json says what it is made from"}


def test_a_damaged_record_is_named(start: Start, made: Plan) -> None:
    made.files["a.model"].beside(made_from.FILE_NAME).write(b"{")

    problems = plan(start(), only_missing=True).problems

    assert list(problems) == ["a.model"]
    assert "made_from.json is damaged" in problems["a.model"]


def test_a_file_that_was_altered_cannot_be_used_again(start: Start, made: Plan) -> None:
    made.files["a.model"].write(b'{"of": "somebody else"}')

    problems = plan(start(), only_missing=True).problems

    assert problems == {"a.model": "has been altered since it was made"}


def test_other_code_is_no_reason_to_recompute_anything_but_is_named(
    start: Start, made: Plan
) -> None:
    code = CODE.model_copy(update={"commit": "decaf000", "package": "1f2e"})

    again = plan(start(), only_missing=True, code=code)

    assert set(again.reused) == FILES
    difference = "commit was c0ffee00, is decaf000; digest of src and conf/base was none, is 1f2e"
    assert again.other_code == dict.fromkeys(sorted(FILES), difference)


def test_other_variants_are_left_alone(start: Start, made: Plan) -> None:
    other = plan(start(), selected=create_pipeline("b"))

    assert set(other.made) == {"b.model", "b.score", "b.map"}
    assert [other.stale, other.reused] == [[], {}]


def test_images_have_a_digest_of_pixels_labels_and_names() -> None:
    images = np.arange(9 * 15, dtype=np.uint8).reshape(9, 5, 3, 1)
    labels = np.arange(9)
    plain = replace(IMAGES, train_images=images, train_labels=labels)
    others = [
        replace(plain, train_images=images[::-1]),
        replace(plain, train_images=images.reshape(9, 3, 5, 1)),
        replace(plain, train_labels=labels[::-1]),
        replace(plain, test_images=images, test_labels=labels),
        replace(plain, class_names={0: "cat"}),
    ]

    digests = {other.sha256 for other in (plain, *others)}

    assert len(digests) == 6
    assert replace(plain, train_images=np.asfortranarray(images)).sha256 == plain.sha256
