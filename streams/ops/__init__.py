"""What operations see of a process: whether it is well, and its metrics, over a port of its own."""
