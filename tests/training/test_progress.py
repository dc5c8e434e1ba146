import threading

from autoencoder_lab.training.progress import Milestone, listen, tell

EPOCH = Milestone("joint", 1, 3, {"train/loss": 0.3, "val/loss": 0.4})


def test_a_listener_takes_the_place_of_an_earlier_one_of_its_name() -> None:
    earlier: list[Milestone] = []
    told: list[Milestone] = []
    listen("test", earlier.append)
    listen("test", told.append)
    listen("another", told.append)

    tell(EPOCH)

    assert earlier == []
    assert told == [EPOCH, EPOCH]


def test_a_thread_hears_of_its_own_fits_alone() -> None:
    told: dict[str, list[Milestone]] = {"a": [], "b": []}

    def fit(name: str) -> None:
        listen("test", told[name].append)
        if name == "a":
            tell(EPOCH)

    threads = [threading.Thread(target=fit, args=[name]) for name in ("b", "a")]
    for thread in threads:
        thread.start()
        thread.join()

    assert told == {"a": [EPOCH], "b": []}
