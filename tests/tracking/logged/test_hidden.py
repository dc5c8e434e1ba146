from autoencoder_lab.tracking.logged.hidden import without_secrets


def test_what_a_catalog_holds_of_log_ins_is_hidden_and_the_rest_stays() -> None:
    catalog = {
        "named": {"type": "a.B", "credentials": "s3", "n": 3},
        "own": {"filepath": "sftp://anna:pass@host/x", "credentials": {"key": "k"}},
        "nested": [{"fs_args": {"token": "t", "secret": None, "mode": "rb"}}],
    }

    shown = without_secrets(catalog)

    assert shown == {
        "named": {"type": "a.B", "credentials": "s3", "n": 3},
        "own": {"filepath": "sftp://host/x", "credentials": "(hidden)"},
        "nested": [{"fs_args": {"token": "(hidden)", "secret": None, "mode": "rb"}}],
    }
