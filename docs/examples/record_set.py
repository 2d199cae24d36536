"""Record a set and say after every repetition which side lagged behind.

python docs/examples/record_set.py --exercise "hip thrust" --seconds 60
python docs/examples/record_set.py --virtual bridge

Ctrl-C ends the set early; what was recorded is measured.
"""

import argparse
import sys
from contextlib import suppress

import glutesym
from glutesym.measures import RepMeasure


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exercise", default="session")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--folder", default="sessions")
    parser.add_argument("--virtual", help="a scenario: no hardware is needed")
    chosen = parser.parse_args()

    told = 0
    with glutesym.capture(
        chosen.exercise, folder=chosen.folder, duration_s=chosen.seconds, virtual=chosen.virtual
    ) as running:
        with suppress(KeyboardInterrupt):  # Ctrl-C ends the set early
            for _ in running:  # until it ends
                for rep in running.reps[told:]:
                    told += 1
                    print(f"{rep.number}: {comparison(rep)}")
    print(running.session().sentence)


def comparison(rep: RepMeasure) -> str:
    if rep.symmetry_index_pct is None:
        return f"no comparison ({rep.reason})"
    lower = "left" if rep.symmetry_index_pct > 0 else "right"
    return f"{lower} lower by {abs(rep.symmetry_index_pct):.0f} %"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before there was a set, or once more
        sys.exit(130)
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
