"""How runs went, and what is wrong: summaries, drift, troubles, alarms, metrics."""
