"""Alerts: rules over the metrics of a run, evaluated after each step."""
