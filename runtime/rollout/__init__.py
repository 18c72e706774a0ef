"""Episodes: the engine that runs them, the policies that act, the record that stays."""
