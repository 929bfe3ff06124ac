"""Every error this package raises on purpose, in one tree.

::

    EdgeLprError
    ├── SettingsError           booth.toml is missing, unreadable or says something impossible
    ├── KeyFileError            a key file is damaged or readable by others
    │   ├── KeyFileMissingError     it is not there
    │   └── KeyFileDamagedError     it is there, readable by us alone, and makes no sense
    ├── ModelError              a model file is missing, damaged or not the one in the manifest
    ├── FrameSourceError        the camera, video or folder gives no frames
    │   └── NoSuchSourceError       what the settings name is no source, and waiting changes nothing
    ├── DetectorError           the detector failed (never "no plate")
    ├── CornerError             the corner network failed (never "no plate")
    ├── ReaderError             the reader failed (never "no text")
    ├── HandoffError            a message between two processes is malformed or refused
    │   └── NeighbourAwayError      nobody listens, or the connection broke: try again later
    ├── PlateRefusedError       this is no plate: an unknown character or an impossible length
    ├── NoValidKeyError         no token key for this epoch, or no clock to tell the epoch by
    ├── WireError               a document from the network is malformed
    │   └── VerificationError   well-formed, but signature, certificate or chain does not hold
    │       └── SealedToOtherKeyError   sealed to another transport key than the one that opens
    ├── OutboxError             the outbox cannot keep a sighting
    │   └── OutboxDamagedError      its file no longer makes sense; a restart puts it aside
    ├── AuthorityError          the authority's store or wrapping keys are damaged or refuse
    │   ├── DestroyedError          the keys of this epoch are gone, for ever
    │   ├── NotAllowedError         quota, tier, person or PIN: the rules say no
    │   └── InputRefusedError       a row of a list, a ticket or a request makes no sense
    ├── EnrolmentError          a booth cannot be enrolled: ticket, bundle or answer does not fit
    ├── AuditError              what must be recorded before it is done cannot be, so it is not done
    ├── StoreError              a server's database is away or refuses; the same may be tried again
    ├── BrokerError             no session with the broker
    │   ├── BrokerRefusedError      the broker answered and said no
    │   ├── BrokerTlsError          it answered, but one side does not believe the other
    │   └── BrokerUnreachableError  nobody answered
    │       └── BrokerNameError         its name has no address
    ├── ImageError              a system image, or what it is made of, is not what it must be
    ├── FlashError              a card cannot be written, may not be, or does not keep it
    ├── UpdateError             a booth's next system cannot be fetched or installed, or was left
    │   └── BundleRefusedError      it is signed by a stranger, for another board, or not newer
    └── DataSetError            labels, pictures or weights of the laboratory are missing or wrong

Messages are one sentence that says what is wrong and what to do. They may name files, keys of
the settings and limits; they never hold plate text, key material or a payload, because messages
reach the log.
"""


class EdgeLprError(Exception):
    """Root of all errors raised on purpose; its message is fit for the log."""


class SettingsError(EdgeLprError):
    """The settings are missing, unreadable or out of range."""


class KeyFileError(EdgeLprError):
    """A key file is missing, damaged or readable by others."""


class KeyFileMissingError(KeyFileError):
    """There is no key file of that name."""


class KeyFileDamagedError(KeyFileError):
    """A key file's content makes no sense, or its seal does not hold; nothing in it can be used."""


class ModelError(EdgeLprError):
    """A model file is missing, damaged or not the one named in the manifest."""


class FrameSourceError(EdgeLprError):
    """The source gives no frames: it cannot be opened, or has stopped."""


class NoSuchSourceError(FrameSourceError):
    """The settings name something that gives no frames, however often it is tried."""


class DetectorError(EdgeLprError):
    """The detector failed; this says nothing about whether there was a plate."""


class CornerError(EdgeLprError):
    """The corner network failed; this says nothing about whether there was a plate."""


class ReaderError(EdgeLprError):
    """The reader failed; this says nothing about whether there was text."""


class HandoffError(EdgeLprError):
    """A message between two processes is malformed, refused or undeliverable."""


class NeighbourAwayError(HandoffError):
    """The neighbouring process does not listen, or has closed the connection."""


class PlateRefusedError(EdgeLprError):
    """The text is no plate: an unknown character, or a length outside 2..12."""


class NoValidKeyError(EdgeLprError):
    """There is no token key for the epoch, or no clock to tell the epoch by."""


class WireError(EdgeLprError):
    """A document from the network is malformed."""


class VerificationError(WireError):
    """A well-formed document whose signature, certificate or chain does not hold."""


class SealedToOtherKeyError(VerificationError):
    """A document is sealed to another transport key, most often the one before."""


class OutboxError(EdgeLprError):
    """The outbox cannot keep a sighting."""


class OutboxDamagedError(OutboxError):
    """The outbox file no longer makes sense; opening it again puts it aside."""


class AuthorityError(EdgeLprError):
    """The authority's store or wrapping keys are missing, damaged or refuse."""


class DestroyedError(AuthorityError):
    """The keys of an epoch have been destroyed; nobody can make its tokens any more."""


class NotAllowedError(AuthorityError):
    """A rule says no: quota, custody tier, person or PIN."""


class InputRefusedError(AuthorityError):
    """A row of a list, a ticket or a request makes no sense; nothing was done."""


class EnrolmentError(EdgeLprError):
    """A booth cannot be enrolled: ticket, bundle or answer does not fit."""


class StoreError(EdgeLprError):
    """The database of a central server is away or refuses; nothing was committed."""


class BrokerError(EdgeLprError):
    """There is no session with the broker.

    Args:
        reason: What happened, mostly in the broker's own words.
        advice: What to do about it, where the reason alone tells.
        code: The reason's number, where it has one; see the check ``broker`` in ``check_words.py``.
    """

    def __init__(self, reason: str, advice: str = "", code: int = -1) -> None:
        super().__init__(reason)
        self.advice = advice
        self.code = code


class BrokerRefusedError(BrokerError):
    """The broker answered and refused the session."""


class BrokerTlsError(BrokerError):
    """The broker answered, but the two did not agree on TLS or on who they are."""


class BrokerUnreachableError(BrokerError):
    """Nobody answers at the broker's address."""


class BrokerNameError(BrokerUnreachableError):
    """The broker's name has no address, or nobody says."""


class ImageError(EdgeLprError):
    """A booth's system image, or what it is made of, is not what it must be."""


class DataSetError(EdgeLprError):
    """Labels, pictures or weights for training or measuring are missing or wrong."""


class InstallationError(EdgeLprError):
    """What an installer gave a booth cannot be used; the message says where, and what to do."""


class UpdateError(EdgeLprError):
    """A booth's next system cannot be fetched, is refused, or could not be installed."""


class BundleRefusedError(UpdateError):
    """A bundle is signed by a stranger, for another board or not newer; it never comes in."""


class FlashError(EdgeLprError):
    """A card cannot be written, may not be, or does not keep what it is given."""


class EmulationError(EdgeLprError):
    """A booth cannot be emulated: something is missing, or the emulator ended."""


class AuditError(EdgeLprError):
    """What must be recorded before it is done cannot be recorded, so it is not done."""
