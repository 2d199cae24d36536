"""A link of one's own, which loses frames of another one: how a session copes.

python docs/examples/lossy_link.py
python docs/examples/lossy_link.py --share 0.3 --scenario squat --folder sessions

A transport finds pods and connects to them, a link carries frames and commands: what they must
have is in host/glutesym/links/base.py. These two ask the Bluetooth of virtual pods for everything
and lose frames on the way. One that carries bytes itself is host/glutesym/links/usb.py.
"""

import argparse
import random
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import glutesym
from glutesym.links.base import FoundPod, Link, OnFrame, OnProbe, Transport
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings


class LossyLink:
    """Passes everything on but for a share of the frames."""

    def __init__(self, link: Link, transport: "LossyTransport") -> None:
        self._link = link
        self._transport = transport
        self.lost = link.lost
        self.address = link.address
        self.info = link.info
        self.silence_s = link.silence_s

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have the frames that are not lost passed on."""

        def pass_on(t_host_ns: int, frame: bytes) -> None:
            if not self._transport.loses():
                on_frame(t_host_ns, frame)

        await self._link.subscribe(pass_on)

    async def write(self, command: bytes) -> None:
        """Send a command."""
        await self._link.write(command)

    async def probe(self, number: int, due_ns: int, on_probe: OnProbe) -> None:
        """Probe the pod's clock: only the link that writes knows when."""
        await self._link.probe(number, due_ns, on_probe)

    async def request(self, request: bytes) -> dict:
        """Return the pod's answer to a request."""
        return await self._link.request(request)

    async def close(self) -> None:
        """End the connection."""
        await self._link.close()


class LossyTransport:
    """Finds what another transport finds and counts what its links lose."""

    def __init__(self, transport: Transport, share: float) -> None:
        self._transport = transport
        self._share = share
        self._random = random.Random(1)
        self.frames = self.frames_lost = 0

    def loses(self) -> bool:
        """Draw whether a frame is lost."""
        self.frames += 1
        losing = self._random.random() < self._share
        self.frames_lost += losing
        return losing

    async def scan(self, timeout_s, enough) -> list[FoundPod]:
        """Return the pods that the other one finds."""
        return await self._transport.scan(timeout_s, enough)

    async def connect(self, pod: FoundPod) -> LossyLink:
        """Connect to a pod and prove to be its owner."""
        return LossyLink(await self._transport.connect(pod), self)


class LossySurroundings(VirtualSurroundings):
    """Where the session takes place: as with virtual pods, but for the transport."""

    def __init__(self, scenario, share: float) -> None:
        super().__init__(scenario, speed=None)
        self._share = share
        self.lossy: LossyTransport | None = None

    @asynccontextmanager
    async def transport(self):
        """Give access to the pods."""
        async with super().transport() as radio:
            self.lossy = LossyTransport(radio, self._share)
            yield self.lossy


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.05, help="of the frames, lost (0.05)")
    parser.add_argument("--scenario", default="bridge")
    parser.add_argument("--reps", type=int, help="repetitions (the scenario's)")
    parser.add_argument("--folder", type=Path, help="keeps the session (it is thrown away)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "lossy.glutesym"
        scenario = build_scenario(chosen.scenario, reps=chosen.reps)
        place = LossySurroundings(scenario, chosen.share)
        running = RunningSession(place, path, chosen.scenario)
        running.start()
        running.join()
        session = glutesym.load(path)
    print(f"Lost on the way: {place.lossy.frames_lost} of {place.lossy.frames} frames")
    for side, pod in session.recording.pods.items():
        print(f"{side}: {len(pod.emg.uv)} samples, {sum(gap.samples for gap in pod.gaps)} missing")
    print(session.sentence)


if __name__ == "__main__":
    try:
        main()
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
