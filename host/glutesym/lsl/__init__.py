"""The Lab Streaming Layer: samples, repetitions and markers of a session for other programs."""
