"""Who may come in: the one code of a session, how often it may be mistyped, and how long it lasts.

Rules alone: no socket, no clock of its own. They are the keeper's and not the page's, so that a
page that is made to crash does not forget how many wrong codes there were.
"""

import hmac
import secrets
from typing import Final, Literal

CODE_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which people mistake for one another: five bits a character."""

CODE_CHARACTERS: Final = 8
"""40 bits."""

WRONG_CODES: Final = 5
"""So many, and the session is over: one in 200 thousand million is guessed."""

ENTER_WITHIN_S: Final = 600.0
"""Who has the code in front of him needs a minute; nobody came, nobody will."""

SESSION_S: Final = 1800.0
"""From the start: an aim takes ten minutes, and forgetting the laptop must not leave it open."""

Answer = Literal["welcome", "wrong", "over"]


class Entry:
    """One session's door."""

    def __init__(self, now_s: float, session_s: float = SESSION_S) -> None:
        """Begin a session and make its code.

        Args:
            now_s: Monotonic.
            session_s: How long it may last.
        """
        letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARACTERS))
        self.code = f"{letters[:4]}-{letters[4:]}"
        self._began_s = now_s
        self._session_s = session_s
        self._wrong = 0
        self._has_entered = False

    def enter(self, untrusted_code: str, now_s: float) -> Answer:
        """Judge a code; it is good once.

        Args:
            untrusted_code: As typed: in small letters, with spaces or without the dash.
            now_s: Monotonic.

        Returns:
            ``over`` where nothing can let anybody in any more, also for the right code.
        """
        if self.reason_to_end(now_s) is not None or self._has_entered:
            return "over"
        typed = "".join(each for each in untrusted_code.upper() if each in CODE_ALPHABET)
        if hmac.compare_digest(typed, self.code.replace("-", "")):
            self._has_entered = True
            return "welcome"
        self._wrong += 1
        return "over" if self._wrong >= WRONG_CODES else "wrong"

    @property
    def wrong_codes(self) -> int:
        """How many there were."""
        return self._wrong

    @property
    def tries_left(self) -> int:
        """How many more codes may be tried."""
        return WRONG_CODES - self._wrong

    def left_s(self, now_s: float) -> float:
        """Return how long the session still lasts, not negative.

        Args:
            now_s: Monotonic.
        """
        return max(0.0, self._began_s + self._session_s - now_s)

    def reason_to_end(self, now_s: float) -> str | None:
        """Return why the session is over, or ``None`` while it is not.

        Args:
            now_s: Monotonic.
        """
        if self._wrong >= WRONG_CODES:
            return "wrong_codes"
        if self.left_s(now_s) == 0:
            return "time_is_over"
        if not self._has_entered and now_s >= self._began_s + ENTER_WITHIN_S:
            return "nobody_came"
        return None
