"""Whether an address is this machine: what may be spoken to without TLS."""

import ipaddress


def is_loopback(address: str) -> bool:
    """Return whether packets to an address stay on this machine.

    Args:
        address: Numeric; a name is no loopback address, whatever it may stand for.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # Python before 3.13 calls ::ffff:127.0.0.1 no loopback, although the kernel treats it as one.
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback
