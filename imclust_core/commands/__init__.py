"""What the commands do: each takes its options and returns an exit code."""
