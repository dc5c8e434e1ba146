import signal

import pytest

from autoencoder_lab.session.signals import signals_raise


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_unwinds_what_runs(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with signals_raise(), pytest.raises(SystemExit) as caught:
        signal.raise_signal(number)

    assert caught.value.code == 128 + number
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_so_as_nohup_has_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_raise():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
