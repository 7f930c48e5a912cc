"""What a durable message costs, measured in one run against servers anybody can read."""
