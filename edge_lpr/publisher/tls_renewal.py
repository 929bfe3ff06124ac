"""Takes a renewed certificate into use without a restart.

Whoever renews replaces the files, one after the other, at any moment. So a pair that does not fit
is no fault at first: the old one stays in use, and is complained about when it lasts.
"""

from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import KeyFileError, SettingsError
from edge_lpr.core.file_stamp import FileStamp, file_stamp
from edge_lpr.core.log import Log
from edge_lpr.publisher.tls_identity import TlsFiles, load_identity

LOOK_EVERY_S: Final = 2.0
"""How often it is looked whether the files have changed; three calls of the kernel."""

ENDS_SOON_DAYS: Final = 14
"""From when on an ending certificate is an alarm: time for a technician to come by."""

_PATIENCE_S: Final = 10.0
"""For so long the files may disagree while somebody replaces them."""

_NS_PER_S: Final = 1_000_000_000

_Stamps: TypeAlias = tuple[FileStamp | None, ...]


class TlsRenewal:
    """The identity in use, and whether there is a newer one. For one thread."""

    def __init__(self, files: TlsFiles, clock: Clock, log: Log) -> None:
        """Load the identity for the first time.

        Args:
            files: Where it is.
            clock: Spaces the looks, and tells how long the certificate is valid.
            log: Hears of renewals, of files that do not fit, and of a certificate that has ended.

        Raises:
            SettingsError: As for ``load_identity``: at the start nothing old can be kept.
            KeyFileError: Likewise.
        """
        self._files = files
        self._clock = clock
        self._log = log
        self._stamps = self._look_at_files()
        self.identity = load_identity(files)
        self._next_look_ns = self._in_ns(LOOK_EVERY_S)
        self._disagree_since_ns: int | None = None
        self._say_how_long()

    def renewed(self) -> bool:
        """Return whether another identity has been taken into use since the last call."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_look_ns:
            return False
        self._next_look_ns = self._in_ns(LOOK_EVERY_S)
        # Before reading: what changes in between is seen at the next look.
        stamps = self._look_at_files()
        if stamps == self._stamps:
            return False
        try:
            identity = load_identity(self._files)
        except (SettingsError, KeyFileError) as error:
            self._complain(stamps, error, now_ns)
            return False
        self._stamps, self._disagree_since_ns = stamps, None
        if identity.digest == self.identity.digest:
            return False
        self.identity = identity
        self._say_how_long()
        return True

    def days_left(self) -> int:
        """Return for how many whole days the certificate is still valid; 0 if it is not."""
        return self.identity.days_left(self._clock.unix_s())

    def ends_soon(self) -> bool:
        """Return whether somebody must see to a new certificate."""
        return self.days_left() < ENDS_SOON_DAYS

    def _complain(self, stamps: _Stamps, error: Exception, now_ns: int) -> None:
        """Keep the old identity; say so once, when the files have not come right for a while."""
        if self._disagree_since_ns is None:
            self._disagree_since_ns = now_ns
        if now_ns - self._disagree_since_ns < _PATIENCE_S * _NS_PER_S:
            return
        # These very files are not looked at again.
        self._stamps, self._disagree_since_ns = stamps, None
        self._log.warning("tls_renewal_refused", detail=f"{error}; the old one stays in use")

    def _say_how_long(self) -> None:
        """Write how long the certificate is valid, as a warning if that is not long."""
        days = self.days_left()
        if not self.ends_soon():
            self._log.info("tls_certificate", days=days)
            return
        if self._clock.quality() is TimeQuality.NONE:
            detail = "the booth's clock was reset: it cannot tell whether the certificate is valid"
        elif self._clock.unix_s() < self.identity.valid_from:
            detail = "it is not valid yet; set the booth's clock, or wait"
        elif days:
            detail = "it ends soon; replace the two files, and they are taken up at once"
        else:
            detail = "it has ended; replace the two files, and they are taken up at once"
        self._log.warning("tls_certificate", days=days, detail=detail)

    def _look_at_files(self) -> _Stamps:
        """Return what changes when a file is replaced or written."""
        return tuple(
            file_stamp(path)
            for path in (self._files.ca_file, self._files.certificate_file, self._files.key_file)
        )

    def _in_ns(self, wait_s: float) -> int:
        """Return the moment that is so many seconds ahead."""
        return self._clock.monotonic_ns() + round(wait_s * _NS_PER_S)
