import pandas as pd
import pytest

from autoencoder_lab.comparison.report.findings import finding


def board(*standings: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "variant": list("abcdef")[: len(standings)],
            "mean": [0.1 * (place + 1) for place in range(len(standings))],
            "interval": 0.01,
            "standing": standings,
        }
    )


@pytest.mark.parametrize(
    ("standings", "sentence"),
    [
        (["best"], "a is best, 0.100 ± 0.010."),
        (["best", "worse"], "a is best, 0.100 ± 0.010. Its lead over b is real."),
        (
            ["best", "worse", "worse"],
            "a is best, 0.100 ± 0.010. Its lead over all others is real.",
        ),
        (
            ["best", "no clear difference", "worse", "untested", "worse"],
            "a is best, 0.100 ± 0.010. Its lead over c and e is real, over b is not clear, "
            "over d is not tested.",
        ),
    ],
)
def test_a_finding_says_over_which_others_the_lead_is_real(
    standings: list[str], sentence: str
) -> None:
    assert finding(board(*standings)) == sentence
