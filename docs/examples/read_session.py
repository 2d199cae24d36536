"""Read a session: the answer, its repetitions, its samples.

python docs/examples/read_session.py SESSION.glutesym
"""

import sys

import numpy as np

import glutesym


def main(path: str) -> None:
    session = glutesym.load(path)
    print(f"{session.exercise}, {session.started:%Y-%m-%d %H:%M} UTC: {session.sentence}")

    asymmetry = session.asymmetry_pct  # positive: right larger
    if asymmetry.value is None:
        print(f"Asymmetry withheld: {asymmetry.reason}")
    else:
        interval = f"{asymmetry.ci_low:+.1f} to {asymmetry.ci_high:+.1f}"
        print(f"{asymmetry.value:+.1f} % (95 % CI {interval})")

    columns = ["rep", "start_s", "left_activation_uv", "right_activation_uv", "lag_ms", "quality"]
    print(session.reps.select(columns))

    for side in session.recording.pods:
        emg = session.emg(side)
        print(
            f"{side}: {len(emg.uv)} samples at {emg.fs_hz:.1f} Hz, {np.isnan(emg.uv).sum()} lost"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
