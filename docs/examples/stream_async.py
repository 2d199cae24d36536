"""Every sample of both pods on asyncio, with a marker in the middle.

python docs/examples/stream_async.py --seconds 20
python docs/examples/stream_async.py --virtual squat
"""

import argparse
import asyncio
import sys

import numpy as np

import glutesym


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--folder", default="sessions")
    parser.add_argument("--virtual", help="a scenario: no hardware is needed")
    chosen = parser.parse_args()

    samples = {"left": 0, "right": 0}
    async with glutesym.aio.capture(
        folder=chosen.folder, duration_s=chosen.seconds, virtual=chosen.virtual
    ) as running:
        async for block in running:
            samples[block.side] += len(block.emg.uv)
            rms_uv = float(np.sqrt(np.nanmean((block.emg.uv - np.nanmean(block.emg.uv)) ** 2)))
            if sum(samples.values()) % 50 == 0:
                print(f"{block.side}: {rms_uv:.1f} µV RMS")
    session = await running.session()
    print(f"{samples} samples; {session.path.name} holds all of them. {session.sentence}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
