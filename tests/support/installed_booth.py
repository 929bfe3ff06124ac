"""A booth's file system with a boot partition, as ``edge-lpr configure`` meets it."""

import json
from pathlib import Path
from typing import Any, Final

from edge_lpr.certificates.certificate_authority import CertificateAuthority
from edge_lpr.installation.configuring import configure
from edge_lpr.installation.places import Places
from edge_lpr.wire.deployment import Deployment, sign_deployment
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress

REPOSITORY: Final = Path(__file__).parents[2]
ANSWERS: Final = 'site = "north"\ndevice = "booth-1"\ncamera = "usb"\ntime_server = "192.0.2.1"\n'
TICKET: Final = "NQYP-14QE-9PH6-JQ49-JADM-Y4SR-9RCR"
TECHNICIAN_CA: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
MADE_AT: Final = 1_790_000_000

_CA_PEM: Final = CertificateAuthority.generate("broker", MADE_AT).certificate_pem.decode()


def bundle(key: SigningKey, **changes: Any) -> Deployment:  # noqa: ANN401 - any claim
    """Return a deployment bundle whose broker has an address."""
    claims: dict[str, Any] = {
        "tenant": "agency",
        "authority": key.public_key,
        "broker_ca_pem": _CA_PEM,
        "broker_host": "broker.example",
        "devices_port": 8883,
        "consumers_port": 8884,
        "enrolment_url": "https://authority.example:8443",
        "made_at": MADE_AT,
        "addresses": (
            ("broker.example", ("192.0.2.7", "2001:db8::7")),
            ("authority.example", ("192.0.2.8",)),
        ),
    }
    return Deployment(**{**claims, **changes})


class InstalledBooth:
    """One booth, below a folder."""

    def __init__(self, root: Path, board: str = "generic-amd64") -> None:
        """Make what an image brings, and an empty boot partition."""
        self.key = SigningKey.generate()
        self.said: list[str] = []
        self.boot = root / "boot/efi"
        self.places = Places(root, self.boot, root / "usr/lib/edge-lpr")
        for folder in ("boot/efi", "etc/edge-lpr", "usr/lib/edge-lpr", "dev"):
            (root / folder).mkdir(parents=True)
        templates = {
            "booth.toml": "firmware_config/booth.toml",
            "nftables.d": "firmware_config/nftables.d",
            "drop-ins": "systemd",
        }
        for name, source in templates.items():
            (self.places.templates / name).symlink_to(REPOSITORY / source)
        image = {"board": board, "version": "0.1.0+1", "compatible": f"edge-lpr-{board}"}
        (root / "usr/lib/edge-lpr/image.json").write_text(json.dumps(image))

    def bring(self, answers: str | None, deployment: Deployment | None = None) -> None:
        """Put files onto the boot partition, as an installer does."""
        if answers is not None:
            (self.boot / "installation.toml").write_text(answers)
        if deployment is not None:
            (self.boot / "deployment.lpr").write_bytes(sign_deployment(deployment, self.key))

    def configure(self) -> list[str]:
        """Run what a booth runs at each boot."""
        return configure(self.places, self.said.append)

    def enrol(self, site: str = "north", device: str = "booth-1") -> None:
        """Leave what enrolment leaves."""
        certificate = DeviceCertificate(
            DeviceAddress("agency", site, device),
            SigningKey.generate().public_key,
            CustodyTier.B,
            MADE_AT,
            MADE_AT + 1,
        )
        self.places.device_certificate.parent.mkdir(parents=True)
        self.places.device_certificate.write_bytes(issue_certificate(certificate, self.key) + b"\n")
        self.places.enrolled_deployment.parent.mkdir(parents=True)
        document = sign_deployment(bundle(self.key), self.key)
        self.places.enrolled_deployment.write_bytes(document)

    def run(self, path: str) -> Path:
        """Return a file of the running system."""
        return self.places.root / "run" / path
