"""What the virtual bodies do: electrode voltages and motion, with the truth about them."""
