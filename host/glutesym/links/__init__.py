"""Links to pods: each yields (host time of arrival, frame)."""
