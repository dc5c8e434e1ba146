"""Looks at the runs in MLflow's pages as a person would, and takes the pictures of the guide.

    PYTHONPATH=src python docs/screenshots.py [--address URL] [--viz URL] [--out FOLDER]

Opens the newest session of several variants in a real browser (Debian's chromium), while `make ui`
runs: the list, the comparison, the charts, the images. Each page is checked for what it is to show;
the first that does not ends the script with an error. With `--viz`, also the pipeline of a variant,
while `kedro viz` runs there.
"""

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from playwright.sync_api import Page, expect, sync_playwright

from autoencoder_lab.tracking.store.shared_view import METRICS, page

HERE = Path(__file__).parent
CARD = "[data-testid='experiment-view-compare-runs-card']"
WITH_IMAGES = 10  # runs, the newest, whose images MLflow lays side by side
LONGEST_WAIT = 600_000  # milliseconds: on a busy machine, pages take their time
A_POINT = """() => {
    const view = [...Bokeh.index.roots][0], {left, top} = view.el.getBoundingClientRect();
    const {x, y} = view.model.renderers[0].data_source.data, {x_scale, y_scale} = view.frame;
    return [left + x_scale.compute(x[0]), top + y_scale.compute(y[0])];
}"""
"""Where a point of the map of codings is on the screen."""

SIZE = {"width": 1680, "height": 1000}
LIGHT_AND_ALONE = {
    "theme": "light",
    "showFeatureHints": False,
    "visible": {"graph": True, "miniMap": False, "sidebar": False},
}
"""How Kedro-Viz is to look, as it keeps it in the browser."""


def main(address: str, viz: str | None, folder: Path) -> None:
    """Take all pictures."""
    parent, children = newest_session(MlflowClient(address))
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = browser.new_context(viewport=SIZE)
        context.set_default_timeout(LONGEST_WAIT)
        expect.set_options(timeout=LONGEST_WAIT)
        tab = context.new_page()
        tab.goto(f"{address}/{page(parent.info.experiment_id)}")
        show_list(tab, parent, children, folder)
        show_comparison(tab, children, folder)
        tab = context.new_page()
        tab.goto(f"{address}/{page(parent.info.experiment_id)}&compareRunsMode=CHART")
        show_charts(tab, parent, children, folder)
        show_map(context.new_page(), MlflowClient(address), children, folder)
        if viz:
            show_pipeline(context.new_page(), viz, folder)
        browser.close()


def newest_session(client: MlflowClient) -> tuple[Run, list[Run]]:
    """Return the newest parent of several finished variants, and these."""
    experiment = client.get_experiment_by_name("autoencoder_lab")
    assert experiment is not None, "the store has no runs of this project"
    runs = list(client.search_runs([experiment.experiment_id]))
    for parent in runs:
        children = [
            run
            for run in runs
            if run.data.tags.get(MLFLOW_PARENT_RUN_ID) == parent.info.run_id
            and run.info.status == "FINISHED"
        ]
        if len(children) > 1:
            return parent, children
    raise SystemExit("no session of several variants: kedro run --pipelines=linear,stacked")


def show_list(tab: Page, parent: Run, children: list[Run], folder: Path) -> None:
    """Take the list of runs, with the children chosen, and go to their comparison."""
    row = tab.locator(".ag-row").filter(has_text=parent.info.run_name)
    expect(row).to_be_visible()
    close_what_is_in_the_way(tab)
    for metric in METRICS:
        expect(tab.get_by_test_id(f"sort-header-{metric}")).to_be_attached()
    row.get_by_role("button").first.click()
    for child in children:
        row = tab.locator(".ag-row").filter(
            has=tab.get_by_role("link", name=str(child.info.run_name), exact=True)
        )
        row.locator("input.ag-checkbox-input").check(force=True)
        grid = tab.get_by_role("grid")  # names and numbers are rows of their own in it
        if (error := child.data.metrics.get("test/mse")) is not None:
            expect(grid).to_contain_text(str(error)[:8])
        expect(grid).to_contain_text(f"{child.data.tags['dataset']}/train")
    tab.screenshot(path=folder / "runs.png")
    tab.get_by_role("button", name="Compare").click()


