from autoencoder_lab.images import seeds


def test_the_same_arguments_give_the_same_seeds() -> None:
    assert seeds.derive(3, "noise", 2) == seeds.derive(3, "noise", 2)


def test_purposes_runs_and_draws_have_different_seeds() -> None:
    drawn = (
        seeds.derive(3, "noise", 3) + seeds.derive(3, "weights", 3) + seeds.derive(4, "noise", 3)
    )

    assert len(set(drawn)) == 9


def test_seeds_fit_into_a_signed_32_bit_integer() -> None:
    drawn = seeds.derive(0, "noise", 1000)

    assert min(drawn) >= 0
    assert 2**30 < max(drawn) < 2**31


def test_one_seed_is_derived_unless_more_are_asked_for() -> None:
    assert seeds.derive(3, "noise") == seeds.derive(3, "noise", 1)
