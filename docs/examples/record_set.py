"""Record a set and say after every repetition which side lagged behind.

python docs/examples/record_set.py --exercise "hip thrust" --seconds 60
python docs/examples/record_set.py --virtual bridge
"""

import argparse
import sys

import glutesym


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
        for _ in running:  # until it ends
            for rep in running.reps[told:]:
                told += 1
                if rep.symmetry_index_pct is None:
                    print(f"{rep.number}: no comparison ({rep.reason})")
                else:
                    lower = "left" if rep.symmetry_index_pct > 0 else "right"
                    print(f"{rep.number}: {lower} lower by {abs(rep.symmetry_index_pct):.0f} %")
    print(running.session().sentence)


if __name__ == "__main__":
    try:
        main()
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
