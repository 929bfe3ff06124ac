"""``edge-lpr authority person``: who may agree to what needs two persons."""

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.terminal import ask_secret
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError

_TWO = 2


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "person", "add, remove or list persons with passphrases")
    parser.add_argument("act", choices=("add", "remove", "list"), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="whom; a-z, 0-9, dots, hyphens")
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Do it."""
    with opened(options, clock) as authority:
        persons = Persons(authority)
        if options.act == "list":
            return "\n".join(persons.names()) or "nobody"
        if options.name is None:
            raise InputRefusedError(f"person {options.act} needs a name")
        _require_agreement(authority, persons)
        if options.act == "remove":
            persons.remove(options.name)
            return f"{options.name} is removed"
        passphrase = ask_secret(f"Passphrase of {options.name}, at least 12 characters")
        if ask_secret("The same again") != passphrase:
            raise InputRefusedError("the two passphrases differ; nobody was added")
        persons.add(options.name, passphrase)
    return f"{options.name} is added"


def _require_agreement(authority: Authority, persons: Persons) -> None:
    """Have two persons agree once there are two: else one could add another self."""
    if authority.configuration.two_person and len(persons.names()) >= _TWO:
        persons.require_two()
