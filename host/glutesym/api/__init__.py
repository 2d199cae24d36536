"""What programs use: the names that ``import glutesym`` offers. See docs/python.md."""
