"""How each kind of contender is trained: in its own process only."""
