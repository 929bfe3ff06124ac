"""What a booth's secret files are sealed under, as the command line and the settings have it."""

import contextlib
from collections.abc import Iterator

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.provisioning.custody import open_or_make_sealing_key
from edge_lpr.tokens.sealing import SealingKey

_TPM = "tpm"


def chosen_custody(custody: str | None, settings: BoothSettings) -> str:
    """Return how this booth keeps its keys.

    Args:
        custody: As the command line has it; ``None`` leaves it to the settings.
        settings: They say whether the tokeniser expects sealed files.

    Returns:
        One of ``CUSTODY_KINDS``.

    Raises:
        SettingsError: Command line and settings disagree; the message has the line to write.
    """
    is_sealed = settings.tokeniser.sealing_key_file is not None
    if custody is None:
        return _TPM if is_sealed else "plain"
    if is_sealed and custody != _TPM:
        raise SettingsError(
            "tokeniser.sealing_key_file is set, so this booth's files are sealed; enrol it with "
            "--custody tpm"
        )
    if not is_sealed and custody == _TPM:
        raise SettingsError(
            "--custody tpm seals the files, but tokeniser.sealing_key_file is not set; write in "
            '[tokeniser]: sealing_key_file = "/run/credentials/edge-lpr-tokeniser.service/'
            'sealing-key"'
        )
    return custody


@contextlib.contextmanager
def opened_sealing_key(custody: str) -> Iterator[SealingKey | None]:
    """Give what secret files are sealed under, made if there is none yet, and wipe it afterwards.

    Args:
        custody: As ``chosen_custody`` returned it.

    Yields:
        The key, or ``None`` where the board keeps the files and not a seal.

    Raises:
        KeyFileError: The TPM does not open it.
    """
    if custody != _TPM:
        yield None
        return
    sealing_key = open_or_make_sealing_key("tpm")
    try:
        yield sealing_key
    finally:
        if sealing_key is not None:
            sealing_key.wipe()
