"""Training: TRL's trainers, with episodes of ours in the middle."""
