"""Another program on the Lab Streaming Layer: sends a marker, prints what it receives as JSON."""

import json
import sys
import time

import pylsl


def main(seconds: float) -> None:
    info = pylsl.StreamInfo("stimuli", "Markers", 1, 0.0, pylsl.cf_string, "stimuli-of-a-test")
    markers = pylsl.StreamOutlet(info)
    names = [f"glutesym_{side}_{kind}" for side in ("left", "right") for kind in ("EMG", "IMU")]
    names += ["glutesym_reps", "glutesym_markers"]
    inlets = {}
    for name in names:
        (found,) = pylsl.resolve_byprop("name", name, 1, 120.0)
        inlets[name] = pylsl.StreamInlet(found, max_buflen=600)
        inlets[name].open_stream(30.0)
    print("ready", flush=True)
    markers.wait_for_consumers(60.0)
    sent_s = pylsl.local_clock()
    markers.push_sample(["flash"], sent_s)
    got = {name: ([], []) for name in names}
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + seconds:
        for name, inlet in inlets.items():
            samples, stamps_s = inlet.pull_chunk(timeout=0.05, max_samples=100_000)
            if samples is not None and len(samples):
                got[name][0].extend(samples)
                got[name][1].extend(stamps_s)
                quiet_since = time.monotonic()
    about = {name: inlet.info(5.0).as_xml() for name, inlet in inlets.items()}
    print(json.dumps({"got": got, "sent_s": sent_s, "about": about}))


main(float(sys.argv[1]))