def show_comparison(tab: Page, children: list[Run], folder: Path) -> None:
    """Take the tables of a comparison, which have the same rows for all runs."""
    expect(tab.get_by_text(f"Comparing {len(children)} Runs")).to_be_visible()
    expect(tab.get_by_text("Parallel Coordinates Plot")).to_be_visible()
    parameters = tab.locator("table").nth(1)
    expect(parameters).to_be_visible()
    shared = set.intersection(*(set(child.data.params) for child in children))
    for row in parameters.locator("tr").all():
        name, *values = [cell.inner_text().strip() for cell in row.locator("td, th").all()]
        if name in shared:
            assert len(values) == len(children), f"{name} has {len(values)} values"
            assert all(values), f"{name} is empty for a variant"
    tab.get_by_text("Show diff only").first.click()
    expect(parameters).not_to_contain_text("evaluation.tsne_images")
    parameters.scroll_into_view_if_needed()
    tab.screenshot(path=folder / "compare.png")


def show_charts(tab: Page, parent: Run, children: list[Run], folder: Path) -> None:
    """Take parallel coordinates, losses that overlay, and the images of all variants."""
    expect(tab.locator(".ag-row").filter(has_text=parent.info.run_name)).to_be_visible()
    close_what_is_in_the_way(tab)
    tab.locator(".ag-row").get_by_role("button").first.click()
    parallel, losses, images, *_ = (tab.locator(CARD).nth(n) for n in range(3))
    expect(parallel).to_contain_text("test/mse")
    for child in children:
        expect(losses).to_contain_text(str(child.info.run_name))
    reconstructing = [child for child in children if "test/mse" in child.data.metrics]
    shown = sorted(reconstructing, key=lambda child: child.info.start_time)[-WITH_IMAGES:]
    for child in shown:
        expect(images).to_contain_text(str(child.info.run_name))
    tab.wait_for_timeout(2000)  # until what was drawn has come to rest
    tab.screenshot(path=folder / "charts.png")
    images.get_by_role("button").first.click()
    grid = tab.get_by_role("dialog")
    for child in shown:
        expect(grid).to_contain_text(str(child.info.run_name))
    expect(grid.locator("img").first).to_be_visible()
    tab.wait_for_timeout(2000)
    tab.screenshot(path=folder / "images.png")


def show_map(tab: Page, client: MlflowClient, children: list[Run], folder: Path) -> None:
    """Take the page of the newest map of codings, with the image of a point shown."""
    newest = next(child for child in children if "tsne/trustworthiness" in child.data.metrics)
    with TemporaryDirectory() as temporary:
        page = client.download_artifacts(newest.info.run_id, "figures/map.html", temporary)
        tab.set_viewport_size({"width": 1100, "height": 820})
        tab.goto(Path(page).as_uri())
        tab.wait_for_function("() => [...Bokeh.index.roots].length")
        tab.wait_for_timeout(1000)
        tab.mouse.move(*tab.evaluate(A_POINT))
        expect(tab.locator(".thumbnail")).to_be_visible()
        tab.screenshot(path=folder / "map.png")


def show_pipeline(tab: Page, address: str, folder: Path) -> None:
    """Take the nodes of a variant's pipeline, from raw images on."""
    kept = json.dumps(json.dumps(LIGHT_AND_ALONE))
    tab.add_init_script(f"localStorage.setItem('KedroViz', {kept})")
    tab.set_viewport_size({"width": 1680, "height": 560})
    tab.goto(f"{address}/?pid=stacked&expandAllPipelines=true&types=nodes")
    expect(tab.locator("svg").get_by_text("train_autoencoder")).to_be_visible()
    tab.get_by_text("Dismiss").click()
    tab.wait_for_timeout(2000)  # until what was drawn has come to rest
    tab.screenshot(path=folder / "pipeline.png")


def close_what_is_in_the_way(tab: Page) -> None:
    """Close what MLflow says of shared views, and its assistant where it is open."""
    tab.get_by_label("Hide banner").click()
    assistant = tab.get_by_label("Close", exact=True)
    if assistant.count():
        assistant.first.click()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--address", default="http://127.0.0.1:5000", help="of MLflow's pages")
    parser.add_argument("--viz", help="of Kedro-Viz' pages, as http://127.0.0.1:4141")
    parser.add_argument("--out", type=Path, default=HERE / "screenshots")
    options = parser.parse_args()
    main(options.address, options.viz, options.out)
