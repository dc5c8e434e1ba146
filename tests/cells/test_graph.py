from kedro.pipeline import Node, Pipeline

from autoencoder_lab.cells.graph import nodes_to_run, upstream, variant_of


def join(*values: str) -> str:
    return "".join(values)


def node(inputs: list[str], output: str) -> Node:
    return Node(join, inputs, output, name=output)


# raw -> images -> model -> codings -> (map -> map_figure), scores
NODES = Pipeline(
    [
        node(["raw", "params:split"], "images"),
        node(["images", "params:epochs"], "model"),
        node(["images", "model"], "codings"),
        node(["codings", "params:perplexity"], "map"),
        node(["map"], "map_figure"),
        node(["codings"], "scores"),
    ]
).nodes
STORED = {"model", "map_figure", "scores"}


def names(there: set[str], stored: set[str] = STORED) -> list[str]:
    to_run = nodes_to_run(NODES, stored=stored, there=there)
    assert to_run == [node for node in NODES if node in to_run], "not in their order"
    return sorted(node.name for node in to_run)


def test_what_a_dataset_is_made_from_goes_back_to_the_sources() -> None:
    found = upstream(NODES)

    assert found["model"].sources == {"raw", "params:split", "params:epochs"}
    assert found["model"].made == {"images"}
    assert found["map_figure"].sources == found["model"].sources | {"params:perplexity"}
    assert found["map_figure"].made == {"images", "model", "codings", "map"}
    assert "params:perplexity" not in found["scores"].sources


def test_nothing_runs_where_all_files_are_there() -> None:
    assert names(STORED) == []


def test_all_runs_where_no_file_is_there() -> None:
    assert names(set()) == ["codings", "images", "map", "map_figure", "model", "scores"]


def test_what_is_missing_is_made_from_the_files_that_are_there() -> None:
    assert names({"model", "scores"}) == ["codings", "images", "map", "map_figure"]


def test_what_is_made_from_a_missing_file_is_recomputed_too() -> None:
    # The scores are there, but of another model than that which is about to be made.
    assert names({"scores"}) == names(set())


def test_a_node_belongs_to_the_variant_of_its_namespace() -> None:
    [namespaced] = Pipeline([node(["images"], "model")], namespace="stacked").nodes

    assert variant_of(namespaced) == "stacked"
    assert variant_of(NODES[0]) == ""
