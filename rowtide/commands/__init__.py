"""The commands of `rowtide`, a module per command or group. They hold options and presentation; the rooms below do the work."""
