"""The Findings page: the paper's claims on stored answers."""
