import pytest

from autoencoder_lab.session.input_check import _wrong_root


@pytest.mark.parametrize("root", ["data", "/srv/lab [old]", "s3://bucket/lab", "2026"])
def test_results_may_be_in_a_folder_or_an_object_store(root: str) -> None:
    assert not list(_wrong_root(root))


@pytest.mark.parametrize("root", [None, "", "~/lab", 2026, "s3:/bucket", ["data"]])
def test_what_is_no_place_for_results_is_named(root: object) -> None:
    [problem] = _wrong_root(root)

    assert problem.startswith(f"data_root is {root!r} in globals.yml; allowed: a folder")
