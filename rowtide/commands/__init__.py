"""The commands of `rowtide`, one module each. They hold options and presentation; the rooms below do the work."""
