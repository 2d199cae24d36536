"""A session on paper: one page that a person can be handed, as HTML and as PDF."""
