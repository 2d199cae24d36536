"""The electrical half of the hardware: circuits, their drawings, and what to expect of them."""
