"""What an installer types, and what comes of it."""

import pytest

from edge_lpr.core.errors import InstallationError
from edge_lpr.flashing.answers import installation_from
from edge_lpr.flashing.form import ask_answers
from edge_lpr.flashing.ticket_note import read_ticket_note, require_same_booth
from tests.support.flashing import BOOTH, CODE, NOTE, scripted_terminal

NAMES = {"site": "north", "device": "booth-1", "camera": "usb"}


def test_one_line_stands_for_a_network() -> None:
    network = installation_from(
        {**NAMES, "network": "static 192.0.2.10/24 192.0.2.1 192.0.2.53, 192.0.2.54"}, {}
    ).network
    assert (network.kind, network.address, network.gateway) == (
        "static",
        "192.0.2.10/24",
        "192.0.2.1",
    )
    assert network.name_servers == ("192.0.2.53", "192.0.2.54")


@pytest.mark.parametrize("text", ["wifi", "static", "dhcp 192.0.2.1", "192.0.2.10/24"])
def test_line_that_stands_for_no_network_is_told_what_may_stand(text: str) -> None:
    with pytest.raises(InstallationError, match="must be dhcp, or static"):
        installation_from({**NAMES, "network": text}, {})


def test_empty_line_leaves_what_holds_for_all() -> None:
    base = {"camera": "csi", "network": {"vlan": 7}}
    found = installation_from({"site": "a", "device": "b", "camera": "", "network": ""}, base)
    assert (found.camera, found.network.vlan) == ("csi", 7)


def test_line_takes_the_place_of_what_holds_for_all() -> None:
    base = {"camera": "csi", "network": {"vlan": 7}}
    found = installation_from({**NAMES, "network": "dhcp"}, base)
    assert (found.camera, found.network.vlan) == ("usb", None)


@pytest.mark.parametrize("text", [CODE, CODE.lower(), NOTE, f"  {CODE.replace('-', ' ')} "])
def test_ticket_is_found_in_what_the_custodian_sent(text: str) -> None:
    assert read_ticket_note(text).code == CODE


def test_note_says_for_which_booth_it_is() -> None:
    note = read_ticket_note(NOTE)
    assert (note.site, note.device) == ("north-crossing", "booth-1")


def test_mistyped_ticket_is_told_from_none() -> None:
    with pytest.raises(InstallationError, match="mistyped"):
        read_ticket_note(CODE[:-1] + ("0" if CODE[-1] != "0" else "1"))


def test_ticket_of_another_booth_is_refused_before_the_booth_is_at_its_pole() -> None:
    other = BOOTH.model_copy(update={"device": "booth-2"})
    with pytest.raises(InstallationError, match=r"is for north-crossing/booth-1.*booth-2"):
        require_same_booth(read_ticket_note(NOTE), other)
    require_same_booth(read_ticket_note(NOTE), BOOTH)


def test_form_with_a_note_is_five_times_enter() -> None:
    terminal, _ = scripted_terminal("", "", "", "", "", "")
    assert ask_answers(terminal, read_ticket_note(NOTE)) == BOOTH


def test_bad_answer_is_told_and_asked_again_and_the_others_stay() -> None:
    lines = ["nonsense", CODE, "North", "north", "b 1", "b1", "webcam", "csi", "", "300.1.1.1"]
    terminal, shown = scripted_terminal(*lines, "192.0.2.7", "")
    found = ask_answers(terminal, None)
    assert (found.site, found.device, found.camera) == ("north", "b1", "csi")
    assert (found.time_server, found.ticket) == ("192.0.2.7", CODE)
    text = shown.getvalue()
    assert text.count("may hold a to z, 0 to 9 and -") == 2
    assert "a ticket has 28 letters and digits" in text
    assert "camera must be usb" in text
    assert "time_server must be a numeric address" in text


def test_answer_is_changed_by_its_name() -> None:
    lines = ["", "north", "b1", "", "", "", "device", "b2", "no such line", ""]
    terminal, shown = scripted_terminal(*lines)
    assert ask_answers(terminal, None).device == "b2"
    assert "there are: site, device, camera, network, time server, ticket" in shown.getvalue()


def test_answers_for_another_booth_than_the_tickets_are_asked_for_again() -> None:
    lines = [NOTE.splitlines()[0] + " " + NOTE.splitlines()[2], "", "booth-2", "", "", "", ""]
    terminal, shown = scripted_terminal(*lines, "ticket", CODE, "")
    found = ask_answers(terminal, None)
    assert (found.device, found.ticket) == ("booth-2", CODE)
    assert "the ticket is for north-crossing/booth-1, but" in shown.getvalue()


def test_question_mark_says_what_may_be_typed() -> None:
    terminal, shown = scripted_terminal("?", "", "?", "north", "b1", "?", "", "?", "", "?", "-", "")
    found = ask_answers(terminal, None)
    assert (found.camera, found.time_server) == ("usb", None)
    assert "seven groups of four" in shown.getvalue()
    assert "rtsp://ADDRESS/PATH" in shown.getvalue()


def test_earlier_answer_that_a_later_one_rests_upon_is_not_lost() -> None:
    # A time server by name needs name servers; then the network is changed to one without.
    lines = ["", "n", "b", "", "", "time.example", "network", "static 192.0.2.9/24", "network"]
    terminal, shown = scripted_terminal(*lines, "static 192.0.2.9/24 192.0.2.1 192.0.2.53", "")
    assert ask_answers(terminal, None).time_server == "time.example"
    assert "time_server by name" in shown.getvalue()


def test_nobody_at_the_terminal_is_no_answer() -> None:
    terminal, _ = scripted_terminal("", "north")
    with pytest.raises(InstallationError, match="nothing was written"):
        ask_answers(terminal, None)
