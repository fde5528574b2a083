"""What a run leaves behind: op log, metrics, summary."""
