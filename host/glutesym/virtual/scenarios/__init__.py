"""What the virtual bodies do: electrode voltages and motion over time, with the truth about them."""
