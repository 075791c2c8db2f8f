"""Model families that ship with itlim. Only their own pages and commands import them."""
