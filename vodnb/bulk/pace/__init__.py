"""One call after another: at the quota's pace, stopped by hand, or by an outage."""
